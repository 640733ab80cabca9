"""How often intervals of shares that k of n people reject cover the truth.

Rows of worlds with closed blocks, skill and people of two kinds are those of
`crossed_raters.py`; small, mixed, clustered and sampled ones are those of `people.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.statistics.intervals import wilson
from analysis.statistics.k_of_n import (
    DifferenceTest,
    Stratum,
    difference_apart,
    difference_on_same_images,
    rejected_difference,
    rejected_share,
    wrong_share,
)
from tests.analysis.coverage.crossed_raters import (
    World,
    rejection_of_these,
    simulate,
    simulate_pair,
    true_rejection,
)
from tests.analysis.coverage.headline_worlds import (
    Errors,
    JudgedErrors,
    draw_errors,
    rejected_by_these_people,
)
from tests.analysis.coverage.people import Population
from tests.analysis.coverage.rows import Drawn, Row

_OF_SHARES: Final = ("analysis.statistics.k_of_n.rejected_share",)
_PAIRED: Final = (
    "analysis.statistics.k_of_n.rejected_difference",
    "analysis.statistics.k_of_n.difference_on_same_images",
)
_APART: Final = ("analysis.statistics.k_of_n.difference_apart",)
Study = Callable[[np.random.Generator], Drawn]

SHARED: Final = World(composition="shared")
WORLDS: Final[Mapping[str, World]] = {
    "1,000 images, 39 % wrong, fresh blocks": World(),
    "1,000 images, 39 % wrong, shared blocks": SHARED,
    "strong bias (1.0), shared blocks": replace(SHARED, bias=1.0),
    "strong bias (1.0), fresh blocks": World(bias=1.0),
    "2,000 images, 10 % wrong, fresh blocks": World(n_images=2000, error=0.1),
    "nobody differs (bias 0, skill 0)": World(bias=0.0, skill=0.0),
    "1 in 10 says yes to all, 1 in 10 at random": World(
        yes_sayers=0.1, random_people=0.1
    ),
    "1 in 10 says yes to all, 1 in 10 at random, shared blocks": replace(
        SHARED, yes_sayers=0.1, random_people=0.1
    ),
    "300 images, 30 % wrong, most rejected": World(n_images=300, error=0.3, mean=-0.7),
    "200 images, 20 % wrong, most accepted": World(
        n_images=200, error=0.2, mean=1.5, bias=0.7
    ),
    "200 images, 20 % wrong, most accepted, shared blocks": World(
        n_images=200, error=0.2, mean=1.5, bias=0.7, composition="shared"
    ),
    "12 people in a lab": World(error=0.3, composition=12),
    "5 people judge everything": World(error=0.3, composition=5),
    "40 people, some do much more": World(composition=40, unequal=1.0),
    "15 people, some do much more": World(error=0.3, composition=15, unequal=0.8),
    "1,000 images, 4 % wrong, shared blocks": replace(SHARED, error=0.04),
    "n = 3, k = 2": World(n=3, k=2),
}
_OF_THESE: Final[Mapping[str, World]] = {
    "1,000 images, 39 % wrong, fresh blocks": World(),
    "strong bias (1.0), shared blocks": replace(SHARED, bias=1.0),
}
_PAIRS: Final[Mapping[str, World]] = {
    "1,000 images, 39 % wrong, fresh blocks": World(),
    "strong bias (1.0), shared blocks": replace(SHARED, bias=1.0),
    "200 images, 20 % wrong, most accepted": World(
        n_images=200, error=0.2, mean=1.5, bias=0.7
    ),
}

_ODD: Final = Population(yes_sayers=0.15, no_sayers=0.1, guessers=0.15)
_MANY: Final = Population(n_images=390)
_GROUPS: Final = Population(n_images=300, group=5)
SMALL: Final[Mapping[str, Errors]] = {
    "25 errors": Errors(people=Population(n_images=25)),
    "25 errors, 4 in 10 say yes, no or anything": Errors(
        people=replace(_ODD, n_images=25)
    ),
    "100 errors, 4 in 10 say yes, no or anything": Errors(
        people=replace(_ODD, n_images=100)
    ),
    "40 errors, nearly all accepted": Errors(people=Population(n_images=40, mean=2.5)),
    "people lean otherwise for each of 20 classes": Errors(
        people=replace(_MANY, lean_by_class=1.0)
    ),
    "4 people, n = 3, k = 2": Errors(
        people=Population(n_images=120, n=3, n_people=4), k=2
    ),
    "5 people judge 120 errors": Errors(people=Population(n_images=120, n_people=5)),
    "6 people judge 120 errors": Errors(people=Population(n_images=120, n_people=6)),
    "30 people, few do nearly everything": Errors(
        people=Population(n_images=300, n_people=30, dominance=1.5)
    ),
    "12 people, few do nearly everything": Errors(
        people=Population(n_images=300, n_people=12, dominance=1.5)
    ),
}
SAMPLED: Final[Mapping[str, Errors]] = {
    "390 errors and 20 of 610 right predictions judged": Errors(
        people=_MANY, n_right=20
    ),
    "390 errors and 60 of 610 right predictions judged": Errors(
        people=_MANY, n_right=60
    ),
    "390 errors and 200 of 610 right predictions judged": Errors(
        people=_MANY, n_right=200
    ),
}
FEW: Final[Mapping[str, Errors]] = {
    "one person": Errors(people=Population(n_images=120, n=1, n_people=1), k=1),
    "two people": Errors(people=Population(n_images=120, n=2, n_people=2), k=2),
    "three people": Errors(people=Population(n_images=120, n=3, n_people=3), k=2),
}
_SMALL_OF_THESE: Final[Mapping[str, Errors]] = {
    "25 errors, 4 in 10 say yes, no or anything": Errors(
        people=replace(_ODD, n_images=25)
    ),
    "4 people, n = 3, k = 2": Errors(
        people=Population(n_images=120, n=3, n_people=4), k=2
    ),
    "6 people judge 120 errors": Errors(people=Population(n_images=120, n_people=6)),
    "30 people, few do nearly everything": Errors(
        people=Population(n_images=300, n_people=30, dominance=1.5)
    ),
    "12 people, few do nearly everything": Errors(
        people=Population(n_images=300, n_people=12, dominance=1.5)
    ),
    "390 errors and 20 of 610 right predictions judged": Errors(
        people=_MANY, n_right=20
    ),
    "390 errors and 60 of 610 right predictions judged": Errors(
        people=_MANY, n_right=60
    ),
}
_CLASSES: Final = Errors(
    people=replace(_MANY, n_images=600, n_classes=60, classes=0.8, images=1.2)
)


def like_these(world: World, rng: np.random.Generator) -> Drawn:
    """The share of images like these."""
    study = simulate(world, rng)
    found = rejected_share(study.strata(), study.votes, k=world.k)
    return Drawn.of(found, truth=true_rejection(world) * world.error)


def ignoring_people(world: World, rng: np.random.Generator) -> Drawn:
    """The same with Wilson's interval, which knows of no people."""
    study = simulate(world, rng)
    n_yes = study.votes.groupby("trial")["accepts"].sum()
    found = wilson(int((n_yes < world.k).sum()), world.n_images)
    return Drawn.of(found, truth=true_rejection(world) * world.error)


def of_these(world: World, rng: np.random.Generator) -> Drawn:
    """What other people would say of these very images."""
    study = simulate(world, rng)
    found = rejected_share(
        study.strata(), study.votes, k=world.k, target="these images"
    )
    return Drawn.of(found, truth=rejection_of_these(study))


def errors_like_these(
    world: Errors,
    rng: np.random.Generator,
    *,
    clusters: Callable[[JudgedErrors], pd.DataFrame] | None = None,
) -> Drawn:
    """The share of images like these, by logistic people."""
    study = draw_errors(world, rng)
    found = rejected_share(
        study.strata(),
        study.votes,
        k=world.k,
        clusters=None if clusters is None else clusters(study),
    )
    return Drawn.of(found, truth=world.truth())


def these_errors(world: Errors, rng: np.random.Generator) -> Drawn:
    """What other logistic people would say of these very images."""
    study = draw_errors(world, rng)
    found = rejected_share(
        study.strata(), study.votes, k=world.k, target="these images"
    )
    return Drawn.of(found, truth=study.rejected_of_these())


def by_these_people(world: Errors, rng: np.random.Generator) -> Drawn:
    """What these very people would say of images like these."""
    study = draw_errors(world, rng)
    found = rejected_share(study.strata(), study.votes, k=world.k)
    return Drawn.of(found, truth=rejected_by_these_people(study))


def standard_error(world: Errors, rng: np.random.Generator) -> Drawn:
    """The share of images that are wrong, near copies together."""
    study = draw_errors(world, rng)
    found = wrong_share(
        study.strata()[0],
        study.votes,
        n_wrong=study.n_wrong,
        n_images=world.n_seen,
        k=world.k,
        clusters=study.groups(),
    )
    return Drawn.of(found, truth=world.error)


def errors_accepted(world: Errors, rng: np.random.Generator) -> Drawn:
    """The share of the errors that people accept."""
    study = draw_errors(world, rng)
    found = rejected_share(study.strata()[:1], study.votes, k=world.k).complement()
    return Drawn.of(found, truth=1 - world.truth() / world.error)


def paired(world: World, rng: np.random.Generator) -> Drawn:
    """Two classifiers on the same images; the second errs less."""
    second_error = round(world.error * 0.85, 3)
    pair = simulate_pair(world, second_error, rng=rng)
    first, second = (
        Stratum(n_images=len(judged), judged=judged)
        for judged in (pair.first, pair.second)
    )
    found = rejected_difference(
        first, second, pair.votes, n_images=world.n_images, k=world.k
    )
    truth = true_rejection(world) * (world.error - second_error)
    return Drawn.of(found, truth=truth)


def no_paired_difference(world: World, rng: np.random.Generator) -> Drawn:
    """The test of two classifiers that err alike."""
    pair = simulate_pair(world, world.error, rng=rng)
    first, second = (
        Stratum(n_images=len(judged), judged=judged)
        for judged in (pair.first, pair.second)
    )
    return _tested(
        difference_on_same_images(
            first, second, pair.votes, n_images=world.n_images, k=world.k
        )
    )


def apart(world: Errors, rng: np.random.Generator, *, by_group: bool = False) -> Drawn:
    """Two data sets, other people; the first with a quarter more errors."""
    other = replace(world, error=0.8 * world.error)
    found = _apart(world, other, rng, by_group=by_group)
    return Drawn.of(found.estimate, truth=world.truth() - other.truth())


def no_difference_apart(world: Errors, rng: np.random.Generator) -> Drawn:
    """The test where both are of one kind."""
    return _tested(_apart(world, world, rng))


def _apart(
    first: Errors, second: Errors, rng: np.random.Generator, *, by_group: bool = False
) -> DifferenceTest:
    sides = []
    for side, world in enumerate((first, second)):
        study = draw_errors(world, rng)
        # Numbers of the second side's images and people follow the first's.
        shift = side * 10**6
        strata = [
            stratum
            if stratum.judged is None
            else replace(stratum, judged=stratum.judged + shift)
            for stratum in study.strata()
        ]
        votes = study.votes.assign(
            trial=study.votes["trial"] + shift,
            participant=study.votes["participant"] + shift,
        )
        groups = study.groups() + shift
        groups.index += shift
        sides.append((strata, votes, groups))
    (one, its, left), (two, others, right) = sides
    clusters = pd.concat([left, right]) if by_group else None
    votes = pd.concat([its, others], ignore_index=True)
    return difference_apart(one, two, votes, k=first.k, clusters=clusters)


def _tested(found: DifferenceTest) -> Drawn:
    return Drawn(truth=0.0, value=found.estimate.value, p_value=found.p_value)


def _of(study: Callable[..., Drawn], world: object, **more: object) -> Study:
    return lambda rng: study(world, rng, **more)


def _rows(
    place: str,
    study: Callable[..., Drawn],
    worlds: Mapping[str, World] | Mapping[str, Errors],
    *,
    quick: str = "",
    shows: tuple[str, ...] = _OF_SHARES,
) -> list[Row]:
    return [
        Row(
            place=place,
            world=name,
            shows=shows,
            study=_of(study, world),
            n_quick=100 if name == quick else 0,
            wider_because=WIDER.get((place, name), ""),
        )
        for name, world in worlds.items()
    ]


_SHARE: Final = "Rectified error"
_TWO_SIDED: Final = "Two-sided error"
_BY_THESE: Final = "Rectified error, these people"
_THESE: Final = "Rectified error, these images"
_ACCEPTED: Final = "Errors accepted"
_CLUSTERS: Final = "Rectified error, images in clusters"
_DIFFERENCE: Final = "Difference of two classifiers"
_TWO_SETS: Final = "Difference of two data sets"
_FEW_ADD: Final = (
    "what few people add is hardly known, and never taken as little as it may be"
)
_HALF_IMAGES: Final = (
    "half an image in each of four cells is much beside 40 errors; without it, no "
    "difference seen would be none for sure"
)
_ERRORS_CLUSTER: Final = (
    "which images are wrong is taken to cluster as rejections do, and here does not"
)
WIDER: Final[Mapping[tuple[str, str], str]] = {
    (_SHARE, "25 errors"): _FEW_ADD,
    (_SHARE, "40 errors, nearly all accepted"): _FEW_ADD,
    (_SHARE, "4 people, n = 3, k = 2"): _FEW_ADD,
    (_THESE, "4 people, n = 3, k = 2"): _FEW_ADD,
    (_THESE, "30 people, few do nearly everything"): _FEW_ADD,
    (_TWO_SIDED, "390 errors and 20 of 610 right predictions judged"): (
        "one or two hits among 20: its score bounds are wide"
    ),
    (_DIFFERENCE, "200 images, 20 % wrong, most accepted"): _HALF_IMAGES,
}

_APART_SETS: Final[Mapping[str, Errors]] = {
    "100 errors each, other people": Errors(people=Population(n_images=100)),
    "100 errors each, 4 in 10 odd": Errors(people=replace(_ODD, n_images=100)),
    "390 errors each, 12 people a side": Errors(people=replace(_MANY, n_people=12)),
}
_ERRORS_ACCEPTED: Final[Mapping[str, Errors]] = {"390 errors": Errors(people=_MANY)}

ROWS: Final = (
    *_rows(_SHARE, like_these, WORLDS, quick="strong bias (1.0), shared blocks"),
    *_rows(_SHARE, errors_like_these, SMALL),
    *_rows(
        _TWO_SIDED,
        errors_like_these,
        SAMPLED,
        quick="390 errors and 20 of 610 right predictions judged",
    ),
    *_rows(_BY_THESE, by_these_people, FEW),
    *_rows(_THESE, of_these, _OF_THESE),
    *_rows(_THESE, these_errors, _SMALL_OF_THESE, quick="6 people judge 120 errors"),
    *_rows(_ACCEPTED, errors_accepted, _ERRORS_ACCEPTED),
    Row(
        place=_CLUSTERS,
        world="60 groups of 5 near copies, wrong together",
        shows=_OF_SHARES,
        study=_of(
            errors_like_these, Errors(people=_GROUPS), clusters=JudgedErrors.groups
        ),
        n_quick=100,
    ),
    Row(
        place="Standard error, images in clusters",
        world="60 groups of 5 near copies, wrong together",
        shows=("analysis.statistics.k_of_n.wrong_share",),
        study=_of(standard_error, Errors(people=_GROUPS)),
    ),
    Row(
        place=_CLUSTERS,
        world="600 errors of 60 classes that differ",
        shows=_OF_SHARES,
        study=_of(errors_like_these, _CLASSES, clusters=JudgedErrors.of_classes),
        wider_because=_ERRORS_CLUSTER,
    ),
    Row(
        place=_CLUSTERS,
        world="two crossing ways: near copies, and 60 classes that differ",
        shows=_OF_SHARES,
        study=_of(
            errors_like_these,
            replace(_CLASSES, people=replace(_CLASSES.people, group=3)),
            clusters=JudgedErrors.classes,
        ),
        wider_because=_ERRORS_CLUSTER,
    ),
    *_rows(_DIFFERENCE, paired, _PAIRS, shows=_PAIRED),
    Row(
        place=_DIFFERENCE,
        world="test, no difference: strong bias (1.0), shared blocks",
        shows=_PAIRED[1:],
        study=_of(no_paired_difference, replace(SHARED, bias=1.0)),
        kind="test",
    ),
    *_rows(
        _TWO_SETS,
        apart,
        _APART_SETS,
        shows=_APART,
    ),
    Row(
        place=_TWO_SETS,
        world="groups of 5 near copies, wrong together",
        shows=_APART,
        study=_of(apart, Errors(people=_GROUPS), by_group=True),
    ),
    Row(
        place=_TWO_SETS,
        world="test, no difference: 100 errors each, other people",
        shows=_APART,
        study=_of(no_difference_apart, Errors(people=Population(n_images=100))),
        kind="test",
    ),
)
