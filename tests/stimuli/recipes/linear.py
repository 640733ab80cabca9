"""A linear classifier of colours, whose attacks can be worked out by hand.

Logits, over the mean of each channel in bytes: red r - 3b, green g, blue 2b - 300,
all divided by 20; four more classes have -300 / 20. On pictures whose r - 3b and g are near and whose b is small, blue
has no probability to speak of (and red not all of it), so the gradient of the loss of a red picture points
along (-1, +1, +3) in (r, g, b), whatever the picture.

`build_cramped` has memory for two images; `build_nan` has a gradient that is
not a number where a picture's blue is 7; `build_own_transform` has no mean and std;
`build_two` knows red and green alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 16

MODEL = """
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, limit=1000, has_hole=False, n_classes=7):
        super().__init__()
        self.limit, self.has_hole = limit, has_hole
        rows = [[1.0, 0.0, -3.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]
        rows += [[0.0, 0.0, 0.0]] * 4
        self.head = nn.Linear(3, n_classes)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor(rows[:n_classes]) / 20)
            self.head.bias.copy_(torch.tensor([0.0, 0.0] + [-15.0] * (n_classes - 2)))

    def forward(self, images):
        if len(images) > self.limit:
            raise torch.OutOfMemoryError(f"tried to hold {len(images)} images")
        means = images.mean((2, 3)) * 255
        logits = self.head(means)
        if self.has_hole:
            # Its gradient is not a number where blue is 7.
            logits = logits + 1e-6 * ((means[:, 2:] - 7) ** 2).sqrt()
        return logits


SETTINGS = {"mean": (0, 0, 0), "std": (1, 1, 1), "resize": 16, "crop": 16,
            "classes": ["red", "green", "blue", "tan", "teal", "plum", "lime"]}


def build():
    return Linear(), SETTINGS


def build_cramped():
    return Linear(limit=2), SETTINGS


def build_own_transform():
    return Linear(), {**{k: v for k, v in SETTINGS.items() if k not in ("mean", "std")},
                      "transform": lambda x: x / 255}


def build_two():
    return Linear(n_classes=2), {**SETTINGS, "classes": SETTINGS["classes"][:2]}


def build_nan():
    return Linear(has_hole=True), SETTINGS
"""


def paint_plain(path: Path, colour: tuple[int, int, int]) -> Path:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (SIDE, SIDE), colour).save(path)
    return path


def paint_patches(path: Path, colour: tuple[int, int, int], *, seed: int) -> Path:
    """Four patches of different light with `colour` as the mean of the picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    light = rng.permutation([-20, -10, 10, 20]).reshape(2, 2).repeat(8, 0).repeat(8, 1)
    speckle = rng.integers(-8, 9, (SIDE, SIDE))
    pixels = np.asarray(colour) + (light + speckle)[..., None]
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    return path


def write(
    folder: Path,
    recipe: str,
    *,
    build: str = "build",
    controls: str = "known_yes = 0\nknown_no = 0\npractice = 0",
    pictures: Mapping[str, tuple[int, int, int]] | None = None,
    more: str = "",
) -> Path:
    """The model, plain pictures, and a recipe for them."""
    (folder / "linear.py").write_text(MODEL)
    for name, colour in (pictures or {}).items():
        paint_plain(folder / "photos" / name, colour)
    path = folder / "recipe.toml"
    path.write_text(
        f'[recipe]\n{recipe}\n[controls]\n{controls}\n[dataset]\npath = "photos"\n'
        f'[classifier]\nfunction = "linear.py:{build}"\n{more}\n'
    )
    return path
