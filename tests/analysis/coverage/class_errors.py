"""Worlds of classes that differ: in how often they are mistaken, and accepted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measures.class_errors.numbers import shrunken_confusions, shrunken_errors
from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import (
    Stratum,
    rejected_share,
    rejections_in,
    share_told,
)
from analysis.statistics.parts.alike import alikeness_within
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
        sizes: Least and largest number of images (groups of near copies) of a class.
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


@dataclass(frozen=True, kw_only=True)
class Classes:
    """One study: its table of classes, and the truth of each.

    Attributes:
        table: As `shrunken_errors` takes it.
        error: Share of images like those of each class that are wrong, shape (classes,).
        centre: Mean log odds of yes of each.
        votes: Columns trial, participant, accepts.
        of_class: Class of each error, shape (errors,).
        rejected: Whether people reject it.
    """

    table: pd.DataFrame
    error: np.ndarray
    centre: np.ndarray
    votes: pd.DataFrame
    of_class: np.ndarray
    rejected: np.ndarray

    def whole(self, *, of_errors: bool = False) -> Estimate:
        """The rectified error over all classes, or the share of errors accepted."""
        found = rejected_share(self.strata()[: 1 if of_errors else 2], self.votes, k=_K)
        return found.complement() if of_errors else found

    def strata(self) -> list[Stratum]:
        trials = np.arange(len(self.of_class))
        judged = pd.DataFrame({"image": trials, "trial": trials})
        others = int(self.table["n_images"].sum()) - len(trials)
        return [
            Stratum(n_images=len(trials), judged=judged),
            Stratum(n_images=others, judged=None),
        ]

    def per_draw(self, group: int, *, is_told: bool) -> np.ndarray | None:
        """Images worth one, where near copies are `group` each."""
        if group == 1:
            return None
        outcomes = pd.Series(self.rejected.astype(float))
        clusters = pd.DataFrame({"group": outcomes.index // group})
        alike = alikeness_within(outcomes, self.of_class, len(self.table), clusters)
        part = rejections_in(self.strata()[0], self.votes, k=_K)
        return alike.effects(told=1.0 if is_told else share_told([part], k=_K))


def _draw(world: World, rng: np.random.Generator) -> Classes:
    """A study of all classes; near copies are wrong together and as acceptable."""
    group = world.people.group
    sizes = rng.integers(world.sizes[0], world.sizes[1] + 1, world.n_classes)
    a, b = world.wrong * world.alike, (1 - world.wrong) * world.alike
    error = rng.beta(a, b, world.n_classes)
    centre = world.people.mean + rng.normal(0, world.people.classes, world.n_classes)
    n_wrong = rng.binomial(sizes, error) * group
    of_class = np.repeat(np.arange(world.n_classes), n_wrong)
    own = rng.normal(0, world.people.images, len(of_class) // group)
    images = Images(
        log_odds=centre[of_class] + np.repeat(own, group),
        of_class=of_class % world.people.n_classes,
        group=np.arange(len(of_class)) // group,
    )
    image, person = meetings(world.people, len(of_class), rng=rng)
    says = answers(world.people, images, image=image, person=person, rng=rng)
    rejected = np.bincount(image, weights=says, minlength=len(of_class)) < _K
    table = pd.DataFrame(
        {
            "n_images": sizes * group,
            "n_wrong": n_wrong,
            "n_standard": n_wrong,
            "n_judged": n_wrong,
            "n_rejected": np.bincount(
                of_class, weights=rejected, minlength=world.n_classes
            ),
        }
    )
    return Classes(
        table=table,
        error=error,
        centre=centre,
        votes=pd.DataFrame({"trial": image, "participant": person, "accepts": says}),
        of_class=of_class,
        rejected=rejected,
    )


def _rejects(world: World, centre: float) -> float:
    """How often people reject errors of a class."""
    points = stats.norm.ppf((np.arange(_POINTS) + 0.5) / _POINTS)
    log_odds = centre + world.people.images * points
    return float(chance_of_rejection(world.people, log_odds, k=_K).mean())


def _study(world: World, rng: np.random.Generator, *, which: str) -> Drawn:
    """One class, drawn at random, of a study of all of them."""
    drawn = _draw(world, rng)
    chosen = int(rng.integers(world.n_classes))
    found = shrunken_errors(
        drawn.table,
        drawn.whole(),
        per_draw=drawn.per_draw(world.people.group, is_told=False),
    )
    estimate = found[f"{which}_estimate"].iloc[chosen]
    rejects = _rejects(world, drawn.centre[chosen]) if which == "rectified" else 1.0
    return Drawn.of(estimate, truth=float(drawn.error[chosen] * rejects))


def _confusion(world: World, rng: np.random.Generator) -> Drawn:
    """The accepted share of one confusion, of all that came up."""
    drawn = _draw(world, rng)
    table = drawn.table.assign(
        n_accepted=drawn.table["n_judged"] - drawn.table["n_rejected"]
    )
    came = np.flatnonzero(table["n_judged"])
    per_draw = drawn.per_draw(world.people.group, is_told=True)
    found = shrunken_confusions(
        table.iloc[came],
        drawn.whole(of_errors=True),
        per_draw=None if per_draw is None else per_draw[came],
    )
    place = int(rng.integers(len(came)))
    return Drawn.of(
        found["estimate"].iloc[place],
        truth=1 - _rejects(world, drawn.centre[came[place]]),
    )


_PEOPLE: Final = World().people
_SHOWS: Final = (
    "analysis.statistics.parts.shrinkage.shrunken_shares",
    "analysis.measures.class_errors.numbers.shrunken_errors",
)

_CONFUSIONS: Final = "analysis.measures.class_errors.numbers.shrunken_confusions"
_NEVER_SURE: Final = (
    "that groups are all alike is never sure: how much they may differ is averaged over"
)
_SAME: Final = replace(_PEOPLE, classes=0.0)
_ALIKE: Final = World(alike=10_000.0, people=_SAME)
_PAIRS: Final = World(n_classes=100, sizes=(1, 12), wrong=0.95)
_IN_GROUPS: Final = "30 classes of 2 to 20 groups of 5 near copies"
_COPIES: Final = World(sizes=(2, 20), people=replace(_PEOPLE, group=5))

ROWS: Final = (
    *(
        Row(
            place="rectified error of a class, shrunk",
            world=name,
            shows=_SHOWS,
            study=partial(_study, world, which="rectified"),
            wider_because=_NEVER_SURE if "alike" in name else "",
        )
        for name, world in (
            ("30 classes of 3 to 40 images", World()),
            (
                "the same, people lean much (1.6), 1 in 10 says yes to all",
                World(people=replace(_PEOPLE, lean=1.6, yes_sayers=0.1)),
            ),
            ("12 classes of 5 to 60 images", World(n_classes=12, sizes=(5, 60))),
            ("30 classes that are alike", _ALIKE),
            (_IN_GROUPS, _COPIES),
        )
    ),
    *(
        Row(
            place="share of a confusion that people accept, shrunk",
            world=name,
            shows=(*_SHOWS[:1], _CONFUSIONS),
            study=partial(_confusion, world),
            wider_because=_NEVER_SURE if "alike" in name else "",
        )
        for name, world in (
            ("about 100 confusions of 1 to 12 images", _PAIRS),
            ("about 100 confusions that are alike", replace(_PAIRS, people=_SAME)),
            (_IN_GROUPS, _COPIES),
        )
    ),
    Row(
        place="standard error of a class, shrunk",
        world=_IN_GROUPS,
        shows=_SHOWS[:1],
        study=partial(_study, _COPIES, which="standard"),
    ),
    Row(
        place="standard error of a class, shrunk",
        world="30 classes of 3 to 40 images",
        shows=_SHOWS[:1],
        study=partial(_study, World(), which="standard"),
        n_quick=100,
    ),
)
