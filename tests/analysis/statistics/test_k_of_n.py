from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.correction import panel_rate
from analysis.statistics.k_of_n import Stratum, pivotal, rejected_share, tally
from analysis.statistics.majority_shares import majority_judgments


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


@pytest.mark.parametrize("column", ["trial", "participant", "accepts"])
def test_what_is_not_known_is_refused_wherever_votes_go_in(column):
    cast = votes(("a", "p", 1.0), ("b", "q", 0.0)).astype({"accepts": object})
    cast.loc[1, column] = np.nan
    stratum = Stratum(
        n_images=2, judged=pd.DataFrame({"image": ["a", "b"], "trial": ["a", "b"]})
    )
    named = cast.rename(columns={"trial": "image", "accepts": "says"})
    for given in (
        lambda: tally(cast, n=5),
        lambda: rejected_share([stratum], cast, k=1),
        lambda: panel_rate(cast, k=1, n=1),
        lambda: majority_judgments(named),
    ):
        with pytest.raises(AnalysisError, match=r"column \w+ is empty in row 2"):
            given()


def test_a_vote_is_yes_or_no():
    with pytest.raises(AnalysisError, match="column accepts must hold 0 and 1"):
        tally(votes(("a", "p", 1), ("a", "q", 2)), n=5)
