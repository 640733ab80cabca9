"""Rows for tests of differences: panels, pairs, units, several at once, losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm, ttest_1samp

from analysis.people.attrition import loss_test
from analysis.statistics.contrasts import Contrast, contrast
from analysis.statistics.experiments.equivalence import equivalence_test
from analysis.statistics.experiments.panels import Bar, accepted_difference
from analysis.statistics.experiments.stratified_loss import equal_loss_within_people
from analysis.statistics.multiplicity import benjamini_hochberg, holm
from analysis.statistics.paired import (
    TestResult,
    mcnemar_exact,
    paired_difference,
    paired_permutation,
    permutation_difference,
)
from tests.analysis.coverage.people import Population, true_share
from tests.analysis.coverage.rows import Drawn, Row
from tests.analysis.coverage.two_conditions import TwoConditions, draw_two

K: Final = 4
_CUT: Final = (
    "what people have in common in both conditions cancels, and a variance cut at zero "
    "is too large on average"
)
_ODD: Final = Population(n_images=100, yes_sayers=0.1, no_sayers=0.05, guessers=0.1)
_PANELS: Final[dict[str, tuple[TwoConditions, str]]] = {
    "300 images, blocks of 20, other people": (TwoConditions(), ""),
    "20 images": (TwoConditions(population=Population(n_images=20)), ""),
    "100 images, a quarter of people odd": (TwoConditions(population=_ODD), ""),
    "100 images, 5 people judge all in each": (
        TwoConditions(population=Population(n_images=100, n_people=5)),
        "",
    ),
    "100 images, 20 people in each, some dominate": (
        TwoConditions(population=Population(n_images=100, n_people=20, dominance=1.2)),
        "where few people do most, what people add is never taken as nothing",
    ),
    "100 images, nearly all accepted": (
        TwoConditions(population=Population(n_images=100, mean=3.0)),
        "",
    ),
    "100 images, 60 people, the same in both": (
        TwoConditions(
            population=Population(n_images=100, n_people=60), are_same_people=True
        ),
        "",
    ),
    "100 images, 12 people, the same in both": (
        TwoConditions(
            population=Population(n_images=100, n_people=12), are_same_people=True
        ),
        _CUT,
    ),
}


def _tested(found: Contrast, *, truth: float = 0.0) -> Drawn:
    estimate = Drawn.of(found.estimate, truth=truth)
    return replace(estimate, p_value=found.p_value)


def _panels(world: TwoConditions, rng: np.random.Generator) -> Drawn:
    found = accepted_difference(
        draw_two(world, rng), condition="condition", a="a", b="b", bar=Bar(k=K, n=5)
    )
    return _tested(found, truth=world.accepted_difference(k=K))


_ACCEPTED: Final = "analysis.statistics.experiments.panels.accepted_difference"
_PAIRED: Final = "analysis.statistics.paired"
_EQUIVALENCE: Final = "analysis.statistics.experiments.equivalence.equivalence_test"
_WITHIN: Final = (
    "analysis.statistics.experiments.stratified_loss.equal_loss_within_people"
)


@dataclass(frozen=True, kw_only=True)
class People:
    """People who meet the same images in two conditions, or in one of the two.

    Attributes:
        n_people: In both, or in each.
        n_images: The images of a condition, the same for everybody.
        effect: Log odds that the first condition adds, on average.
        apart: Its standard deviation between people.
        lean: Standard deviation of people's log odds.
        are_paired: Whether everybody meets both conditions.
    """

    n_people: int = 20
    n_images: int = 20
    effect: float = 0.0
    apart: float = 0.4
    lean: float = 0.8
    are_paired: bool = True


def _people_frame(
    world: People, rng: np.random.Generator
) -> tuple[pd.DataFrame, float]:
    """Columns person, condition, right; and the true difference on these images."""
    images = rng.normal(0.5, 1.0, world.n_images)
    groups = 1 if world.are_paired else 2
    lean = rng.normal(0, world.lean, (world.n_people, groups))
    away = rng.normal(world.effect, world.apart, (world.n_people, 1)) / 2
    log_odds = lean[..., None] + np.stack([away, -away], 1)[..., :1] + images
    says = rng.random(log_odds.shape) < expit(log_odds)
    who = np.arange(world.n_people)
    other = who if world.are_paired else who + world.n_people
    frame = pd.DataFrame(
        {
            "person": np.repeat(np.stack([who, other], 1).ravel(), world.n_images),
            "condition": np.tile(
                np.repeat(np.array(["a", "b"]), world.n_images), world.n_people
            ),
            "right": says.ravel(),
        }
    )
    return frame, _true_difference(world, images)


def _true_difference(world: People, images: np.ndarray) -> float:
    """Mean over all such people, by quadrature."""
    points = norm.ppf((np.arange(24) + 0.5) / 24)
    lean = (world.lean * points)[:, None, None]
    away = ((world.effect + world.apart * points) / 2)[None, :, None]
    high, low = expit(images + lean + away), expit(images + lean - away)
    return float((high - low).mean())


def _result(found: TestResult, *, truth: float) -> Drawn:
    return Drawn(
        truth=truth,
        value=found.estimate,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        refusal=found.method if np.isnan(found.p_value) else "",
    )


def _paired_t(world: People, rng: np.random.Generator) -> Drawn:
    frame, truth = _people_frame(world, rng)
    found = paired_difference(
        frame, value="right", condition="condition", a="a", b="b", pair="person"
    )
    return _result(found, truth=truth)


def _signs(world: People, rng: np.random.Generator) -> Drawn:
    frame, truth = _people_frame(world, rng)
    means = frame.groupby(["person", "condition"])["right"].mean().unstack()
    differences = (means["a"] - means["b"]).to_numpy()
    found = paired_permutation(differences, rng=rng, n_permutations=999)
    return _result(found, truth=truth)


def _deals(world: People, rng: np.random.Generator) -> Drawn:
    frame, truth = _people_frame(world, rng)
    found = permutation_difference(
        frame,
        value="right",
        condition="condition",
        a="a",
        b="b",
        unit="person",
        rng=rng,
        n_permutations=999,
    )
    return _result(found, truth=truth)


def _labels(more_right: float, rng: np.random.Generator) -> Drawn:
    """Two classifiers on 400 labelled images, whose errors go together."""
    hard = rng.random(400)
    own = rng.random((2, 400))
    chance = 0.75 + np.array([[more_right], [0.0]])
    right = np.where(own < 0.5, hard, rng.random((2, 400))) < chance
    frame = pd.DataFrame(
        {
            "image": np.tile(np.arange(400), 2),
            "net": np.repeat(np.array(["a", "b"]), 400),
            "right": right.ravel(),
        }
    )
    found = mcnemar_exact(
        frame, value="right", condition="net", a="a", b="b", pair="image"
    )
    return _result(found, truth=more_right)


def _several(
    adjust: Callable[[pd.Series], pd.Series], rng: np.random.Generator
) -> Drawn:
    """The smallest of four adjusted p values; people lean the same way in all four."""
    lean = rng.normal(0, 1, (30, 1))
    values = lean + rng.normal(0, 1, (30, 4))
    raw = ttest_1samp(values, 0.0).pvalue
    return Drawn(truth=0, p_value=float(adjust(pd.Series(raw)).min()))


def _lost(n_people: int, rng: np.random.Generator) -> Drawn:
    lost = rng.binomial(n_people, 0.15, 3)
    found = loss_test(lost.tolist(), [n_people] * 3)
    return Drawn(truth=0, p_value=found.p_value, refusal=found.method)


def _lost_within(n_people: int, rng: np.random.Generator) -> Drawn:
    """Three conditions within people, ten responses each; few people lose many."""
    chance = rng.beta(0.6, 6.0, n_people)
    gone = rng.random((n_people, 3, 10)) < chance[:, None, None]
    frame = pd.DataFrame(
        {
            "participant": np.repeat(np.arange(n_people), 30),
            "condition": np.tile(np.repeat(np.arange(3), 10), n_people),
            "lost": gone.ravel(),
        }
    )
    found = equal_loss_within_people(frame, lost="lost", condition="condition")
    return Drawn(truth=0, p_value=found.p_value, refusal=found.method)


def _equivalent(
    world: TwoConditions, margin: float | None, rng: np.random.Generator
) -> Drawn:
    """Shares of yes in two displays; no margin: the true difference lies at it."""
    population = world.population
    second = replace(population, mean=population.mean + world.effect)
    truth = true_share(population) - true_share(second)
    found = contrast(
        draw_two(world, rng),
        {"a": 1.0, "b": -1.0},
        value="accepts",
        group="condition",
        stimulus="image",
    ).estimate
    test = equivalence_test(found, margin=abs(truth) if margin is None else margin)
    return Drawn(truth=truth, value=found.value, p_value=test.p_value)


_EXACT: Final = "an exact test of a count cannot reject in just 5 %"
_FIXED: Final = "Pairs and units (people, on these very images)"
_EQUAL: Final = "Two shares are equivalent"
_EFFECT: Final = TwoConditions(population=Population(n_images=100), effect=-0.6)
_SAME: Final = TwoConditions(population=Population(n_images=100))


def _test(
    place: str,
    world: str,
    shows: tuple[str, ...],
    study: Callable[[np.random.Generator], Drawn],
    why: str = "",
) -> Row:
    return Row(
        place=place,
        world=world,
        shows=shows,
        study=study,
        kind="test",
        wider_because=why,
    )


def _interval(
    world: str, name: str, study: Callable[[np.random.Generator], Drawn], why: str = ""
) -> Row:
    return Row(
        place=f"{_FIXED}: differences",
        world=world,
        shows=(f"{_PAIRED}.{name}",),
        study=study,
        wider_because=why,
    )


_PANEL_ROWS: Final = [
    Row(
        place="Panels accept as many of the same images in both conditions",
        world=name,
        shows=(_ACCEPTED,),
        study=partial(_panels, world),
        kind="test",
        n_quick=60 if name == "20 images" else 0,
        wider_because=why,
    )
    for name, (world, why) in _PANELS.items()
]
_APART: Final = People(are_paired=False, n_people=15)
ROWS: Final = [
    *_PANEL_ROWS,
    Row(
        place="Panels in two conditions: difference of shares accepted",
        world="100 images, second condition 0.6 lower in log odds",
        shows=(_ACCEPTED,),
        study=partial(_panels, _EFFECT),
    ),
    Row(
        place="Panels in two conditions: difference of shares accepted",
        world="the same, 10 people in each",
        shows=(_ACCEPTED,),
        study=partial(
            _panels,
            TwoConditions(
                population=Population(n_images=100, n_people=10), effect=-0.6
            ),
        ),
    ),
    _test(
        _FIXED,
        "20 people, paired t",
        (f"{_PAIRED}.paired_difference",),
        partial(_paired_t, People()),
    ),
    _test(
        _FIXED,
        "20 people, sign flips",
        (f"{_PAIRED}.paired_permutation",),
        partial(_signs, People()),
    ),
    _test(
        _FIXED,
        "15 people in each, dealt out anew",
        (f"{_PAIRED}.permutation_difference",),
        partial(_deals, _APART),
    ),
    _test(
        "Classifier against classifier on labels",
        "400 images, exact McNemar",
        (f"{_PAIRED}.mcnemar_exact",),
        partial(_labels, 0.0),
        _EXACT,
    ),
    _test(
        "Four tests at once: any named",
        "Holm",
        ("analysis.statistics.multiplicity.holm",),
        partial(_several, holm),
        "tests that depend on each other are named together",
    ),
    _test(
        "Four tests at once: any named",
        "Benjamini and Hochberg",
        ("analysis.statistics.multiplicity.benjamini_hochberg",),
        partial(_several, benjamini_hochberg),
        "tests that depend on each other are named together",
    ),
    _test(
        "Conditions lose as many people",
        "3 conditions of 60 people, chi-square",
        ("analysis.people.attrition.loss_test",),
        partial(_lost, 60),
    ),
    _test(
        "Conditions lose as many people",
        "3 conditions of 12 people, exact",
        ("analysis.people.attrition.loss_test",),
        partial(_lost, 12),
        _EXACT,
    ),
    _test(
        "Conditions within people lose as many responses",
        "40 people, three conditions of 10",
        (_WITHIN,),
        partial(_lost_within, 40),
    ),
    _test(
        "Conditions within people lose as many responses",
        "10 people, three conditions of 10",
        (_WITHIN,),
        partial(_lost_within, 10),
    ),
    _test(
        _EQUAL,
        "100 images, the true difference is the margin",
        (_EQUIVALENCE,),
        partial(_equivalent, _EFFECT, None),
    ),
    Row(
        place=_EQUAL,
        world="100 images, no difference, margin of 12 points",
        shows=(_EQUIVALENCE,),
        study=partial(_equivalent, _SAME, 0.12),
        kind="power",
    ),
    _interval(
        "20 people, paired t",
        "paired_difference",
        partial(_paired_t, People(effect=0.8)),
    ),
    _interval(
        "20 people, sign flips",
        "paired_permutation",
        partial(_signs, People(effect=0.8)),
    ),
    _interval(
        "15 people in each, dealt out anew",
        "permutation_difference",
        partial(_deals, replace(_APART, effect=0.8)),
    ),
    _interval(
        "two classifiers on 400 images",
        "mcnemar_exact",
        partial(_labels, 0.05),
    ),
]
