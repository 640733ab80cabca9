"""Differential loss, by hand and against scipy."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.people.attrition import loss_test


def test_large_counts_by_hand():
    # 10 of 20 lost in a, 0 of 20 in b: chi-square 40 * 200**2 / (20*20*10*30)
    # = 13.333, one degree of freedom, p = 0.00026.
    found = loss_test([10, 0], [20, 20])
    assert found.method == "chi-square test"
    assert found.statistic == pytest.approx(13.3333, abs=1e-4)
    assert found.df == 1
    assert found.p_value == pytest.approx(0.00026, abs=5e-6)


def test_small_counts_by_hand():
    # 3 of 3 lost against 0 of 3: of the C(6, 3) = 20 ways to choose who is lost,
    # two are as extreme, so p = 2/20.
    found = loss_test([3, 0], [3, 3])
    assert found.method == "Freeman-Halton exact test"
    assert found.p_value == pytest.approx(0.1)
    # Three conditions of two, both lost in the first: C(6, 2) = 15 ways; the three
    # ways that put both into one condition have probability 1/15 each, the three
    # others 4/15 each: p = 3/15.
    assert loss_test([2, 0, 0], [2, 2, 2]).p_value == pytest.approx(0.2)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=2)
)
def test_two_conditions_agree_with_fishers_exact_test(counts):
    lost = [gone for gone, _ in counts]
    people = [gone + kept for gone, kept in counts]
    found = loss_test(lost, people)
    if isnan(found.p_value) or found.method == "chi-square test":
        return
    expected = stats.fisher_exact(np.array(counts)).pvalue
    assert found.p_value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("lost", "people", "method"),
    [
        ([3], [9], "one condition: nothing to compare"),
        ([3, 0], [9, 0], "one condition: nothing to compare"),
        ([0, 0], [9, 9], "nobody was lost"),
        ([9, 9], [9, 9], "everybody was lost"),
        ([], [], "one condition: nothing to compare"),
    ],
)
def test_nothing_to_compare_gives_no_number(lost, people, method):
    found = loss_test(lost, people)
    assert isnan(found.p_value)
    assert isnan(found.statistic)
    assert found.method == method
    assert found.n == sum(people)


def test_more_lost_than_there_were_is_refused():
    with pytest.raises(ValueError, match="too many"):
        loss_test([3, 1], [2, 4])


def test_many_conditions_with_small_counts_say_that_they_are_small():
    found = loss_test([4] * 9, [5] * 9)
    assert "some expected counts are under 5" in found.method
    assert found.p_value == pytest.approx(1.0)


def test_equal_loss_is_found_different_at_the_stated_rate():
    # 400 null studies of 3 x 40 people with one in five lost: 5 % are rejected,
    # give or take 2.6 standard errors of 1.1 points.
    rng = np.random.default_rng(1)
    draws = rng.binomial(40, 0.2, size=(400, 3))
    rejected = np.mean(
        [loss_test(row, [40] * 3).p_value < 0.05 for row in draws.tolist()]
    )
    assert 0.02 <= rejected <= 0.08
