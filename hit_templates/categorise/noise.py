"""The masks that people saw, made again from the seeds in a bundle's events.

The browser makes them by `_shared/noise.js`; the same seed gives the same pixels here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

CONTRAST: Final = 0.3


def pink_noise(seed: int, side: int) -> npt.NDArray[np.uint8]:
    """Grey noise whose amplitude falls with spatial frequency as 1/f.

    Where black is 0 and white 1 its mean is 0.5 and its standard deviation 0.3, before
    what lies outside is clipped.

    Args:
        seed: 0 to 2**32 - 1, as the event "mask" says (`seed`).
        side: Pixels, a power of two: 256 for pictures of up to 256 pixels, else 512.

    Returns:
        Shape (side, side), 0 to 255. A mask is its upper left corner, as large as the
        picture.

    Raises:
        ValueError: If the side is no power of two.
    """
    if side < 2 or side & (side - 1):
        raise ValueError(f"side: a power of two was expected, got {side}")
    place = np.arange(side * side, dtype=np.uint64)
    mixed = _scrambled(_scrambled(np.array([seed], np.uint64)) + place)
    white = mixed.reshape(side, side) / 2**32 - 0.5
    rank = np.fft.fftfreq(side, d=1 / side)
    frequency = np.hypot(rank[:, None], rank[None, :])
    frequency[0, 0] = np.inf
    pink = np.fft.ifft2(np.fft.fft2(white) / frequency).real
    grey = 0.5 + CONTRAST * pink / pink.std()
    return np.asarray(np.clip(np.rint(255 * grey), 0, 255), dtype=np.uint8)


def _scrambled(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A hash of 32 bits in which every bit of the input matters."""
    most = np.uint64(0xFFFFFFFF)
    found = values & most
    found = ((found ^ (found >> np.uint64(16))) * np.uint64(0x21F0AAAD)) & most
    found = ((found ^ (found >> np.uint64(15))) * np.uint64(0xD35A2D97)) & most
    return np.asarray(found ^ (found >> np.uint64(15)), dtype=np.uint64)
