"""Which responses count, on tables small enough to count by eye."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.bundles.counting import answers_of, is_counted, is_given, is_repeated
from tests.analysis.bundle_maker import Plan

TRIALS = pd.DataFrame({"trial": ["t", "c"], "role": ["main", "catch"]})


def table(*rows: tuple[str, str, str, bool | None]) -> pd.DataFrame:
    """Rows of trial, participant, value, is_valid in the order of acceptance."""
    frame = pd.DataFrame(rows, columns=["trial", "participant", "value", "is_valid"])
    return frame.assign(
        response=[str(number) for number in range(len(frame))],
        acceptance_order=range(1, len(frame) + 1),
        n_display_failures=(frame["value"] == "").astype(int),
        is_valid=frame["is_valid"].astype("boolean"),
    )


def test_the_first_n_valid_responses_count_whatever_they_say():
    rows = table(
        ("t", "p", "", True),  # its image failed to show
        ("t", "q", "cannot-tell", False),
        ("t", "r", "cannot-tell", True),
        ("t", "s", "2", None),
        ("t", "u", "yes", True),
        ("t", "v", "no", True),
        ("c", "p", "yes", True),
    )
    counted = is_counted(rows, trials=TRIALS, n=2)
    assert counted.tolist() == [False, False, True, False, True, False, False]


def test_validity_may_come_as_plain_objects():
    rows = table(
        ("t", "p", "yes", True), ("t", "q", "no", None), ("t", "r", "no", True)
    )
    rows["is_valid"] = pd.Series([True, None, True], dtype=object)
    counted = is_counted(rows, trials=TRIALS, n=2)
    assert counted.tolist() == [True, False, True]


def test_every_field_of_a_response_counts_or_none():
    rows = table(("t", "p", "present", True), ("t", "p", "", True))
    rows = rows.assign(response="1", acceptance_order=1, n_display_failures=0)
    assert is_counted(rows, trials=TRIALS, n=1).tolist() == [True, True]


def test_a_response_is_given_unless_it_is_empty_after_a_failed_display():
    rows = table(("t", "p", "yes", True), ("t", "q", "", True), ("t", "r", "", True))
    # Somebody saw the image at the second try; somebody wrote nothing on purpose.
    rows["n_display_failures"] = [1, 0, 1]
    given = is_given(rows)
    assert given.dtype == bool
    assert given.tolist() == [True, True, False]


def test_one_field_with_a_value_makes_the_whole_response_given():
    rows = table(("t", "p", "present", True), ("t", "p", "", True))
    rows = rows.assign(response="1", n_display_failures=1)
    assert is_given(rows).tolist() == [True, True]
    assert answers_of(rows).to_dict() == {"1": "present|"}


def test_the_fields_of_a_response_are_one_of_the_n_and_repeat_nothing():
    rows = table(
        ("t", "p", "present", True),
        ("t", "p", "sure", True),
        ("t", "q", "absent", True),
        ("t", "q", "unsure", True),
        ("t", "r", "absent", True),
    )
    rows = rows.assign(response=list("11223"), acceptance_order=[1, 1, 2, 2, 3])
    # The first two people, each with both fields; not the third.
    counted = is_counted(rows, trials=TRIALS, n=2)
    assert counted.tolist() == [True, True, True, True, False]
    assert not is_repeated(rows).any()


def test_a_response_of_one_field_says_what_is_in_it():
    rows = table(("t", "q", "no", True), ("t", "p", "yes", True))
    said = answers_of(rows.assign(response=["9", "3"]))
    assert list(said.items()) == [("9", "no"), ("3", "yes")]
    assert said.dtype == object


def test_responses_of_several_fields_stay_in_the_order_they_came():
    rows = table(("t", "p", "present", True), ("t", "p", "sure", True))
    both = pd.concat([rows.assign(response="2"), rows.assign(response="1")])
    assert list(answers_of(both).items()) == [
        ("2", "present|sure"),
        ("1", "present|sure"),
    ]


def test_acceptance_order_decides_not_the_order_of_rows():
    rows = table(("t", "p", "yes", True), ("t", "q", "no", True))
    rows["acceptance_order"] = [2, 1]
    assert is_counted(rows, trials=TRIALS, n=1).tolist() == [False, True]


def test_a_second_response_of_a_person_is_repeated_unless_the_first_failed():
    rows = table(
        ("t", "p", "", True),
        ("t", "p", "yes", True),
        ("t", "p", "no", True),
        ("t", "q", "no", True),
    )
    assert is_repeated(rows).tolist() == [False, False, True, False]


def test_before_exclusion_any_measure_sees_everybody_but_who_withdrew(small):
    before = small.before_exclusion
    withdrew = small.sessions["state"] == "withdrawn"
    assert (before.sessions["is_valid"] == ~withdrew).all()
    assert set(before.sessions.loc[withdrew, "exclusion_reason"]) == {"withdrawn"}
    mine = before.responses.merge(
        small.trials[["trial", "role"]], on="trial", validate="many_to_one"
    )
    mine = mine[~mine["session"].isin(small.sessions.loc[withdrew, "session"])]
    mine = mine[mine["role"] == "main"].sort_values("acceptance_order")
    expected = mine.groupby("trial").head(small.n)
    assert set(before.votes["trial"]) == set(expected["trial"])
    assert len(before.votes) == len(expected) > 0
    # Nothing of the bundle itself changes.
    assert not small.sessions["is_valid"].fillna(value=False).all()


def test_leaving_everybody_out_leaves_no_vote(small):
    nobody = small.with_validity(
        sessions=pd.Series("catch_accuracy", index=small.sessions.index),
        responses=pd.Series("", index=small.responses.index),
    )
    assert nobody.votes.empty
    assert set(nobody.responses["exclusion_reason"]) == {"session"}


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_bundle_without_the_later_columns_is_read(make_bundle, file_format):
    bundle = make_bundle(Plan(n_images=10, file_format=file_format))
    assert bundle.responses["wall_ms"].isna().all()
    assert bundle.sessions["n_trials"].isna().all()
