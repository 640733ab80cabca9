from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.k_of_n import pivotal, tally


def votes(*rows):
    return pd.DataFrame(rows, columns=["trial", "participant", "accepts"])


def test_a_trial_is_resolved_with_n_votes():
    counted = tally(votes(("a", "p", True), ("a", "q", False), ("b", "p", True)), n=2)
    assert counted.loc["a"].to_dict() == {
        "n_votes": 2,
        "n_yes": 1,
        "is_resolved": True,
    }
    assert not counted.loc["b", "is_resolved"]


def test_a_second_vote_of_one_person_is_refused():
    with pytest.raises(AnalysisError, match="participant p voted more than once"):
        tally(votes(("a", "p", True), ("a", "p", False)), n=5)


def test_more_than_n_votes_are_refused():
    with pytest.raises(AnalysisError, match="trial a has 3 counted votes; at most 2"):
        tally(votes(("a", "p", True), ("a", "q", True), ("a", "r", True)), n=2)


def test_no_votes_make_an_empty_tally():
    assert tally(votes().astype({"accepts": bool}), n=5).empty


@pytest.mark.parametrize(
    ("n_yes", "expected"),
    [
        # k = 4 of 5: a vote decides when exactly 3 of the other four say yes.
        (2, [False, False, False, False, False]),
        (3, [False, False, False, True, True]),
        (4, [True, True, True, True, False]),
        (5, [False, False, False, False, False]),
    ],
)
def test_a_vote_decides_only_beside_k_minus_one_others(n_yes, expected):
    accepts = np.array([float(number < n_yes) for number in range(5)])
    assert pivotal(np.zeros(5, dtype=int), accepts, k=4).tolist() == expected
