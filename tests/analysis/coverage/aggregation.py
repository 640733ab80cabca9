"""Rows of the coverage table: accuracy against sets of accepted labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from analysis.statistics.set_accuracy import (
    accuracy_on_sets,
    sampled_accuracy,
    sets_difference,
)
from tests.analysis.coverage.rows import Drawn, Row


@dataclass(frozen=True, kw_only=True)
class Sets:
    """A classifier's images and the sets of labels accepted of them.

    Attributes:
        n_images: Images seen.
        error: Share that are wrong by the label.
        errors_in: Share of errors whose prediction is an accepted label.
        right_in: Share of right predictions whose label is one.
        n_right: Right predictions put up; None for all.
    """

    n_images: int = 2000
    error: float = 0.24
    errors_in: float = 0.35
    right_in: float = 0.95
    n_right: int | None = None


def of_sets(world: Sets, rng: np.random.Generator) -> Drawn:
    """Accuracy against the sets, of all images or with right ones sampled."""
    truth = world.error * world.errors_in + (1 - world.error) * world.right_in
    is_error = rng.random(world.n_images) < world.error
    chance = np.where(is_error, world.errors_in, world.right_in)
    is_in = rng.random(world.n_images) < chance
    if world.n_right is None:
        sets = [["said"] if each else ["other"] for each in is_in]
        found = accuracy_on_sets(["said"] * world.n_images, sets)
        return Drawn.of(found.accuracy, truth=truth)
    right = is_in[~is_error]
    drawn = rng.permutation(right)[: world.n_right]
    return Drawn.of(
        sampled_accuracy(
            np.array([is_in[is_error].sum(), drawn.sum()], dtype=float),
            np.array([is_error.sum(), len(drawn)], dtype=float),
            sizes=np.array([is_error.sum(), len(right)], dtype=float),
        ),
        truth=truth,
    )


def no_difference(rng: np.random.Generator) -> Drawn:
    """Two classifiers as often right, on 2,000 images of unequal difficulty."""
    hard = rng.beta(4, 1, 2000)
    first, second = (np.where(rng.random(2000) < hard, "a", "b") for _ in range(2))
    found = sets_difference(first.tolist(), second.tolist(), [["a"]] * 2000)
    return Drawn(truth=0, value=found.estimate, p_value=found.p_value)


_SETS = "Accuracy against sets of accepted labels"
_MODULE = "analysis.statistics.set_accuracy"
ROWS = (
    Row(
        place=_SETS,
        world="2,000 images",
        shows=(f"{_MODULE}.accuracy_on_sets",),
        study=partial(of_sets, Sets()),
    ),
    Row(
        place=_SETS,
        world="the same, 100 of the right predictions put up",
        shows=(f"{_MODULE}.sampled_accuracy",),
        study=partial(of_sets, Sets(n_right=100)),
        n_quick=150,
    ),
    Row(
        place=_SETS,
        world="200 images, 30 of the right predictions put up",
        shows=(f"{_MODULE}.sampled_accuracy",),
        study=partial(of_sets, Sets(n_images=200, n_right=30)),
    ),
    Row(
        place="Two classifiers against sets of accepted labels",
        world="2,000 images, as often right",
        shows=(f"{_MODULE}.sets_difference",),
        study=no_difference,
        kind="test",
    ),
)
