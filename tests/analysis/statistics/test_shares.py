"""Two shares of independent responses."""

from __future__ import annotations

from math import isnan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.statistics.shares import compare_shares


def test_two_published_shares_of_229_responses_are_within_noise():
    found = compare_shares(0.5502, 229, 0.5706, 229)
    # sqrt(.5502 * .4498 / 229 + .5706 * .4294 / 229) = sqrt(.0010807 + .0010699)
    assert found.standard_error == pytest.approx(sqrt(0.0021506), rel=1e-4)
    assert round(100 * found.standard_error, 1) == 4.6
    assert found.difference == pytest.approx(-0.0204)
    assert found.low < -0.10
    assert found.high > 0.06
    assert found.verdict == "within noise"
    # z = -.0204 / sqrt(.5604 * .4396 * 2 / 229) = -.4399; 2 * (1 - Phi(.4399)) = .660
    assert found.p_value == pytest.approx(0.660, abs=0.001)


def test_two_published_shares_of_a_thousand_images_are_within_noise():
    found = compare_shares(0.143, 1000, 0.121, 1000)
    # 1.96 * sqrt(.143 * .857 / 1000 + .121 * .879 / 1000) = 1.96 * .015122 = .0296
    assert round(100 * found.difference, 1) == 2.2
    assert round(100 * 1.96 * found.standard_error, 1) == 3.0
    assert found.verdict == "within noise"


def test_newcombes_own_example():
    # Newcombe (1998), table II, 56/70 against 48/80, method 10: .0524 to .3339.
    found = compare_shares(56 / 70, 70, 48 / 80, 80)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.verdict == "differs"


def test_nobody_gives_no_number():
    found = compare_shares(0.0, 0, 0.5, 10)
    assert isnan(found.first)
    assert isnan(found.difference)
    assert isnan(found.p_value)
    assert found.verdict == "no data"


@pytest.mark.parametrize(("share", "n"), [(55.02, 229), (-0.1, 10), (0.5, -1)])
def test_what_is_no_share_is_refused(share, n):
    with pytest.raises(AnalysisError, match=r"must"):
        compare_shares(share, n, 0.5, 10)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_turning_the_sides_turns_the_interval(hits, n, other_hits, other_n):
    one, two = min(hits / n, 1.0), min(other_hits / other_n, 1.0)
    found = compare_shares(one, n, two, other_n)
    turned = compare_shares(two, other_n, one, n)
    assert found.low == pytest.approx(-turned.high)
    assert found.p_value == pytest.approx(turned.p_value)
    assert -1 <= found.low <= found.difference <= found.high <= 1
