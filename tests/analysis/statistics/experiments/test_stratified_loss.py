from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from analysis.errors import AnalysisError
from analysis.statistics.experiments.stratified_loss import equal_loss_within_people


def loss_in(frame):
    return equal_loss_within_people(frame, lost="lost", condition="condition")


def simulated(n_people, n_conditions, *, seed, n_each=8):
    rng = np.random.default_rng(seed)
    chance = rng.beta(0.8, 4.0, n_people)
    gone = rng.random((n_people, n_conditions, n_each)) < chance[:, None, None]
    each = np.repeat(np.arange(n_conditions), n_each)
    return pd.DataFrame(
        {
            "participant": np.repeat(np.arange(n_people), n_conditions * n_each),
            "condition": np.tile(each, n_people),
            "lost": gone.ravel(),
        }
    )


def test_two_conditions_are_those_of_statsmodels():
    frame = simulated(25, 2, seed=3)
    counts = frame.groupby(["participant", "condition"])["lost"].agg(["sum", "size"])
    tables = [
        np.array([mine["sum"], mine["size"] - mine["sum"]]).T
        for _, mine in counts.groupby("participant")
        if 0 < mine["sum"].sum() < mine["size"].sum()
    ]
    expected = StratifiedTable(tables).test_null_odds(correction=False)
    found = loss_in(frame)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.df, found.n_people) == (1, len(tables))


def test_few_careless_people_are_no_difference_of_conditions():
    # Everybody meets 8 of each condition, but one met condition 0 in 60 more trials
    # and loses nearly everything everywhere.
    frame = simulated(20, 2, seed=1)
    careless = pd.DataFrame(
        {
            "participant": 99,
            "condition": [0] * 60 + [1] * 8,
            "lost": [1] * 59 + [0] + [1] * 8,
        }
    )
    both = pd.concat([frame.assign(lost=frame["lost"].astype(int)), careless])
    table = pd.crosstab(both["condition"], both["lost"])
    assert stats.chi2_contingency(table, correction=False).pvalue < 0.001
    assert loss_in(both).p_value > 0.05


def test_a_condition_that_loses_more_is_found():
    frame = simulated(30, 3, seed=2)
    worse = frame["lost"] | ((frame["condition"] == 2) & (frame.index % 3 == 0))
    found = loss_in(frame.assign(lost=worse))
    assert found.df == 2
    assert found.p_value < 0.001


@pytest.mark.parametrize("lost", [0, 1])
def test_where_nobody_tells_there_are_words(lost):
    found = loss_in(simulated(4, 2, seed=1).assign(lost=lost))
    assert isnan(found.p_value)
    assert found.method.startswith("no test: nobody who met two conditions")


def test_bad_rows_are_refused():
    with pytest.raises(AnalysisError, match="lost must hold 0 and 1"):
        loss_in(simulated(4, 2, seed=1).assign(lost=3))
