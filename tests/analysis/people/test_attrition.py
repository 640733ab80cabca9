"""The way of the participants, on a study small enough to follow each of them."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analysis.elements.sections import Prose, Section
from analysis.people.attrition import (
    flow_by_condition,
    left_at,
    loss_tests,
    people,
    retention,
)
from analysis.people.exclusion_sections import exclusion, flow_section
from tests.analysis.bundle_maker import Plan

#         person, condition, state, is_valid, responses
JOURNEYS = [
    ("a1", "a", "completed", True, 4),
    ("a2", "a", "completed", False, 4),
    ("a3", "a", "withdrawn", False, 1),
    ("a4", "a", "expired", False, 0),  # started, responded to nothing
    ("b1", "b", "completed", True, 4),
    ("b1", "b", "started", None, 2),  # a second block, under way
    ("b2", "b", "started", None, 3),
    ("b3", "b", "expired", False, 1),
    ("b4", "b", "expired", False, None),  # never saw a trial
]
HEAD = {
    "flow": {"arrived": 11, "consented": 9, "failed_comprehension": 1},
    "flow_by_condition": [
        {"condition": "a", "arrived": 5, "consented": 4, "failed_comprehension": 0},
        {"condition": "b", "arrived": 6, "consented": 5, "failed_comprehension": 1},
    ],
}


@pytest.fixture
def journeys(make_bundle):
    bundle = make_bundle(Plan(n_images=10))
    rows = [
        {
            **bundle.sessions.iloc[0],
            "session": f"s{number}",
            "participant": person,
            "condition": condition,
            "state": state,
            "is_valid": is_valid,
            "exclusion_reason": "" if is_valid is not False else "long_run",
            "started_at": pd.NaT if n is None else pd.Timestamp("2030-01-01", tz="UTC"),
            "n_responses": n or 0,
            "n_trials": 4,
        }
        for number, (person, condition, state, is_valid, n) in enumerate(JOURNEYS)
    ]
    sessions = pd.DataFrame(rows).astype({"is_valid": "boolean"})
    nobody = bundle.responses.iloc[:0]
    head = {**bundle.head, **HEAD}
    return replace(bundle, sessions=sessions, responses=nobody, head=head)


def words(section: Section) -> str:
    return " ".join(b.text for b in section.blocks if isinstance(b, Prose))


def names(section: Section) -> list[str]:
    return [b.name for b in section.blocks if not isinstance(b, Prose)]


def test_each_person_is_at_one_step_of_the_way(journeys):
    told = people(journeys)
    assert len(told) == 8
    assert told.query("is_completed").index.tolist() == ["a1", "a2", "b1"]
    assert told.query("is_under_way").index.tolist() == ["b2"]
    assert told.query("is_left").index.tolist() == ["a3", "a4", "b3"]
    assert told.query("not is_started").index.tolist() == ["b4"]


def test_the_flow_is_told_for_each_condition_and_for_all(journeys):
    n = flow_by_condition(journeys).set_index(["condition", "step"])["n"]
    steps = ["arrived", "consented", "failed_comprehension"]
    steps += ["started", "left", "under_way", "completed", "valid"]
    assert n["a"][steps].tolist() == [5, 4, 0, 4, 2, 0, 2, 1]
    assert n["b"][steps].tolist() == [6, 5, 1, 3, 1, 1, 1, 1]
    assert n["all"][steps].tolist() == [11, 9, 1, 7, 3, 1, 3, 2]


def test_people_leave_at_a_trial(journeys):
    assert left_at(journeys).values.tolist() == [["a", 0, 1], ["a", 1, 1], ["b", 1, 1]]
    share = retention(journeys).set_index(["condition", "trial"])["share"]
    # In a one of four left before the first trial, one after it; b2 is under way.
    assert share["a"].tolist() == [1.0, 0.75, 0.5, 0.5, 0.5]
    assert share["b"].tolist() == [1.0, 1.0, 0.5, 0.5, 0.5]


def test_losses_are_compared_between_conditions(journeys):
    table = loss_tests(journeys).set_index(["lost", "condition"])
    assert table["n_lost"]["before the trials"].to_dict() == {"a": 0, "b": 2}
    during = table.loc["during the trials"]
    assert during["n_people"].to_dict() == {"a": 4, "b": 2}
    assert during["n_lost"].to_dict() == {"a": 2, "b": 1}
    # Of C(6, 3) = 20 ways to lose three, a loses two of four in C(4, 2) C(2, 1) = 12;
    # none is likelier: p = 1.
    assert during["p_value"].unique().tolist() == [1.0]
    rules = table.loc["by the quality rules"]
    # One of two against none of one: C(2, 1) of C(3, 1) = 3 ways, the other is
    # less likely: p = 1.
    assert rules["p_value"].unique().tolist() == [1.0]


def test_without_conditions_nothing_is_compared(small):
    assert loss_tests(small).empty
    assert set(flow_by_condition(small)["condition"]) == {"all"}


def test_what_nobody_counted_is_unknown_not_zero(journeys):
    without = replace(journeys, head={**journeys.head, "flow_by_condition": []})
    n = flow_by_condition(without).set_index(["condition", "step"])["n"]
    assert pd.isna(n["a", "arrived"])
    assert n["a", "started"] == 4
    assert "before the trials" not in set(loss_tests(without)["lost"])


def test_the_report_says_that_nothing_is_left(journeys):
    text = words(exclusion(journeys))
    assert "Nothing is left after exclusion, so there are no numbers." in text
    assert names(flow_section(journeys)) == [
        "flow",
        "flow",
        "retention",
        "left_at",
        "differential_loss",
    ]


def test_nobody_at_all_is_said_in_words(make_bundle):
    bundle = make_bundle(Plan(n_images=10))
    empty = replace(
        bundle,
        sessions=bundle.sessions.iloc[:0],
        responses=bundle.responses.iloc[:0],
        head={**bundle.head, "flow": {}},
    )
    assert "Nobody has taken part yet." in words(exclusion(empty))
    assert names(flow_section(empty)) == ["flow"]
    assert retention(empty).empty
    assert left_at(empty).empty
