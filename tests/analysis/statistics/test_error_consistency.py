from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.statistics.error_consistency import (
    error_consistency,
    mean_error_consistency,
)

NAMES: dict[str, Any] = {"decider": "who", "trial": "trial", "is_right": "right"}


def frame(**by_decider):
    """Right and wrong from strings: p="1101" is right, right, wrong, right."""
    rows = [
        (who, trial, letter == "1")
        for who, letters in by_decider.items()
        for trial, letter in enumerate(letters)
        if letter != "."
    ]
    return pd.DataFrame(rows, columns=["who", "trial", "right"])


def consistency(decisions, **options):
    return error_consistency(decisions, **NAMES, **options)


def test_error_consistency_by_hand():
    # 10 trials, p right on 8, q on 7; both right on 7, both wrong on 2.
    # Observed .9; by chance .8 · .7 + .2 · .3 = .62; (.9 - .62) / .38 = .7368.
    found = consistency(frame(p="1111111100", q="1111111000"))
    row = found.to_dict("records")[0]
    assert (row["n_shared"], row["accuracy_a"], row["accuracy_b"]) == (10, 0.8, 0.7)
    assert row["observed"] == pytest.approx(0.9)
    assert row["expected"] == pytest.approx(0.62)
    assert row["kappa"] == pytest.approx(0.28 / 0.38)
    assert np.isnan(row["low"])
    assert row["method"].endswith(
        "2 ratings other than the most frequent, fewer than 8"
    )


def test_the_same_errors_are_one_and_the_opposite_ones_minus_one():
    same = consistency(frame(p="1100", q="1100"))
    opposite = consistency(frame(p="1100", q="0011"))
    assert same["kappa"].to_list() == [1]
    assert opposite["kappa"].to_list() == [-1]


def test_two_who_never_err_have_nothing_to_be_consistent_about():
    found = consistency(frame(p="1111", q="1111"))
    assert found["observed"].to_list() == [1]
    assert found[["kappa", "low", "high"]].isna().all(axis=None)
    never = consistency(frame(p="0000", q="0000"))
    assert never["accuracy_a"].to_list() == [0]
    assert never["kappa"].isna().all()


def test_only_trials_in_common_count():
    found = consistency(frame(p="110.", q=".101", r="1..."))
    n_shared = found.set_index(["decider_a", "decider_b"])["n_shared"].to_dict()
    assert n_shared == {("p", "q"): 2, ("p", "r"): 1}


def simulated(rng, *, shared, n_trials=400, n_people=6):
    """Everybody is right on 80 %; with probability `shared` they share one fate."""
    fate = rng.random(n_trials) < 0.8
    own = rng.random((n_people, n_trials)) < 0.8
    right = np.where(rng.random(n_trials) < shared, fate, own)
    frame = pd.DataFrame(right).stack().reset_index()
    frame.columns = pd.Index(["who", "trial", "right"])
    return frame


def test_known_consistency_comes_back():
    # Trials with one fate agree wholly, others by chance: kappa is their share.
    rng = np.random.default_rng(3)
    for shared in (0.0, 0.4):
        decisions = simulated(rng, shared=shared, n_trials=2500)
        pairs = consistency(decisions)
        assert pairs["kappa"].mean() == pytest.approx(shared, abs=0.06)
        pooled = mean_error_consistency(decisions, **NAMES)
        assert pooled.value == pytest.approx(shared, abs=0.06)
        assert pooled.low < pooled.value < pooled.high < pooled.low + 0.2
        assert pooled.n == 15 * 2500


def test_the_classifier_is_the_one_it_is():
    # The interval for other people is wider than the one for these.
    rng = np.random.default_rng(4)
    decisions = simulated(rng, shared=0.5, n_people=17)
    decisions["who"] = decisions["who"].map(str)
    reach = rng.random(17) < 0.3
    leans = decisions["who"].map(dict(zip(map(str, range(17)), reach, strict=True)))
    decisions["right"] |= leans & (decisions["who"] != "0")
    people = [str(i) for i in range(1, 17)]
    both = (people, ["0"])
    others = mean_error_consistency(decisions, between=both, **NAMES)
    these = mean_error_consistency(decisions, between=both, drawn=[], **NAMES)
    assert others.value == these.value
    assert others.high - others.low > 1.1 * (these.high - these.low)
    assert (others.n_people, these.n_people) == (16, 0)
    assert "other people and units" in others.method


def test_a_classifier_that_hardly_errs_gives_no_interval():
    rng = np.random.default_rng(5)
    decisions = simulated(rng, shared=0.4, n_people=20).astype({"who": str})
    is_net = decisions["who"] == "0"
    decisions.loc[is_net, "right"] = decisions.loc[is_net, "trial"] >= 7
    found = mean_error_consistency(
        decisions, between=([str(i) for i in range(1, 20)], ["0"]), **NAMES
    )
    assert np.isnan(found.low)
    assert "7 ratings other than the most frequent" in found.method


def test_people_are_set_against_a_classifier_by_hand():
    # With the net (2 right of 5): p agrees on 4, q on 4. Right on both of different
    # trials: (3 · 2 + 2 · 3 - 4) / 20 = .4 of 5 trials is 2, for p and for q.
    # (4 - 2 + 4 - 2) / (5 - 2 + 5 - 2) = 2 / 3.
    decisions = frame(p="11100", q="11010", net="11000")
    found = mean_error_consistency(
        decisions,
        between=(["p", "q"], ["net"]),
        **NAMES,
    )
    assert found.value == pytest.approx(2 / 3)
    assert found.n == 10


def test_pairs_that_share_few_trials_do_not_pull_the_pooled_value_down():
    # 300 pairs share 3 trials each; kappa by pair would come out near half of .4.
    rng = np.random.default_rng(6)
    parts = []
    for block in range(300):
        part = simulated(rng, shared=0.4, n_trials=3, n_people=2)
        parts.append(
            part.assign(who=part["who"] + 2 * block, trial=part["trial"] + 3 * block)
        )
    decisions = pd.concat(parts)
    pooled = mean_error_consistency(decisions, **NAMES)
    assert pooled.value == pytest.approx(0.4, abs=0.1)
    assert error_consistency(decisions, **NAMES)["kappa"].mean() < 0.3


def test_a_second_decision_on_a_trial_is_refused():
    twice = pd.concat([frame(p="11"), frame(p="1")])
    with pytest.raises(
        AnalysisError, match=r"decided a trial twice: row 3 .who p, tri"
    ):
        consistency(twice)
    with pytest.raises(AnalysisError, match=r"got 2 in row 2"):
        consistency(frame(p="11").assign(right=[1, 2]))
    assert consistency(frame()).empty


@settings(max_examples=40, deadline=None)
@given(
    letters=st.lists(st.tuples(*[st.sampled_from("01")] * 2), min_size=2, max_size=30)
)
def test_it_is_symmetric_and_at_most_one(letters):
    p, q = ("".join(each) for each in zip(*letters, strict=True))
    one, two = consistency(frame(p=p, q=q)), consistency(frame(p=q, q=p))
    assert one["kappa"][0] == pytest.approx(two["kappa"][0], nan_ok=True)
    assert np.isnan(one["kappa"][0]) or -1 <= one["kappa"][0] <= 1 + 1e-12


def test_independent_deciders_have_a_kappa_of_zero_on_average():
    # A thousand pairs, each on 100 trials of its own, right on 80 and on 65 %.
    rng = np.random.default_rng(20180911)
    right = rng.random((1000, 2, 100)) < np.array([0.8, 0.65])[:, None]
    study, decider, trial = (place.ravel() for place in np.indices(right.shape))
    frame = pd.DataFrame(
        {
            "who": 2 * study + decider,
            "trial": 100 * study + trial,
            "right": right.ravel(),
        }
    )
    found = error_consistency(frame, decider="who", trial="trial", is_right="right")
    assert len(found) == 1000
    assert found["kappa"].mean() == pytest.approx(0.0, abs=0.01)


def test_identical_errors_have_a_kappa_of_one():
    right = np.random.default_rng(1).random(60) < 0.7
    frame = pd.DataFrame(
        {
            "who": np.repeat(["one", "other"], 60),
            "trial": np.tile(np.arange(60), 2),
            "right": np.tile(right, 2),
        }
    )
    of: dict[str, Any] = {"decider": "who", "trial": "trial", "is_right": "right"}
    assert error_consistency(frame, **of)["kappa"].item() == 1.0
    assert mean_error_consistency(frame, **of).value == pytest.approx(1.0)
