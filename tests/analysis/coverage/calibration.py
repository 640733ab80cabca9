"""Rows of the coverage table: confidence against what people accept.

People and images as in `people`; a classifier's confidence follows an image's log odds
of yes, with noise, and is too sure. Truth is over images like these and people like
these, by quadrature over people and 4,000 images of a kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from scipy.special import expit

from analysis.statistics.calibration import confidence_gap, reliability_curve
from tests.analysis.coverage.people import (
    Floats,
    Population,
    chance_of_yes,
    draw_images,
    draw_votes,
)
from tests.analysis.coverage.rows import Drawn, Row

_MANY = 200_000


@dataclass(frozen=True, kw_only=True)
class Sure:
    """A classifier that is sure of what people accept, more or less.

    Attributes:
        population: People and images.
        too_sure: Factor on the log odds of its confidence.
        noise: Standard deviation of those.
        n_right: Right predictions that are judged, of which there are three times as
            many as errors; 0 for unlabelled images, all of which are judged.
    """

    population: Population = field(default_factory=Population)
    too_sure: float = 1.6
    noise: float = 1.0
    n_right: int = 0


def _confidence(world: Sure, log_odds: Floats, rng: np.random.Generator) -> Floats:
    noise = rng.normal(0, world.noise, len(log_odds))
    return np.asarray(expit(world.too_sure * log_odds + noise))


@cache
def _true_gap(world: Sure) -> float:
    """Mean confidence minus share of yes, by quadrature and many images."""
    rng = np.random.default_rng(1)
    shares = {"error": 0.25, "right": 0.75} if world.n_right else {"error": 1.0}
    total = 0.0
    for kind, share in shares.items():
        away = world.population.mean + (2.0 if kind == "right" else 0.0)
        spread = np.hypot(world.population.images, world.population.classes)
        odds = rng.normal(away, spread, _MANY)
        yes = np.concatenate(
            [chance_of_yes(world.population, each) for each in np.split(odds, 50)]
        )
        total += share * float((_confidence(world, odds, rng) - yes).mean())
    return total


def gap(world: Sure, rng: np.random.Generator) -> Drawn:
    """The gap of a whole data set, of which errors and some right ones are judged."""
    people = world.population
    n_wrong, n_seen = people.n_images, 4 * people.n_images
    strata = {"error": n_wrong}
    if world.n_right:
        n_wrong = int(rng.binomial(n_seen, 0.25))
        strata = {"error": n_wrong, "right": n_seen - n_wrong}
    total = n_wrong + world.n_right
    images = draw_images(_sized(people, total), rng)
    is_right = np.arange(total) >= n_wrong
    images.log_odds[is_right] += 2.0
    votes = draw_votes(_sized(people, total), rng, images=images)
    sure = _confidence(world, images.log_odds, rng)
    frame = votes.frame(trial="image").assign(
        confidence=sure[votes.image],
        stratum=np.where(is_right[votes.image], "right", "error"),
        group=images.group[votes.image],
    )
    clusters = ("group",) if people.group > 1 else ()
    found = confidence_gap(frame, strata, clusters=clusters)
    return Drawn.of(found, truth=_true_gap(world))


def _sized(people: Population, n_images: int) -> Population:
    values = {**vars(people), "n_images": n_images}
    return Population(**values)


@cache
def _curve(world: Sure) -> tuple[Floats, Floats]:
    """Confidence of many images in order, and the running sum of people's yes."""
    rng = np.random.default_rng(2)
    people = world.population
    odds = rng.normal(people.mean, np.hypot(people.images, people.classes), _MANY)
    sure = _confidence(world, odds, rng)
    yes = np.concatenate([chance_of_yes(people, each) for each in np.split(odds, 50)])
    order = np.argsort(sure)
    return sure[order], np.concatenate([[0.0], np.cumsum(yes[order])])


def a_bin(world: Sure, number: int, rng: np.random.Generator) -> Drawn:
    """One bin of the reliability curve, against all images between its ends."""
    images = draw_images(world.population, rng)
    votes = draw_votes(world.population, rng, images=images)
    sure = _confidence(world, images.log_odds, rng)
    frame = votes.frame(trial="image").assign(confidence=sure[votes.image])
    frame["group"] = images.group[votes.image]
    clusters = ("group",) if world.population.group > 1 else ()
    found = reliability_curve(frame, clusters=clusters, n_bins=2)[number]
    ordered, total = _curve(world)
    first, last = np.searchsorted(ordered, [found.low, found.high])
    truth = (total[last] - total[first]) / (last - first)
    return Drawn.of(found.accepted, truth=float(truth))


_BIN = "Share of people who accept, in a bin of the reliability curve"
_GAP = "Confidence minus share of people who accept"
_CURVE = ("analysis.statistics.calibration.reliability_curve",)
_ALL = ("analysis.statistics.calibration.confidence_gap",)
_ODD = Population(n_images=150, yes_sayers=0.1, no_sayers=0.05, guessers=0.1)
_ALIKE = Population(n_images=150, group=5)
_CUT = "30 groups, some cut by the bin's end: few degrees of freedom are taken"
ROWS = (
    Row(
        place=_BIN,
        world="150 images in two bins, the surer; odd people",
        shows=_CURVE,
        study=partial(a_bin, Sure(population=_ODD), 1),
        n_quick=50,
    ),
    Row(
        place=_BIN,
        world="the less sure; groups of 5 near copies",
        shows=_CURVE,
        study=partial(a_bin, Sure(population=_ALIKE), 0),
        wider_because=_CUT,
    ),
    Row(
        place=_GAP,
        world="150 unlabelled images, odd people",
        shows=_ALL,
        study=partial(gap, Sure(population=_ODD)),
    ),
    Row(
        place=_GAP,
        world="150 unlabelled images, 12 people",
        shows=_ALL,
        study=partial(gap, Sure(population=Population(n_images=150, n_people=12))),
    ),
    Row(
        place=_GAP,
        world="about 150 errors, 50 of 450 right ones",
        shows=_ALL,
        study=partial(gap, Sure(population=Population(n_images=150), n_right=50)),
    ),
)
