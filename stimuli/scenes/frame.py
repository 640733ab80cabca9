"""The camera of a scene: which row is how far away, and noise on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from stimuli.scenes.geometry import Array

FOCAL: Final = 1.2  # focal length as a share of the picture's width
_TEXTURE: Final = 256


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A square picture of a ground plane that ends at a backdrop.

    Attributes:
        size: Pixels on a side.
        pitch: Camera looking down by this angle, radians.
        edge: Row at which the ground meets the backdrop, share of the size.
        scale: Pixels per object unit at the middle of the ground, as a share
            of the size.
    """

    size: int
    pitch: float
    edge: float
    scale: float

    @property
    def horizon(self) -> float:
        """Row of the horizon, share of the size; negative above the picture."""
        return 0.5 - FOCAL * float(np.tan(self.pitch))

    @property
    def edge_row(self) -> int:
        """First row of the ground."""
        return round(self.edge * self.size)

    def pixels_per_unit(self, row: float | Array) -> float | Array:
        """Scale at ground row `row` (share of the size)."""
        middle = (self.edge + 1) / 2 - self.horizon
        return self.scale * self.size * (row - self.horizon) / middle

    def ground(self) -> tuple[Array, Array]:
        """Object units to the right and away, each (rows of ground, size)."""
        rows = np.arange(self.edge_row, self.size, dtype=np.float32)[:, None]
        columns = np.arange(self.size, dtype=np.float32)[None] - self.size / 2
        scale = np.asarray(self.pixels_per_unit((rows + 0.5) / self.size))
        across = columns / scale
        # Foreshortening: a row further away spans more ground.
        away = FOCAL * self.size / scale / max(np.sin(self.pitch), 0.15) * 0.5
        return across.astype(np.float32), np.broadcast_to(
            away.astype(np.float32), across.shape
        )


def texture(x: Array, y: Array, *, roughness: float) -> Array:
    """Tiling noise at (x, y), 256 texels per period; mean 0, deviation 1.

    Args:
        x: Texels to the right, any shape.
        y: Texels down, the same shape.
        roughness: 0 is cloud, 1 flakes, 2 single grains.
    """
    table = _fractal(roughness)
    left, top = np.floor(x), np.floor(y)
    dx, dy = (x - left).astype(np.float32), (y - top).astype(np.float32)
    column, row = left.astype(np.int32) % _TEXTURE, top.astype(np.int32) % _TEXTURE
    right, below = (column + 1) % _TEXTURE, (row + 1) % _TEXTURE
    upper = table[row, column] * (1 - dx) + table[row, right] * dx
    lower = table[below, column] * (1 - dx) + table[below, right] * dx
    value: Array = upper * (1 - dy) + lower * dy
    return value


@cache
def _fractal(roughness: float) -> Array:
    """Noise whose spectrum falls with frequency to the power 2 - roughness."""
    rng = np.random.default_rng(round(roughness * 1000) + 17)
    spectrum = np.fft.rfft2(rng.normal(size=(_TEXTURE, _TEXTURE)))
    high = np.fft.fftfreq(_TEXTURE)[:, None]
    wide = np.fft.rfftfreq(_TEXTURE)[None]
    frequency = np.hypot(high, wide)
    frequency[0, 0] = 1
    spectrum *= frequency ** (roughness - 2)
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(_TEXTURE, _TEXTURE))
    scaled: Array = (field / field.std()).astype(np.float32)
    return scaled
