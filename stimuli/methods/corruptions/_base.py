"""What a corruption is, and the grey that many begin with."""

from __future__ import annotations

from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


# Of red, green and blue (ITU-R BT.709), as scikit-image's rgb2gray has them.
_LUMA: Final = (0.2125, 0.7154, 0.0721)


class Corruption(Protocol):
    """Makes a picture harder to recognise, by a level."""

    @property
    def name(self) -> str:
        """As recipes call it, and the name of what varies."""

    @property
    def scale(self) -> Literal["linear", "log"]:
        """On which its levels are evenly apart."""

    @property
    def unit(self) -> str:
        """Of its levels; empty where they have none."""

    @property
    def usual_levels(self) -> tuple[float, ...]:
        """Where a recipe names none; the first is the easiest."""

    def level_problem(self, level: float) -> str:
        """Why there is no such level, in words; empty where there is."""

    def level_name(self, level: float) -> str:
        """What the condition is called."""

    def __call__(
        self, picture: NDArray[np.float64], level: float, *, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """The picture at that level.

        Args:
            picture: `(height, width, 3)` in [0, 1].
            level: One that `level_problem` lets pass.
            rng: What it draws from, if it draws.

        Returns:
            The same shape, in [0, 1].
        """


def to_unit(pixels: Pixels, *, is_grey: bool = False) -> NDArray[np.float64]:
    """`(height, width, 3)` in [0, 1] of bytes, by their luminance where asked."""
    picture = pixels.astype(np.float64) / 255
    if is_grey:
        picture = np.repeat((picture @ np.array(_LUMA))[..., None], 3, axis=2)
    return picture


def to_bytes(picture: NDArray[np.float64]) -> Pixels:
    """The nearest bytes of a picture in [0, 1]."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
