from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

import analysis.statistics.contrasts
from analysis.statistics.contrasts import contrast, weighted_sum
from analysis.statistics.crossed_variance import Crossing


def test_the_example_is_true():
    assert doctest.testmod(analysis.statistics.contrasts).failed == 0


def test_a_difference_of_two_means_by_hand():
    # a: 1 1 1 0 (mean 3/4), b: 1 0 0 0 (mean 1/4); eight people, eight stimuli, so
    # every response stands alone: variance = 4/3 * sum of squared influences (each
    # mean takes one degree of freedom of four), influences (y - mean) / 4: squares
    # (3 * 1/16 + 9/16) / 16 = 0.046875 per group.
    frame = pd.DataFrame(
        {
            "right": [1, 1, 1, 0, 1, 0, 0, 0],
            "condition": list("aaaabbbb"),
            "participant": range(8),
            "item": range(8),
        }
    )
    found = contrast(
        frame,
        {"a": 1, "b": -1},
        value="right",
        group="condition",
        stimulus="item",
    )
    assert found.estimate.value == pytest.approx(0.5)
    expected = (4 / 3 * 2 * 0.046875) ** 0.5
    assert found.estimate.standard_error == pytest.approx(expected)
    assert found.estimate.n == 8
    assert 0.1 < found.p_value < 0.3


def test_people_who_copy_each_other_count_once():
    # Each of four people gives the same value five times: the variance is that of
    # four independent values: 0.16 / 3 / 4 with mean 0.1 and residuals .3 -.1 -.1 -.1
    # (squares 0.12): 0.12 / 3 / 4.
    values = np.repeat([0.4, 0.0, 0.0, 0.0], 5)
    crossing = Crossing.of(np.repeat(range(4), 5), np.arange(20))
    found = weighted_sum(values, crossing, weights=[1.0]).estimate
    assert found.standard_error**2 == pytest.approx(0.12 / 3 / 4)
    assert found.dof == pytest.approx(3)


def test_near_copies_count_once_where_their_cluster_is_told():
    # Twenty stimuli in four scenes; all in a scene are answered alike by everybody.
    rng = np.random.default_rng(2)
    scene = np.repeat(range(4), 5)
    value = rng.normal(size=4)[scene]
    frame = pd.DataFrame(
        {
            "participant": np.repeat(range(6), 20),
            "item": np.tile(range(20), 6),
            "scene": np.tile(scene, 6),
            "value": np.tile(value, 6),
            "all": "all",
        }
    )
    found, blind = (
        contrast(
            frame,
            {"all": 1},
            value="value",
            group="all",
            stimulus="item",
            clusters=clusters,
        ).estimate
        for clusters in (["scene"], [])
    )
    own = value[::5]
    assert found.standard_error**2 == pytest.approx(np.var(own, ddof=1) / 4)
    assert found.dof == pytest.approx(3)
    assert blind.standard_error < 0.6 * found.standard_error


def test_clusters_that_cross_add_up():
    # Scene and class effects of variance 1 each, crossed 6 by 6 with one stimulus and
    # one response in each cell: the variance of the mean is 2 / 6, up to rounding.
    rng = np.random.default_rng(5)
    variances = []
    for _ in range(400):
        scene, kind = np.divmod(np.arange(36), 6)
        value = rng.normal(size=6)[scene] + rng.normal(size=6)[kind]
        crossing = Crossing.of(np.arange(36), np.arange(36), clusters=[scene, kind])
        variances.append(crossing.variance(value).variance)
    # Each is known to sqrt(2 / 10) = 0.45 of itself: 0.022 of 400.
    assert np.mean(variances) == pytest.approx(2 / 6, rel=0.08)


@pytest.mark.parametrize("weights", [{"a": 1, "b": -1}, {"a": 1, "b": -0.5, "c": -0.5}])
def test_where_everybody_is_right_the_interval_has_a_width(weights):
    frame = pd.DataFrame(
        [
            (person, item, "abc"[(person + item) % 3], 1)
            for person in range(12)
            for item in range(9)
        ],
        columns=["participant", "item", "condition", "right"],
    )
    found = contrast(frame, weights, value="right", group="condition", stimulus="item")
    assert found.estimate.value == 0
    assert found.estimate.low < -0.05
    assert found.estimate.high > 0.05
    assert found.p_value == 1


def test_the_p_value_is_that_of_the_interval():
    rng = np.random.default_rng(8)
    frame = _crossed(rng).assign(right=lambda f: f["right"] | (f["condition"] == "a"))
    found = {
        level: contrast(
            frame, {"a": 1, "b": -1}, value="right", group="condition",
            stimulus="item", level=level,
        )
        for level in (0.5, 0.9, 0.99, 0.999)
    }  # fmt: skip
    for level, each in found.items():
        assert (each.estimate.low > 0) == (each.p_value < 1 - level)


def test_the_order_of_groups_turns_the_interval_round():
    frame = _crossed(np.random.default_rng(9))
    one, two = (
        contrast(frame, weights, value="right", group="condition", stimulus="item")
        for weights in ({"a": 1, "b": -1}, {"b": 1, "a": -1})
    )
    assert two.estimate.value == pytest.approx(-one.estimate.value)
    assert (two.estimate.low, two.estimate.high) == pytest.approx(
        (-one.estimate.high, -one.estimate.low)
    )
    assert two.p_value == pytest.approx(one.p_value)


def test_a_group_without_responses_gives_no_number():
    frame = pd.DataFrame(
        {"right": [1], "condition": ["a"], "participant": ["p"], "item": ["x"]}
    )
    found = contrast(
        frame, {"a": 1, "b": -1}, value="right", group="condition", stimulus="item"
    )
    assert np.isnan(found.estimate.value)
    assert found.estimate.n == 0
    assert np.isnan(found.p_value)


def _crossed(rng: np.random.Generator) -> pd.DataFrame:
    """Forty people, thirty items, a person in one of two conditions; no effect."""
    people, items = rng.normal(0, 0.7, 40), rng.normal(0, 0.7, 30)
    person = np.repeat(np.arange(40), 6)
    item = np.concatenate([rng.choice(30, 6, replace=False) for _ in range(40)])
    latent = people[person] + items[item]
    right = rng.random(240) < 1 / (1 + np.exp(-latent))
    condition = np.where(person % 2, "a", "b")
    return pd.DataFrame(
        {"right": right, "condition": condition, "participant": person, "item": item}
    )


@pytest.mark.parametrize("n_studies", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_null_contrast_is_found_at_the_stated_rate(n_studies):
    rng = np.random.default_rng(11)
    found = [
        contrast(
            _crossed(rng),
            {"a": 1, "b": -1},
            value="right",
            group="condition",
            stimulus="item",
        )
        for _ in range(n_studies)
    ]
    rate = float(np.mean([each.p_value < 0.05 for each in found]))
    # At most 7 %, and three standard errors of so few studies; not idle either.
    assert 0.01 <= rate <= 0.07 + (0.02 if n_studies < 1000 else 0.0)


def test_people_who_meet_both_conditions_alike_keep_their_degrees_of_freedom():
    # Thirty people, forty items, half of everybody's items in either condition: what
    # people have in common cancels, what conditions add to them has 29.
    person, item = np.divmod(np.arange(1200), 40)
    right = np.random.default_rng(12).random(1200)
    crossing = Crossing.of(person, item, group=(person + item) % 2)
    assert 28.5 <= crossing.variance(right).df <= 39
