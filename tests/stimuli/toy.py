"""A classifier whose predictions can be read off the pictures, and tiny pictures.

A plain picture of colour (10 * first, 10 * second, confidence) is classified as
`first`, then `second`, then the remaining classes from 0 upwards. Logits: first
`20 * confidence / 200`, second 10, class c below at `-c / 100`. At confidence 200
the first class has probability 1 / (1 + e^-10 + 8 * e^-20) = 0.99995.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from stimuli.engine.building import Builder, BuiltSet
from stimuli.records.storage import Disk

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay")

MODEL = '''
import torch
from torch import nn


class Reader(nn.Module):
    def __init__(self, n_classes, shift):
        super().__init__()
        self.n_classes, self.shift = n_classes, shift
        self.scale = nn.Parameter(torch.tensor([20.0, 10.0, float(shift)]))

    def forward(self, images):
        colour = images.amax(dim=(2, 3)).round()
        first = (colour[:, 0] / 10).long() % self.n_classes
        second = (colour[:, 1] / 10).long() % self.n_classes
        if self.shift:
            first, second = second, first
        rest = -torch.arange(self.n_classes) / 100.0
        logits = rest.repeat(len(images), 1)
        rows = torch.arange(len(images))
        logits[rows, second] = self.scale[1]
        logits[rows, first] = self.scale[0] * colour[:, 2] / 200
        return logits


def build():
    return Reader(10, 0), {"transform": lambda x: x.float(), "resize": 16, "crop": 16,
                           "classes": NAMES_HERE}


def build_binary():
    return Reader(2, 0), {"transform": lambda x: x.float(), "resize": 16, "crop": 16,
                          "classes": NAMES_HERE[:2]}


def build_swapped():
    """Says second what `build` says first."""
    return Reader(10, 1), {"transform": lambda x: x.float(), "resize": 16, "crop": 16,
                           "classes": NAMES_HERE}
'''.replace("NAMES_HERE", repr(list(NAMES)))


@dataclass
class Ticks:
    """A progress that keeps what it was told."""

    skipped: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)

    def skip(self, n: int) -> None:
        self.skipped.append(n)

    def update(self, n: int) -> None:
        self.done.append(n)


@contextlib.contextmanager
def _quiet(_n: int) -> Iterator[Ticks]:
    yield Ticks()


def build(
    recipe: Path,
    out: Path,
    *,
    is_fresh: bool = False,
    disk: Disk | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> BuiltSet:
    """Build without a bar, always at the same time of day."""
    return Builder(
        open_progress=_quiet,
        say=say,
        is_fresh=is_fresh,
        disk=disk or Disk(),
        now=lambda: datetime(2026, 1, 2, tzinfo=UTC),
    ).build(recipe, out)


def paint(
    path: Path, first: int, second: int, *, confidence: int = 200, size: int = 20
) -> Path:
    """A plain picture that the toy classifier reads as `first`, then `second`.

    Two of one colour are copies: their crops are the same bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = (10 * first, 10 * second, confidence)
    Image.new("RGB", (size, size), colour).save(path)
    return path


def write_recipe(
    folder: Path,
    *,
    recipe: str = 'kind = "misclassified"',
    controls: str = "known_yes = 0\nknown_no = 0\npractice = 0",
    dataset: str = 'path = "photos"',
    classifier: str = '[classifier]\nfunction = "toy.py:build"',
    more: str = "",
) -> Path:
    """The toy model and a recipe for it in `folder`."""
    (folder / "toy.py").write_text(MODEL)
    path = folder / "recipe.toml"
    path.write_text(
        f"[recipe]\n{recipe}\n[controls]\n{controls}\n[dataset]\n{dataset}\n"
        f"{classifier}\n{more}\n"
    )
    return path
