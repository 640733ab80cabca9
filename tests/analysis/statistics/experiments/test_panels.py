from __future__ import annotations

from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import AnalysisError
from analysis.statistics.clustered import clustered_difference
from analysis.statistics.experiments.panels import Bar, accepted_difference
from tests.analysis.coverage.people import Population
from tests.analysis.coverage.two_conditions import TwoConditions, draw_two

BAR = Bar(k=4, n=5)


def difference_in(votes, **settings):
    settings = {"bar": BAR, "condition": "condition", "a": "a", "b": "b", **settings}
    return accepted_difference(votes, **settings).estimate


@pytest.fixture
def votes():
    world = TwoConditions(population=Population(n_images=40), effect=-1.0)
    return draw_two(world, np.random.default_rng(4))


def test_the_difference_is_that_of_images_at_the_bar(votes):
    found = difference_in(votes)
    n_yes = votes.groupby(["condition", "image"])["accepts"].sum()
    shares = (n_yes >= 4).groupby("condition").mean()
    assert found.value == pytest.approx(shares["a"] - shares["b"])
    assert found.n == 40
    assert found.low < found.value < found.high


def test_votes_that_decide_carry_people_into_the_interval():
    # k = n = 1: a vote decides its panel by itself, so it is the panel's decision.
    world = TwoConditions(population=Population(n_images=120, n=1))
    votes = draw_two(world, np.random.default_rng(2))
    found = difference_in(votes, bar=Bar(k=1, n=1))
    names: dict[str, Any] = {
        "value": "accepts",
        "condition": "condition",
        "a": "a",
        "b": "b",
    }
    plain = clustered_difference(
        votes, **names, participant="participant", stimulus="image"
    )
    assert found.value == pytest.approx(plain.value)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_a_few_generous_people_are_no_difference_of_displays():
    # Five people of each condition judge all; the one who often says no is in a.
    rng = np.random.default_rng(8)
    image = np.tile(np.arange(60), 5)
    person = np.repeat(np.arange(5), 60)
    parts = [
        pd.DataFrame(
            {
                "condition": condition,
                "image": image,
                "participant": [f"{condition}{p}" for p in person],
                "accepts": rng.random(300) < np.asarray(leans)[person],
            }
        )
        for condition, leans in (
            ("a", [0.35, 0.9, 0.7, 0.95, 0.8]),
            ("b", [0.95, 0.98, 0.6, 0.95, 0.9]),
        )
    ]
    votes = pd.concat(parts)
    n_yes = votes.groupby(["condition", "image"])["accepts"].sum().unstack(0)
    one, two = n_yes["a"] >= 4, n_yes["b"] >= 4
    changed = [int((one & ~two).sum()), int((~one & two).sum())]
    assert stats.binomtest(changed[0], sum(changed)).pvalue < 0.001
    found = accepted_difference(votes, condition="condition", a="a", b="b", bar=BAR)
    assert found.p_value > 0.05
    assert found.estimate.low < 0 < found.estimate.high


def test_images_without_both_panels_are_left_out(votes):
    one_less = votes.drop(votes.index[(votes["image"] == 3).to_numpy()][0])
    assert difference_in(one_less).n == 39
    by_condition = {"a": BAR, "b": Bar(k=3, n=5)}
    assert difference_in(votes, bar=by_condition).value < difference_in(votes).value


def test_clusters_of_images_count(votes):
    alike = votes.assign(scene=votes["image"] // 10)
    alone, clustered = difference_in(alike), difference_in(alike, clusters=["scene"])
    assert clustered.value == alone.value
    assert clustered.high - clustered.low != pytest.approx(alone.high - alone.low)


@pytest.mark.parametrize(
    ("population", "reason"),
    [
        (Population(n_images=14), "14 images, at least 15 are needed"),
        (
            Population(n_images=40, n=3, n_people=4),
            "4 people in a condition, at least 5 are needed",
        ),
    ],
)
def test_few_images_or_people_are_refused_in_words(population, reason):
    votes = draw_two(TwoConditions(population=population), np.random.default_rng(1))
    found = difference_in(votes, bar=replace(BAR, k=2, n=population.n))
    assert found.method == f"no interval: {reason}"
    assert isnan(found.high)
    assert isnan(found.low)


def test_where_nobody_disagrees_there_is_no_test(votes):
    found = difference_in(votes.assign(accepts=True))
    assert found.value == 0
    assert found.low < 0 < found.high
    apart = difference_in(votes.assign(accepts=votes["condition"] == "a"))
    assert apart.method == "no interval: every panel of a condition decides alike"
    nothing = difference_in(votes.iloc[:0])
    assert (nothing.n, isnan(nothing.value)) == (0, True)


def test_bad_votes_are_refused(votes):
    with pytest.raises(AnalysisError, match="voted twice"):
        difference_in(pd.concat([votes, votes.iloc[:1]]))
    with pytest.raises(AnalysisError, match="must hold 0 and 1"):
        difference_in(votes.assign(accepts=2))
    with pytest.raises(AnalysisError, match="accepts is empty"):
        difference_in(
            votes.assign(accepts=votes["accepts"].astype(float).mask(votes.index == 0))
        )
    with pytest.raises(AnalysisError, match="1 ≤ k ≤ n, got k = 6"):
        Bar(k=6, n=5)
