from __future__ import annotations

import warnings

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.statistics.aggregation.majority import majority
from tests.stimuli.peers import import_peer

VOTES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.sampled_from("abc")),
    min_size=1,
    max_size=25,
    unique_by=lambda vote: vote[:2],
)


def frame(rows):
    return pd.DataFrame(rows, columns=["task", "worker", "label"])


def test_the_most_frequent_label_wins_and_a_tie_is_said():
    # x: 3 of 5 cat. y: 2 cat, 2 dog, 1 eel: nobody wins.
    votes = frame(
        [("x", w, v) for w, v in enumerate(["cat", "cat", "dog", "cat", "eel"])]
        + [("y", w, v) for w, v in enumerate(["dog", "cat", "eel", "cat", "dog"])]
    )
    x, y = majority(votes).to_dict("records")
    assert (x["label"], x["n_top"], x["share"], x["is_tie"]) == ("cat", 3, 0.6, False)
    assert (y["n_top"], y["is_tie"], y["tied"]) == (2, True, "cat|dog")
    assert pd.isna(y["label"])


def test_nothing_to_vote_on_is_an_empty_frame():
    found = majority(frame([]))
    assert found.empty
    assert "is_tie" in found


def test_a_second_vote_of_a_worker_is_refused():
    with pytest.raises(AnalysisError, match=r"task twice: row 2 .worker u, task x"):
        majority(frame([("x", "u", "cat"), ("x", "u", "dog")]))


@settings(max_examples=60, deadline=None)
@given(rows=VOTES)
def test_the_winner_has_more_votes_than_any_other(rows):
    votes = frame(rows)
    found = majority(votes)
    for task, mine in votes.groupby("task"):
        counts = mine["label"].value_counts()
        is_tie = (counts == counts.max()).sum() > 1
        assert found["is_tie"][task] == is_tie
        if not is_tie:
            assert found["label"][task] == counts.idxmax()


@settings(max_examples=20, deadline=None)
@given(rows=VOTES)
def test_crowd_kit_gives_the_same_where_nobody_ties(rows):
    # At a tie it takes a label in silence (the last in its order).
    aggregation = import_peer("crowdkit.aggregation")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = aggregation.MajorityVote().fit_predict(frame(rows))
    found = majority(frame(rows))
    clear = found[~found["is_tie"]]
    assert clear["label"].to_list() == theirs.reindex(clear.index).to_list()
