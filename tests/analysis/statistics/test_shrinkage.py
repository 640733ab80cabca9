"""Shares of many groups, shrunk towards the whole."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.parts.shrinkage import shrunken_shares


def shares(*groups):
    """From (hits, members) of each group."""
    hits, n = np.array(groups, dtype=float).T
    return shrunken_shares(hits, n)


MANY = [(x, 50) for x in (8, 10, 11, 12, 14, 9, 15, 13, 30, 5)]


def test_a_class_of_few_images_does_not_lead():
    small, *_, large, least = found = shares((3, 3), *MANY)
    values = [each.value for each in found]
    assert max(values) == large.value
    assert 0.25 < small.value < 0.7
    assert least.value == min(values)
    # And it is far less sure.
    assert small.high - small.low > 1.5 * (large.high - large.low)


def test_many_members_are_hardly_shrunk_and_none_are_the_whole():
    found = shares((5000, 10000), (0, 0), *MANY)
    assert found[0].value == pytest.approx(0.5, abs=0.005)
    whole = np.mean([each.value for each in found[2:]])
    assert found[1].value == pytest.approx(whole, abs=0.06)
    assert found[1].n == 0


def test_groups_that_are_alike_are_taken_for_alike():
    rng = np.random.default_rng(2)
    alike = shares(*[(x, 20) for x in rng.binomial(20, 0.3, 60)])
    apart = shares(*[(x, 20) for x in rng.binomial(20, rng.beta(1, 2, 60))])
    spread = [np.std([each.value for each in found]) for found in (alike, apart)]
    assert spread[0] < 0.05
    assert spread[1] > 0.2


def test_shares_near_their_own_groups_are_nearer_to_the_truth():
    rng = np.random.default_rng(3)
    truth = rng.beta(2, 5, 400)
    n = rng.integers(3, 40, 400)
    hits = rng.binomial(n, truth)
    found = shares(*zip(hits, n, strict=True))
    values, low, high = np.array([(e.value, e.low, e.high) for e in found]).T
    raw = np.mean((hits / n - truth) ** 2)
    assert np.mean((values - truth) ** 2) < 0.75 * raw
    assert 0.92 < np.mean((low <= truth) & (truth <= high)) < 0.98


def test_few_groups_are_refused_in_words():
    few = [(1, 3), (2, 4), (0, 5), (3, 3), (1, 2), (0, 0), *[(2, 9)] * 4]
    for each in shares(*few):
        assert np.isnan(each.value)
        assert each.method == "fewer than 10 groups do not show how groups differ"
    assert not np.isnan(shares(*few, (1, 2))[0].value)


def test_more_hits_than_members_are_refused():
    with pytest.raises(AnalysisError, match="between 0 and its members"):
        shares((4, 3), *MANY)
