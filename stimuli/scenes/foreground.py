"""What stands between the camera and the scene, out of focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from stimuli.scenes.geometry import Array
from stimuli.scenes.surfaces import hue
from stimuli.scenes.surroundings import Setting

PROBABILITY: Final = 0.36
_GREENS: Final = ("#3a5a26", "#56702e", "#6f7f3a", "#2f4a2a")
_CLOTHS: Final = ("#8a7f70", "#5a4a42", "#a89a86", "#4a5560", "#6b3a34")


@dataclass(frozen=True, kw_only=True)
class Foreground:
    """Colour (size, size, 3) and coverage (size, size) of the foreground."""

    colour: Array
    alpha: Array


def draw_foreground(
    setting: Setting, size: int, *, rng: np.random.Generator
) -> Foreground:
    """Leaves or stems outdoors, a curtain or a chair's back indoors, or nothing."""
    if rng.random() > PROBABILITY:
        return Foreground(
            colour=np.zeros((size, size, 3), np.float32),
            alpha=np.zeros((size, size), np.float32),
        )
    mask = Image.new("L", (size, size))
    pen = ImageDraw.Draw(mask)
    if setting.is_indoors:
        _draw_upright(pen, size, rng)
    else:
        _draw_stems(pen, size, rng)
    blur = size / 224 * float(rng.uniform(1.2, 3.5))
    alpha = gaussian_filter(np.asarray(mask, np.float32) / 255, blur)
    base = np.asarray(hue(rng, _CLOTHS if setting.is_indoors else _GREENS))
    # Folds and leaves run upwards, so the unevenness does too.
    tone = gaussian_filter(rng.normal(0, 1, (size, size)), (blur * 14, blur * 1.6))
    folds = 1 + 0.2 * tone / (tone.std() + 1e-9)
    colour = base * 0.8 * folds[..., None]
    return Foreground(colour=colour.astype(np.float32), alpha=alpha.astype(np.float32))


def _draw_stems(pen: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    """A tuft of long leaves rising from below."""
    root = size * float(rng.uniform(0.05, 0.95))
    for _ in range(int(rng.integers(5, 13))):
        x = root + size * float(rng.normal(0, 0.12))
        top = size * float(rng.uniform(0.42, 0.85))
        lean, wide = (
            size * float(rng.normal(0, 0.1)),
            size * float(rng.uniform(0.012, 0.03)),
        )
        middle = (x + lean * 0.35, (top + size) / 2)
        pen.polygon(
            [(x - wide, size), (middle[0] - wide, middle[1]), (x + lean, top),
             (middle[0] + wide, middle[1]), (x + wide, size)],
            fill=255,
        )  # fmt: skip


def _draw_upright(
    pen: ImageDraw.ImageDraw, size: int, rng: np.random.Generator
) -> None:
    """The edge of a curtain or door at one side, or rails of a chair."""
    if rng.random() < 0.5:
        reach = size * float(rng.uniform(0.12, 0.3))
        side = 0.0 if rng.random() < 0.5 else float(size)
        inner = abs(side - reach)
        slant = size * float(rng.normal(0, 0.05))
        pen.polygon(
            [(side, 0), (inner + slant, 0), (inner - slant, size), (side, size)],
            fill=255,
        )
        return
    left, gap = (
        size * float(rng.uniform(0.0, 0.6)),
        size * float(rng.uniform(0.12, 0.2)),
    )
    wide, top = (
        size * float(rng.uniform(0.02, 0.04)),
        size * float(rng.uniform(0.5, 0.68)),
    )
    for i in range(3):
        x = left + i * gap
        pen.rectangle((x, top, x + wide, size), fill=255)
    pen.rectangle(
        (left - wide, top - wide, left + 2 * gap + 2 * wide, top + wide), fill=255
    )
