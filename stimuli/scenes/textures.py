"""Noise that grounds and backdrops are painted with."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from stimuli.scenes.geometry import Array

_TEXTURE: Final = 256


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
