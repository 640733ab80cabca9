"""Worlds of classes that differ: in how often they are mistaken, and accepted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measures.class_errors.numbers import shrunken_errors
from analysis.statistics.k_of_n import Stratum, rejected_share
from tests.analysis.coverage.people import (
    Images,
    Population,
    answers,
    chance_of_rejection,
    meetings,
)
from tests.analysis.coverage.rows import Drawn, Row

_K: Final = 4
_POINTS: Final = 60


@dataclass(frozen=True, kw_only=True)
class World:
    """Classes of few and of many images.

    Attributes:
        n_classes: Classes.
        sizes: Least and largest number of images of a class.
        wrong: Mean share of a class's images that the classifier gets wrong.
        alike: Weight of that share's beta distribution: large, classes are alike.
        people: How people are; `classes` is how classes differ in acceptability.
    """

    n_classes: int = 30
    sizes: tuple[int, int] = (3, 40)
    wrong: float = 0.35
    alike: float = 6.0
    people: Population = field(
        default_factory=lambda: Population(classes=1.0, images=1.2)
    )


def _study(world: World, rng: np.random.Generator, *, which: str) -> Drawn:
    """One class, drawn at random, of a study of all of them."""
    sizes = rng.integers(world.sizes[0], world.sizes[1] + 1, world.n_classes)
    a, b = world.wrong * world.alike, (1 - world.wrong) * world.alike
    error = rng.beta(a, b, world.n_classes)
    centre = world.people.mean + rng.normal(0, world.people.classes, world.n_classes)
    n_wrong = rng.binomial(sizes, error)
    of_class = np.repeat(np.arange(world.n_classes), n_wrong)
    images = Images(
        log_odds=centre[of_class] + rng.normal(0, world.people.images, len(of_class)),
        of_class=of_class % world.people.n_classes,
        group=np.arange(len(of_class)),
    )
    image, person = meetings(world.people, len(of_class), rng=rng)
    says = answers(world.people, images, image=image, person=person, rng=rng)
    rejected = np.bincount(image, weights=says, minlength=len(of_class)) < _K
    table = pd.DataFrame(
        {
            "n_images": sizes,
            "n_wrong": n_wrong,
            "n_standard": n_wrong,
            "n_judged": n_wrong,
            "n_rejected": np.bincount(
                of_class, weights=rejected, minlength=world.n_classes
            ),
        }
    )
    chosen = int(rng.integers(world.n_classes))
    found = shrunken_errors(table, _whole(image, person, says, sizes=sizes))
    estimate = found[f"{which}_estimate"].iloc[chosen]
    points = stats.norm.ppf((np.arange(_POINTS) + 0.5) / _POINTS)
    log_odds = centre[chosen] + world.people.images * points
    rejects = chance_of_rejection(world.people, log_odds, k=_K).mean()
    truth = error[chosen] * (rejects if which == "rectified" else 1.0)
    return Drawn.of(estimate, truth=float(truth))


def _whole(image, person, says, *, sizes):
    """The rectified error over all classes."""
    votes = pd.DataFrame({"trial": image, "participant": person, "accepts": says})
    trials = np.unique(image)
    judged = pd.DataFrame({"image": trials, "trial": trials})
    strata = [
        Stratum(n_images=len(trials), judged=judged),
        Stratum(n_images=int(sizes.sum()) - len(trials), judged=None),
    ]
    return rejected_share(strata, votes, k=_K)


_PEOPLE: Final = World().people
_SHOWS: Final = (
    "analysis.statistics.parts.shrinkage.shrunken_shares",
    "analysis.measures.class_errors.numbers.shrunken_errors",
)

ROWS: Final = (
    *(
        Row(
            place="rectified error of a class, shrunk",
            world=name,
            shows=_SHOWS,
            study=partial(_study, world, which="rectified"),
        )
        for name, world in (
            ("30 classes of 3 to 40 images", World()),
            (
                "the same, people lean much (1.6), 1 in 10 says yes to all",
                World(people=replace(_PEOPLE, lean=1.6, yes_sayers=0.1)),
            ),
            ("12 classes of 5 to 60 images", World(n_classes=12, sizes=(5, 60))),
        )
    ),
    Row(
        place="standard error of a class, shrunk",
        world="30 classes of 3 to 40 images",
        shows=_SHOWS[:1],
        study=partial(_study, World(), which="standard"),
        n_quick=100,
    ),
)
