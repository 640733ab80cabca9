from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from analysis.errors import AnalysisError
from analysis.statistics.experiments.equivalence import equivalence_test
from analysis.statistics.intervals import Estimate


def mean_of(values):
    se = values.std(ddof=1) / np.sqrt(len(values))
    return Estimate(
        value=values.mean(),
        low=-1,
        high=1,
        n=len(values),
        standard_error=se,
        dof=len(values) - 1,
    )


@pytest.mark.parametrize("centre", [0.0, 0.15, -0.3])
def test_p_values_are_those_of_statsmodels(centre):
    values = np.random.default_rng(3).normal(centre, 1, 60)
    found = equivalence_test(mean_of(values), margin=0.4)
    p_value, *_ = DescrStatsW(values).ttost_mean(-0.4, 0.4)
    assert found.p_value == pytest.approx(p_value)
    # Equivalent at 5 % exactly where the 90 % interval lies within the margin.
    assert found.is_equivalent == (found.low > -0.4 and found.high < 0.4)
    ends = DescrStatsW(values).tconfint_mean(alpha=0.1)
    assert (found.low, found.high) == pytest.approx(ends)


def test_a_difference_that_is_not_found_is_not_equivalent_by_that():
    vague = Estimate(value=0.0, low=-0.4, high=0.4, n=9, standard_error=0.2)
    assert not equivalence_test(vague, margin=0.1).is_equivalent
    assert equivalence_test(vague, margin=0.1).p_value == pytest.approx(
        0.3085, abs=1e-4
    )


def test_without_an_interval_there_are_words():
    none = Estimate(value=0.1, low=nan, high=nan, n=3, method="no interval: one person")
    found = equivalence_test(none, margin=0.1)
    assert isnan(found.p_value)
    assert found.method == "no test: one person"
    assert not found.is_equivalent


@pytest.mark.parametrize("margin", [0, -0.1, nan, float("inf")])
def test_margins_lie_above_zero(margin):
    with pytest.raises(AnalysisError, match="lies above 0"):
        equivalence_test(mean_of(np.arange(5.0)), margin=margin)
