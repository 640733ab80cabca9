"""Closed forms of power: the numbers that must come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.planning.power import PlanError, detectable_difference, responses_needed


def test_two_conditions_of_229_find_thirteen_points():
    # (1.95996 + 0.84162) * sqrt(0.55 * 0.45 * 2 / 229) = 2.80158 * 0.046493 = 0.13025
    found = detectable_difference(229, 229, share=0.55)
    assert found == pytest.approx(0.13025, abs=1e-5)


def test_two_points_near_a_half_need_nine_thousand_each():
    # 2 * 0.55 * 0.45 * (2.80158 / 0.0204)^2 = 0.495 * 18860.3 = 9335.8
    assert responses_needed(0.0204, share=0.55) == 9336
    # 2 * 0.57 * 0.43 * 18860.3 = 9245.3
    assert responses_needed(0.0204, share=0.57) == 9246


def test_unequal_conditions_are_ruled_by_the_smaller():
    # 1/100 + 1/10000 = 0.0101, so the root of 0.0101 / 0.02 = 0.7106 of equal hundreds
    even = detectable_difference(100, 100, share=0.5)
    uneven = detectable_difference(100, 10_000, share=0.5)
    assert uneven / even == pytest.approx(0.71063, abs=1e-5)


@given(share=st.floats(0.05, 0.95), difference=st.floats(0.01, 0.5))
def test_what_is_needed_detects_what_was_asked(share, difference):
    n = responses_needed(difference, share=share)
    assert detectable_difference(n, n, share=share) <= difference * (1 + 1e-9)
    if n > 1:
        fewer = detectable_difference(n - 1, n - 1, share=share)
        assert fewer > difference * (1 - 1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: detectable_difference(0, 5, share=0.5), "at least 1, got 0"),
        (lambda: detectable_difference(5, 5, share=55), "80 % is 0.8"),
        (lambda: responses_needed(0, share=0.5), "between 0 and 1, got 0"),
        (lambda: responses_needed(2.04, share=0.5), "2 percentage points are 0.02"),
    ],
)
def test_numbers_out_of_range_are_refused_in_words(call, words):
    with pytest.raises(PlanError, match=words):
        call()
