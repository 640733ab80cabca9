"""What keeps a million responses small: cells and frames that are shared, not copied."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.bundles.example import example_bundle
from analysis.bundles.frames import shared_text, taken
from analysis.bundles.reading import Bundle
from analysis.importing.base import ImportOptions
from analysis.importing.imported_bundles import import_frame


@pytest.mark.parametrize("kind", ["str", "category", "object"])
def test_equal_cells_are_one_object_and_say_what_they_said(kind: str) -> None:
    column = pd.Series(["yes", "no", "yes"], index=[4, 2, 0], name="value", dtype=kind)
    found = shared_text(column)
    assert found.to_dict() == {4: "yes", 2: "no", 0: "yes"}
    assert found.dtype == np.dtype(object)
    assert found.name == "value"
    assert found[4] is found[0]


@pytest.mark.parametrize("kind", ["str", "category"])
def test_what_is_missing_stays_missing(kind: str) -> None:
    found = shared_text(pd.Series(["yes", None], dtype=kind))
    assert found.isna().tolist() == [False, True]


def test_imported_responses_share_their_cells() -> None:
    frame = pd.DataFrame(
        {
            "worker": [f"rater {n % 3}" for n in range(30)],
            "stimulus": [f"image {n // 3}.jpg" for n in range(30)],
            "response": ["yes", "no"] * 15,
        }
    )
    rows = import_frame(frame, ImportOptions(), key=b"key").responses
    n_objects = {name: rows[name].map(id).nunique() for name in _TEXT}
    # 3 people once each, 10 trials, one field, two responses; not 30 of each.
    assert n_objects == {
        "session": 3, "participant": 3, "trial": 10, "field": 1, "value": 2
    }  # fmt: skip


_TEXT = ("session", "participant", "trial", "field", "value")


def test_nothing_is_copied_where_every_row_is_taken() -> None:
    rows = pd.DataFrame({"vote": [1, 0]})
    assert taken(rows, rows["vote"] >= 0) is rows
    assert taken(rows, rows["vote"] > 0)["vote"].to_list() == [1]


def test_what_trials_say_stands_beside_responses_whatever_their_index() -> None:
    bundle = example_bundle()
    rows = bundle.single_responses.iloc[[5, 1]]
    told = bundle.told_of_trials(rows, ["role", "question"])
    by_trial = bundle.trials.set_index("trial")
    for name, found in told.items():
        pd.testing.assert_series_equal(
            found, rows["trial"].map(by_trial[name]), check_names=False
        )


def test_a_trial_that_is_not_there_says_nothing() -> None:
    rows = pd.DataFrame({"trial": ["none such"]})
    assert example_bundle().told_of_trials(rows, ["role"])["role"].isna().all()


def _with_two_fields(bundle: Bundle) -> Bundle:
    """Each response says how sure it is in a second row."""
    rows = bundle.responses
    sure = rows.assign(field="confidence", value="3")
    both = pd.concat([rows, sure]).sort_index(kind="stable", ignore_index=True)
    return replace(bundle, responses=both)


@pytest.mark.parametrize("has_two_fields", [False, True])
def test_each_response_is_there_once_with_its_first_value(has_two_fields: bool) -> None:
    bundle = example_bundle()
    wanted = bundle.responses.set_index("response")["value"]
    if has_two_fields:
        bundle = _with_two_fields(bundle)
    single = bundle.single_responses
    assert single["response"].to_list() == wanted.index.to_list()
    assert bundle.single_values.to_list() == wanted.to_list()
    assert bundle.single_values.index.equals(single.index)


def test_people_who_withdrew_are_in_none_of_it() -> None:
    bundle = _with_two_fields(example_bundle())
    sessions = bundle.sessions
    gone = sessions["session"].iloc[0]
    state = np.where(sessions["session"] == gone, "withdrawn", sessions["state"])
    left = replace(bundle, sessions=sessions.assign(state=state))
    assert gone in set(bundle.counted_rows["session"])
    for rows in (left.single_responses, left.counted_responses, left.counted_rows):
        assert gone not in set(rows["session"])
    assert len(left.single_values) == len(left.single_responses)
    assert len(left.counted_rows) == 2 * len(left.counted_responses)
