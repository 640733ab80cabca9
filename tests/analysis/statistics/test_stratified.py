"""Shares of finite wholes that were sampled in strata."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.errors import AnalysisError
from analysis.statistics.parts.stratified import stratified_share


def share_of(*strata):
    """From (hits, drawn, size) of each stratum."""
    hits, drawn, sizes = np.array(strata, dtype=float).T
    return stratified_share(hits, drawn, sizes=sizes)


def test_strata_are_weighted_back_to_their_sizes():
    # 90 trials of which 1 of 10 audited is bad, 10 of which 5 of 10 are:
    # 0.9 · 0.1 + 0.1 · 0.5 = 0.14. The second is known wholly. The first's share
    # with one draw of (0.14 · 20 + 0.5) / 21 = 0.1571 is 1.1571 / 11 = 0.1052:
    # V = 0.81 · 80 / 89 · 0.1052 · 0.8948 / 10.
    estimate = share_of((1, 10, 90), (5, 10, 10))
    assert estimate.value == pytest.approx(0.14)
    variance = 0.81 * 80 / 89 * 0.1052 * 0.8948 / 10
    assert estimate.standard_error**2 == pytest.approx(variance, rel=1e-3)


def test_what_was_drawn_wholly_is_known():
    estimate = share_of((7, 20, 20), (0, 20, 20), (13, 13, 13))
    assert estimate.low == estimate.value == estimate.high == 20 / 53
    assert estimate.standard_error == 0


def test_the_interval_narrows_as_the_whole_is_drawn():
    widths = [
        found.high - found.low
        for n in (10, 30, 50, 58, 60)
        for found in [share_of((n * 0.3, n, 60), (n * 0.1, n, 60))]
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == 0


def test_one_large_stratum_has_about_the_interval_of_independent_draws():
    found = share_of((0, 20, 10**6))
    # Jeffreys' bound of 0 of 20: the 97.5 % point of Beta(0.5, 20.5) is 0.1171.
    assert found.high >= stats.beta.ppf(0.975, 0.5, 20.5) - 1e-4
    assert found.high < 0.17
    assert found.low == 0


def test_one_wholly_drawn_stratum_of_rejections_does_not_hide_the_others_zero():
    # Nothing is bad among 15 of 400; 8 of 8 are in a small stratum.
    found = share_of((0, 15, 400), (8, 8, 8))
    assert found.high > (8 + 0.1 * 400) / 408


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 40), st.integers(0, 60)),
        min_size=1,
        max_size=6,
    )
)
def test_ends_hold_the_share_and_what_is_known(strata):
    rows = [(min(hits, n), n, n + left) for n, hits, left in strata]
    found = share_of(*rows)
    hits, drawn, sizes = np.array(rows, dtype=float).T
    known, missed = hits.sum() / sizes.sum(), (drawn - hits).sum() / sizes.sum()
    assert known - 1e-12 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1 - missed + 1e-12


def test_no_strata_are_no_data():
    found = stratified_share(np.array([]), np.array([]), sizes=np.array([]))
    assert isnan(found.value)
    assert found.n == 0


@pytest.mark.parametrize(
    ("stratum", "said"),
    [
        ((0, 0, 5), "at least one draw"),
        ((1, 6, 5), "more draws than members"),
        ((4, 3, 5), "between 0 and its draws"),
        ((-1, 3, 5), "between 0 and its draws"),
    ],
)
def test_numbers_that_cannot_be_are_refused(stratum, said):
    with pytest.raises(AnalysisError, match=said):
        share_of(stratum)
