from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

import analysis.statistics.contrasts
from analysis.statistics.contrasts import contrast, spread


def test_the_example_is_true():
    assert doctest.testmod(analysis.statistics.contrasts).failed == 0


def test_a_difference_of_two_means_by_hand():
    # a: 1 1 1 0 (mean 3/4), b: 1 0 0 0 (mean 1/4); eight people, eight stimuli, so
    # every response stands alone: variance = 8/7 * sum of squared influences,
    # influences (y - mean) / 4: squares (3 * 1/16 + 9/16) / 16 = 0.046875 per group.
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
    expected = (8 / 7 * 2 * 0.046875) ** 0.5
    assert found.estimate.standard_error == pytest.approx(expected)
    assert found.estimate.n == 8
    assert 0.1 < found.p_value < 0.2


def test_people_who_copy_each_other_count_once():
    # Each of four people gives the same value five times: the variance is that of
    # four independent values, 4/3 * sum of squared totals.
    values = np.repeat([0.3, -0.1, -0.1, -0.1], 5) / 20
    found = spread(values, participants=np.repeat(range(4), 5), stimuli=np.arange(20))
    totals = np.array([0.075, -0.025, -0.025, -0.025])
    assert found.standard_error == pytest.approx((4 / 3 * totals @ totals) ** 0.5)
    assert found.dof == 3


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
