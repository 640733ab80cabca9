"""How often intervals of means, shares, differences and contrasts are right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import log
from typing import Final

import numpy as np

from analysis.statistics.clustered import clustered_difference, clustered_mean
from analysis.statistics.contrasts import contrast
from analysis.statistics.intervals import Estimate, clopper_pearson, wilson
from analysis.statistics.shares import compare_shares
from tests.analysis.coverage.clustered_worlds import ClusteredWorld, responses
from tests.analysis.coverage.people import Population, draw_votes, true_share
from tests.analysis.coverage.rows import Drawn, Row

_MEAN: Final = "share or mean"
_DIFFERENCE: Final = "difference of two conditions"
_CONTRAST: Final = "contrast of several conditions"
_TEST: Final = "test of a difference, none there"
_ONCE: Final = "shares of people who come once"

_FEW: Final = ClusteredWorld(n_stimuli=150, n_people=8, n=8)
MEANS: Final[Mapping[str, ClusteredWorld]] = {
    "300 stimuli x 5, fresh blocks of 20": ClusteredWorld(),
    "the same, shared blocks": ClusteredWorld(is_shared=True),
    "strong people (1.0), shared blocks": ClusteredWorld(is_shared=True, people=1.0),
    "nobody and nothing differs": ClusteredWorld(people=0.0, stimuli=0.0),
    "8 people judge all of 150 stimuli": _FEW,
    "5 people judge all of 150 stimuli": replace(_FEW, n_people=5, n=5),
    "4 people judge all of 150 stimuli": replace(_FEW, n_people=4, n=4),
    "4 people who differ much (1.0)": replace(_FEW, n_people=4, n=4, people=1.0),
    "rare (4 %), shared blocks": ClusteredWorld(is_shared=True, means=(-2.4,)),
    "rare (4 %), 12 people": replace(_FEW, n_people=12, n=5, means=(-2.4,)),
    "near 100 % (99 %), 40 people": ClusteredWorld(n_people=40, means=(3.2,)),
    "40 unequal people": ClusteredWorld(n_people=40, unequal=1.0),
    "15 unequal people": replace(_FEW, n_people=15, n=5, unequal=0.8),
}
_COPIES: Final = ClusteredWorld(group=5, n_people=60, meetings=0.5)
COPIES: Final[Mapping[str, ClusteredWorld]] = {
    "groups of 5 near copies, fresh blocks": ClusteredWorld(group=5),
    "groups of 5 near copies, people judge them alike": _COPIES,
    "groups of 5 near copies, 10 people": replace(_COPIES, n_people=10),
    "groups of 20 near copies (15 groups)": replace(_COPIES, group=20),
}

_PAIR: Final = ClusteredWorld(n_stimuli=120, means=(0.5, 0.2), slopes=0.3)
DIFFERENCES: Final[Mapping[str, ClusteredWorld]] = {
    "between people, 120 stimuli x 5, fresh blocks": _PAIR,
    "within, 4 people": replace(_PAIR, n_people=4, n=4, design="within"),
    "between, near 100 % (99 % and 98 %)": replace(
        _PAIR, means=(3.2, 2.8), is_shared=True
    ),
    "between, 8 people each": replace(_PAIR, n_people=8, n=5),
    "between, 4 people each": replace(_PAIR, n_people=4, n=4),
    "between, rare (4 % and 2 %)": replace(_PAIR, means=(-2.4, -2.8), is_shared=True),
    "within, rare (4 % and 2 %)": replace(
        _PAIR, means=(-2.4, -2.8), is_shared=True, design="within"
    ),
    "between, 30 unequal people each": replace(_PAIR, n_people=30, unequal=1.0),
    "within, 8 people": replace(_PAIR, n_people=8, n=6, design="within"),
    "within, 20 unequal people": replace(
        _PAIR, n_people=20, unequal=0.8, design="within"
    ),
}
COPIES_IN_TWO: Final[Mapping[str, ClusteredWorld]] = {
    "groups of 5 near copies, between people": replace(_PAIR, group=5, n_stimuli=200),
    "groups of 5 near copies, within people": replace(
        _PAIR, group=5, n_stimuli=200, design="within", meetings=0.5
    ),
}

_NONE: Final = replace(_PAIR, means=(0.3, 0.3))
NULLS: Final[Mapping[str, ClusteredWorld]] = {
    "between people, 40 people, 30 stimuli": replace(
        _NONE, n_stimuli=30, n_people=20, n=6, slopes=0.0, people=0.7
    ),
    "between, 8 people each": replace(_NONE, n_people=8, n=5),
    "between, 30 unequal people each": replace(_NONE, n_people=30, unequal=1.0),
    "within people": replace(_NONE, is_shared=True, design="within"),
    "within, 10 people": replace(_NONE, n_people=10, n=6, design="within"),
    "between, near 100 % (98 %)": replace(_NONE, means=(2.8, 2.8), is_shared=True),
}
_THREE: Final = ClusteredWorld(
    n_stimuli=30,
    n_people=20,
    n=20,
    means=(0.9, 0.6, 0.3),
    slopes=0.3,
    design="within",
)
THREES: Final[Mapping[str, ClusteredWorld]] = {
    "20 people, 30 stimuli, three conditions within": _THREE,
    "the same, near 100 % (98 to 99 %)": replace(_THREE, means=(3.3, 3.0, 3.0)),
    "the same, all at 99.5 %": replace(_THREE, means=(3.6,) * 3),
}
# The first condition against the mean of the others.
_WEIGHTS: Final = (1.0, -0.5, -0.5)


def mean_of(
    world: ClusteredWorld, rng: np.random.Generator, *, clusters: Sequence[str] = ()
) -> Drawn:
    """The share of right responses."""
    found = clustered_mean(
        responses(world, rng), value="right", stimulus="stimulus", clusters=clusters
    )
    return Drawn.of(found, truth=world.shares()[0])


def log_time_of(world: ClusteredWorld, rng: np.random.Generator) -> Drawn:
    """The mean of a number: log response times with people's and stimuli's effects."""
    frame = responses(world, rng)
    people = rng.normal(0, 0.3, frame["participant"].max() + 1)
    stimuli = rng.normal(0, 0.2, frame["stimulus"].max() + 1)
    noise = rng.gumbel(-0.5772156649 * 0.4, 0.4, len(frame))
    centre = log(900) + people[frame["participant"]] + stimuli[frame["stimulus"]]
    found = clustered_mean(
        frame.assign(log_ms=centre + noise), value="log_ms", stimulus="stimulus"
    )
    return Drawn.of(found, truth=log(900))


def votes_of(
    population: Population,
    rng: np.random.Generator,
    *,
    clusters: Sequence[str] = (),
) -> Drawn:
    """The share of yes of logistic people of several kinds."""
    votes = draw_votes(population, rng)
    frame = votes.frame()
    for name in clusters:
        frame[name] = votes.judged()[name].to_numpy()[votes.image]
    found = clustered_mean(frame, value="accepts", stimulus="trial", clusters=clusters)
    return Drawn.of(found, truth=true_share(population))


def difference_of(
    world: ClusteredWorld, rng: np.random.Generator, *, clusters: Sequence[str] = ()
) -> Drawn:
    """The difference of shares, a minus b."""
    found = clustered_difference(
        responses(world, rng),
        value="right",
        condition="condition",
        a="a",
        b="b",
        stimulus="stimulus",
        clusters=clusters,
    )
    first, second = world.shares()
    return Drawn.of(found, truth=first - second)


def contrast_of(
    world: ClusteredWorld, rng: np.random.Generator, *, weights: Sequence[float]
) -> Drawn:
    """A weighted sum of the conditions' shares, and its test."""
    found = contrast(
        responses(world, rng),
        dict(zip("abcdefg", weights, strict=False)),
        value="right",
        group="condition",
        stimulus="stimulus",
    )
    truth = float(np.dot(world.shares(), weights))
    return replace(Drawn.of(found.estimate, truth=truth), p_value=found.p_value)


def independent(n: int, shares: tuple[float, float], rng: np.random.Generator) -> Drawn:
    """Two shares of people who come once, with the test of no difference."""
    first, second = (float(rng.binomial(n, share)) / n for share in shares)
    found = compare_shares(first, n, second, n)
    return Drawn(
        truth=shares[0] - shares[1],
        value=found.difference,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
    )


def draws(
    interval: Callable[[int, int], Estimate],
    n: int,
    share: float,
    rng: np.random.Generator,
) -> Drawn:
    """A share of independent draws."""
    return Drawn.of(interval(int(rng.binomial(n, share)), n), truth=share)


_SHOWS_MEAN: Final = ("analysis.statistics.clustered.clustered_mean",)
_SHOWS_DIFFERENCE: Final = ("analysis.statistics.clustered.clustered_difference",)
_SHOWS_CONTRAST: Final = (
    "analysis.statistics.contrasts.contrast",
    "analysis.statistics.contrasts.weighted_sum",
)
_ALL_RIGHT: Final = (
    "where everybody in a condition is right, no more draws are counted than people"
)
_EXACT: Final = "exact, so never below 95 % whatever the share"
_QUICK: Final = frozenset({"8 people judge all of 150 stimuli", "within, 4 people"})

KINDS: Final[Mapping[str, Population]] = {
    "logistic people, 300 images x 5": Population(),
    "1 in 10 yes to all, 1 in 20 no to all, 1 in 10 at random": Population(
        yes_sayers=0.1, no_sayers=0.05, guessers=0.1
    ),
    "30 people of whom some do most": Population(n_people=30, dominance=1.0),
    "6 people": Population(n_people=6),
}
GROUPED: Final[Mapping[str, tuple[Population, tuple[str, ...]]]] = {
    "logistic people, groups of 5 near copies": (Population(group=5), ("group",)),
    "20 classes differ, people differ by class": (
        Population(classes=1.0, lean_by_class=1.0),
        ("class",),
    ),
    "groups of 5 in 20 classes that differ": (
        Population(classes=0.8, group=5, lean_by_class=0.6),
        ("class", "group"),
    ),
}

ROWS: Final = (
    *(
        Row(
            place=_MEAN,
            world=name,
            shows=_SHOWS_MEAN,
            study=partial(mean_of, world),
            n_quick=100 if name in _QUICK else 0,
        )
        for name, world in MEANS.items()
    ),
    Row(
        place=_MEAN,
        world="log response times, 12 people x 40 stimuli",
        shows=_SHOWS_MEAN,
        study=partial(log_time_of, ClusteredWorld(n_people=12, n=12, n_stimuli=40)),
        scale=1,
    ),
    *(
        Row(
            place=_MEAN,
            world=name,
            shows=_SHOWS_MEAN,
            study=partial(votes_of, population),
        )
        for name, population in KINDS.items()
    ),
    *(
        Row(
            place=_MEAN,
            world=f"{name}; cluster = scene",
            shows=_SHOWS_MEAN,
            study=partial(mean_of, world, clusters=["scene"]),
        )
        for name, world in COPIES.items()
    ),
    *(
        Row(
            place=_MEAN,
            world=f"{name}; cluster = {', '.join(clusters)}",
            shows=_SHOWS_MEAN,
            study=partial(votes_of, population, clusters=clusters),
        )
        for name, (population, clusters) in GROUPED.items()
    ),
    *(
        Row(
            place=_DIFFERENCE,
            world=name,
            shows=_SHOWS_DIFFERENCE,
            study=partial(difference_of, world),
            n_quick=100 if name in _QUICK else 0,
        )
        for name, world in DIFFERENCES.items()
    ),
    *(
        Row(
            place=_DIFFERENCE,
            world=f"{name}; cluster = scene",
            shows=_SHOWS_DIFFERENCE,
            study=partial(difference_of, world, clusters=["scene"]),
        )
        for name, world in COPIES_IN_TWO.items()
    ),
    *(
        Row(
            place=_CONTRAST,
            world=name,
            shows=_SHOWS_CONTRAST,
            study=partial(contrast_of, world, weights=_WEIGHTS),
            wider_because=_ALL_RIGHT if min(world.means) > 2 else "",
        )
        for name, world in THREES.items()
    ),
    *(
        Row(
            place=_TEST,
            world=name,
            shows=_SHOWS_CONTRAST,
            study=partial(contrast_of, world, weights=(1, -1)),
            kind="test",
        )
        for name, world in NULLS.items()
    ),
    *(
        Row(
            place=_ONCE,
            world=f"{n} each, {100 * one:g} % and {100 * two:g} %",
            shows=("analysis.statistics.shares.compare_shares",),
            study=partial(independent, n, (one, two)),
            kind="test" if one == two else "interval",
        )
        for n, one, two in (
            (229, 0.55, 0.57),
            (40, 0.9, 0.8),
            (229, 0.55, 0.55),
            (60, 0.8, 0.8),
        )
    ),
    Row(
        place=_ONCE,
        world="one share (10 %) of 200",
        shows=("analysis.statistics.intervals.wilson",),
        study=partial(draws, wilson, 200, 0.1),
    ),
    Row(
        place=_ONCE,
        world="one share (5 %) of 60",
        shows=("analysis.statistics.intervals.clopper_pearson",),
        study=partial(draws, clopper_pearson, 60, 0.05),
        wider_because=_EXACT,
    ),
)
