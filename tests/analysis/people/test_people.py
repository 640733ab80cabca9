"""Exclusions, agreement, controls and the audit."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.measures.audit.numbers import audited_levels
from analysis.measures.yes_bias.numbers import (
    accepted_by_draw,
    catch_accuracy,
    control_rates,
)
from analysis.people.exclusions import before_after, fate, reasons, response_exclusions
from analysis.statistics.agreement import krippendorff_alpha
from tests.analysis.bundle_maker import Plan


def test_alpha_of_krippendorffs_own_example():
    # Krippendorff (2011), section C: four observers, twelve units, nominal 0.743.
    coders = (
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
    ratings = pd.DataFrame(
        [
            (unit, value)
            for coder in coders
            for unit, value in enumerate(coder.split())
            if value != "."
        ],
        columns=["unit", "value"],
    )
    alpha = krippendorff_alpha(ratings, unit="unit", value="value")
    assert alpha == pytest.approx(0.743, abs=5e-4)


def test_alpha_is_undefined_without_pairs_or_without_variety():
    single = pd.DataFrame({"unit": ["a", "b"], "value": [1, 0]})
    same = pd.DataFrame({"unit": ["a", "a"], "value": [1, 1]})
    assert isnan(krippendorff_alpha(single, unit="unit", value="value"))
    assert isnan(krippendorff_alpha(same, unit="unit", value="value"))


def test_every_session_has_one_fate(small):
    table = reasons(small)
    assert table["n_sessions"].sum() == len(small.sessions)
    assert table["reason"].iloc[0] == "valid"
    assert set(table["reason"]) == {"valid", "withdrawn", "catch accuracy below 0.8"}


def test_an_unjudged_session_is_neither_valid_nor_excluded():
    sessions = pd.DataFrame(
        {
            "is_valid": pd.array([None, True, False], dtype="boolean"),
            "exclusion_reason": ["", "", ""],
            "state": ["completed", "completed", "completed"],
        }
    )
    assert fate(sessions).to_list() == ["not judged yet", "valid", "no reason given"]


def test_before_exclusion_holds_the_votes_of_invalid_sessions(small):
    before, after = before_after(small).to_dict("records")
    valid = small.sessions[small.sessions["is_valid"].fillna(value=False)]
    assert after["n_participants"] == valid["participant"].nunique()
    assert before["n_participants"] > after["n_participants"]
    assert before["n_votes"] == after["n_votes"] == 5 * after["n_trials"]


def test_people_who_withdrew_are_counted_in_the_flow_only(small):
    withdrawn = set(small.sessions.query("state == 'withdrawn'")["session"])
    assert withdrawn
    assert small.responses["session"].isin(withdrawn).any()
    for votes in (small.votes_before_exclusion, small.votes, small.single_responses):
        assert not votes["session"].isin(withdrawn).any()
    before = before_after(small).iloc[0]
    others = small.sessions.query("state != 'withdrawn'")
    assert before["n_sessions"] <= len(others)
    lost = reasons(small).set_index("reason").loc["withdrawn"]
    assert lost["n_sessions"] == small.head["flow"]["withdrawn"] == len(withdrawn)


def test_before_and_after_are_told_apart_by_condition(make_bundle):
    bundle = make_bundle(Plan(n_images=200, conditions=("a", "b"), invalid_share=0.4))
    assert set(before_after(bundle)["condition"]) == {"a", "b"}


def test_responses_left_out_by_themselves_are_counted_per_condition(make_bundle):
    bundle = make_bundle(Plan(n_images=60, conditions=("a", "b"), invalid_share=0.0))
    assert response_exclusions(bundle).empty
    # In condition b every response at an even place was too slow.
    in_b = bundle.sessions.query("condition == 'b'")["session"]
    is_slow = bundle.responses["session"].isin(in_b) & (
        bundle.responses["position"] % 2 == 0
    )
    judged = bundle.with_validity(
        sessions=pd.Series("", index=bundle.sessions.index),
        responses=is_slow.map({True: "response_too_slow", False: ""}),
    )
    table = response_exclusions(judged).set_index("condition")
    assert table["reason"].tolist() == ["response_too_slow"] * 2
    assert (table["n_left_out"]["a"], table["share"]["a"]) == (0, 0.0)
    main = bundle.trials.loc[bundle.trials["role"] == "main", "trial"]
    expected = (is_slow & bundle.responses["trial"].isin(main)).sum()
    assert table["n_left_out"]["b"] == expected
    assert table["low"]["b"] < table["share"]["b"] < table["high"]["b"]
    after = before_after(judged).set_index(["condition", "stage"])["n_responses"]
    assert after["b", "after"] < after["b", "before"]
    assert after["a", "after"] >= after["a", "before"]


def test_controls_count_valid_people_per_kind(small):
    rates = {rate.control: rate for rate in control_rates(small)}
    assert set(rates) == {"known_yes", "known_no", "random_foil", "hard_foil"}
    assert rates["known_yes"].says_yes.value > 0.9
    assert rates["known_no"].says_yes.value < rates["hard_foil"].says_yes.value < 0.5
    valid = small.single_responses[small.single_responses["is_valid"].fillna(False)]
    kinds = small.trials.set_index("trial")["control"]
    mine = valid[valid["trial"].map(kinds) == "hard_foil"]
    assert rates["hard_foil"].says_yes.n == len(mine)
    assert rates["hard_foil"].says_yes.value == pytest.approx(
        mine["accepts"].astype(float).mean()
    )


def test_catch_accuracy_rises_with_exclusion(small):
    every = catch_accuracy(small, only_valid=False)
    valid = catch_accuracy(small, only_valid=True)
    assert every.value < valid.value
    assert every.n > valid.n


def test_a_foil_with_many_votes_is_judged_as_n_would():
    # 5 of 10 said yes. At least 4 of 5 drawn: (C(5,4)·C(5,1) + C(5,5)) / C(10,5)
    # = 26 / 252. The trial with 4 votes cannot be drawn from.
    votes = pd.DataFrame(
        {
            "trial": ["a"] * 10 + ["b"] * 4,
            "accepts": [True] * 5 + [False] * 5 + [True] * 4,
        }
    )
    drawn = accepted_by_draw(votes, k=4, n=5)
    assert drawn.to_dict() == pytest.approx({"a": 26 / 252})


def test_the_audit_weighs_its_sample_back(make_bundle):
    bundle = make_bundle(Plan(n_images=200, n_audited=200))
    resolved = bundle.votes.groupby("trial")["accepts"].sum()
    errors = bundle.uses.loc[bundle.uses["shows"] == "top1", "trial"]
    audit = bundle.audit.set_index("trial")["accepts"]
    for level in audited_levels(bundle):
        mine = [t for t in errors if resolved[t] >= level.k]
        expected = np.mean([not audit[t] for t in mine])
        # Every trial was audited, so weighting changes nothing.
        assert level.n_accepted == level.n_audited == len(mine)
        assert level.false_positive.value == pytest.approx(expected)


def test_an_audit_that_misses_a_stratum_gives_no_number(make_bundle):
    bundle = make_bundle(Plan(n_images=200, n_audited=2))
    first = audited_levels(bundle)[0]
    assert first.n_audited <= 2
    assert isnan(first.false_positive.value)
