"""Rows for shares of one decider: stimuli are hard or easy, and may be alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from analysis.statistics.experiments.one_decider import share_of_one
from tests.analysis.coverage.rows import Drawn, Row


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What one decider meets.

    Attributes:
        n_images: Images.
        mean: Mean tendency to be right.
        images: Standard deviation of tendencies between images.
        n_repeats: Decisions on an image.
        group: Images in a group of near copies, alike in all.
    """

    n_images: int = 100
    mean: float = 0.8
    images: float = 1.0
    n_repeats: int = 1
    group: int = 1

    @property
    def truth(self) -> float:
        """The share right over all images like these."""
        return float(ndtr(self.mean / np.hypot(1, self.images)))


def _share(world: Decisions, rng: np.random.Generator) -> Drawn:
    image = np.repeat(np.arange(world.n_images), world.n_repeats)
    scene = image // world.group
    tendency = world.mean + rng.normal(0, world.images, scene.max() + 1)[scene]
    right = rng.random(len(image)) < ndtr(tendency)
    frame = pd.DataFrame({"image": image, "scene": scene, "right": right})
    found = share_of_one(
        frame,
        value="right",
        stimulus="image",
        clusters=["scene"] if world.group > 1 else [],
    )
    return Drawn.of(found, truth=world.truth)


_WORLDS: Final = {
    "100 images once each": Decisions(),
    "60 images, five decisions each": Decisions(n_images=60, n_repeats=5),
    "40 groups of 5 near copies": Decisions(n_images=200, group=5),
    "40 groups of 5 near copies, three decisions each": Decisions(
        n_images=200, group=5, n_repeats=3
    ),
}
ROWS: Final = [
    Row(
        place="Share right of one observer",
        world=name,
        shows=("analysis.statistics.experiments.one_decider.share_of_one",),
        study=partial(_share, world),
        n_quick=200 if world.n_repeats == 5 else 0,
    )
    for name, world in _WORLDS.items()
]
