"""From linear light to an 8-bit photograph: lens, exposure, film, grain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from stimuli.scenes.geometry import Array


def develop(light: Array, *, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """The photograph of `light` (size, size, 3) as 8-bit RGB."""
    size = light.shape[0]
    pixel = size / 224
    # Glare is so soft that every other pixel tells it.
    bright = np.clip(light[::2, ::2] - 0.8, 0, 3)
    bright = gaussian_filter(bright, (2.5 * pixel, 2.5 * pixel, 0))
    glare = bright.repeat(2, axis=0).repeat(2, axis=1)[:size, :size]
    softness = pixel * float(rng.uniform(0.45, 0.75))
    seen = gaussian_filter(light, (softness, softness, 0)) + 0.35 * glare
    seen = seen * _vignette(size, strength=float(rng.uniform(0.05, 0.3)))
    seen = (
        seen * _exposure(seen, rng) * (1 + rng.normal(0, 0.035, 3)).astype(np.float32)
    )
    printed = _tone(np.clip(seen, 0, None), contrast=float(rng.uniform(0.98, 1.2)))
    grain = rng.standard_normal((size, size, 3), np.float32)
    grain = 0.5 * grain + rng.standard_normal((size, size, 1), np.float32)
    printed = printed + grain * float(rng.uniform(0.003, 0.009))
    levels: npt.NDArray[np.uint8]
    levels = np.clip(printed * 255 + 0.5, 0, 255).astype(np.uint8)
    return levels


def _vignette(size: int, *, strength: float) -> Array:
    ticks = np.linspace(-1, 1, size, dtype=np.float32)
    squared = ticks[:, None] ** 2 + ticks[None] ** 2
    darker: Array = (1 - strength * squared / 2)[..., None]
    return darker


def _exposure(light: Array, rng: np.random.Generator) -> float:
    """As a camera would: the middle grey near 0.2, not always exactly."""
    middle = float(np.exp(np.log(light.mean(axis=2) + 0.02).mean()))
    return float((0.26 / middle) ** 0.6 * np.exp(rng.normal(0, 0.14)))


def _tone(light: Array, *, contrast: float) -> Array:
    """A film-like curve: gamma, and highlights that roll off."""
    rolled = light * (1 + light / 4.0) / (1 + 0.4 * light)
    screen = np.clip(rolled, 0, 1) ** (1 / 2.2)
    curved: Array = 0.5 + (screen - 0.5) * contrast
    return curved
