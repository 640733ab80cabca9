from __future__ import annotations

from math import inf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics.intervals import (
    clopper_pearson,
    critical_value,
    mixed_dof,
    score_bounds,
    wilson,
)


def test_wilson_gives_the_textbook_interval():
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    estimate = wilson(81, 263)
    assert estimate.low == pytest.approx(0.2553, abs=5e-5)
    assert estimate.high == pytest.approx(0.3662, abs=5e-5)
    assert estimate.target == "ignores people"


def test_wilson_of_no_hits_still_has_an_upper_end():
    # 0 of 20: z² / (n + z²) = 3.8415 / 23.8415 = 0.1611
    estimate = wilson(0, 20)
    assert estimate.low == 0
    assert estimate.high == pytest.approx(0.1611, abs=5e-5)


def test_the_exact_interval_of_the_textbook():
    # Newcombe (1998), table I: 81 of 263 gives 0.2527 to 0.3676.
    estimate = clopper_pearson(81, 263)
    assert estimate.low == pytest.approx(0.2527, abs=5e-5)
    assert estimate.high == pytest.approx(0.3676, abs=5e-5)
    assert clopper_pearson(20, 20).low == pytest.approx(0.025 ** (1 / 20))
    assert clopper_pearson(20, 20).high == 1


@given(n=st.integers(1, 400), share=st.floats(0, 1))
def test_the_exact_interval_holds_wilsons_centre_and_the_share(n, share):
    n_hits = round(share * n)
    estimate = clopper_pearson(n_hits, n)
    assert 0 <= estimate.low <= n_hits / n <= estimate.high <= 1
    # What is left outside at either end is at most 2.5 % by construction.
    if n_hits:
        assert stats.binom.sf(n_hits - 1, n, estimate.low) == pytest.approx(0.025)
    if n_hits < n:
        assert stats.binom.cdf(n_hits, n, estimate.high) == pytest.approx(0.025)


def test_no_data_is_not_zero():
    for estimate in (
        wilson(0, 0),
        clopper_pearson(0, 0),
    ):
        assert isnan(estimate.value)
        assert isnan(estimate.low)
        assert estimate.n == 0


@given(share=st.floats(0, 1), n=st.floats(1, 1e6), critical=st.floats(0.5, 13))
def test_score_bounds_hold_the_share_and_stay_within_zero_and_one(share, n, critical):
    low, high = score_bounds(share, n, critical=critical)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


def test_an_effective_n_of_half_widens_like_half_the_draws():
    assert score_bounds(0.3, 50, critical=1.96) == score_bounds(
        0.3, 100 / 2, critical=1.96
    )
    narrow = score_bounds(0.3, 100, critical=1.96)
    wide = score_bounds(0.3, 50, critical=1.96)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_few_people_need_a_larger_critical_value():
    assert critical_value(level=0.95, dof=4) == pytest.approx(2.7764, abs=1e-4)
    assert critical_value(level=0.95, dof=inf) == pytest.approx(1.9600, abs=1e-4)


def test_certain_variance_dilutes_the_uncertain_part():
    # whole 4 of which 1 is known with 5 dof: 4² · 5 / 1² = 80
    assert mixed_dof(1, whole=4, dof=5) == 80
    assert mixed_dof(0, whole=4, dof=5) == inf


def test_a_complement_turns_its_interval_round():
    estimate = wilson(10, 100)
    other = estimate.complement()
    assert other.value == pytest.approx(0.9)
    assert (other.low, other.high) == (1 - estimate.high, 1 - estimate.low)
