"""Answers of crowd HTML elements: each is read as what it is, or refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.bundles.reading import Bundle
from analysis.cli import report
from analysis.importing import (
    ImportOptions,
    ImportRefusedError,
    import_bundle,
    import_frame,
)
from tests.analysis.importing.files import form, imported, written

BOXES = {
    "boundingBoxes": [{"height": 3, "label": "Cat", "left": 1, "top": 2, "width": 4}],
    "inputImageProperties": {"height": 533, "width": 800},
}
# What the form holds: what the bundle says.
NESTED: dict[str, tuple[Any, dict[str, str]]] = {
    "category": ({"category": {"label": "It's a cat"}}, {"": "It's a cat"}),
    "labels": ({"c": {"labels": ["a|b", "c"]}}, {"": '["a|b", "c"]'}),
    "no label": ({"c": {"labels": []}}, {"": "[]"}),
    "boxes": ({"pet": {"cat": True, "dog": True, "fox": False}}, {"": "cat|dog"}),
    "one box": ({"sure": {"on": False}}, {"": "false"}),
    "slider": ({"much": 0.5, "more": 10}, {"much": "0.5", "more": "10"}),
    "text": ({"why": '1 < 2, "so"\nit\'s'}, {"": '1 < 2, "so"\nit\'s'}),
    "drawn": ({"r": BOXES}, {"": json.dumps(BOXES, sort_keys=True)}),
    "several": (
        {"category": {"label": "Cat"}, "why": "it purrs", "left": None},
        {"category": "Cat", "why": "it purrs"},
    ),
}
FLATTENED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "category": ({"category.label": "Cat"}, {"": "Cat"}),
    "labels": ({"category.labels": '["a","b"]'}, {"": '["a", "b"]'}),
    "boxes": ({"pet.cat": "true", "pet.dog": "false"}, {"": "cat"}),
    "one box": ({"sure.on": "true"}, {"": "true"}),
    "drawn": (
        {
            "r.boundingBoxes": json.dumps(BOXES["boundingBoxes"]),
            "r.inputImageProperties.height": "533",
            "r.inputImageProperties.width": "800",
        },
        {"": json.dumps(BOXES, sort_keys=True)},
    ),
    "several": (
        {"category.label": "Cat", "sure.on": "true", "why": "it purrs"},
        {"category": "Cat", "sure": "true", "why": "it purrs"},
    ),
    "no parts": ({"q.1": "red", "q.2": "true"}, {"q.1": "red", "q.2": "true"}),
}


def batch(folder: Path, *answers: dict[str, str]) -> Path:
    """A batch file: one assignment of another worker for each set of answers."""
    path = folder / "batch.csv"
    names = [f"Answer.{name}" for name in answers[0]]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)  # noqa: TID251 - a file as others write it
        rows.writerow(["HITId", "AssignmentId", "WorkerId", "Input.image", *names])
        for number, each in enumerate(answers):
            rows.writerow(["H", f"A{number}", f"W{number}", "a.png", *each.values()])
    return path


def task(answers: Any) -> dict[str, str]:
    return {"taskAnswers": json.dumps([answers])}


def values(bundle: Bundle) -> dict[str, str]:
    """Question to value; "" where there is one question only."""
    questions = bundle.trials.set_index("trial")["question"]
    found = dict(
        zip(
            bundle.responses["trial"].map(questions),
            bundle.responses["value"],
            strict=True,
        )
    )
    (*_, only) = found.values()
    return {"": only} if len(found) == 1 else found


@pytest.mark.parametrize("name", NESTED)
def test_nested_answers_are_read_as_what_they_are(tmp_path: Path, name: str):
    sent, expected = NESTED[name]
    as_csv = imported(batch(tmp_path, task(sent)), format_name="mturk-csv")
    assert values(as_csv) == expected

    escaped = task(sent)["taskAnswers"].replace("&", "&amp;").replace("<", "&lt;")
    saved = {"AssignmentId": "A", "WorkerId": "W", "HITId": "H"}
    saved["Answer"] = form(taskAnswers=escaped)
    path = written(tmp_path, json.dumps({"Assignments": [saved]}), "replies.json")
    assert values(imported(path, format_name="mturk-json")) == expected


@pytest.mark.parametrize("name", FLATTENED)
def test_flattened_answers_are_put_together_again(tmp_path: Path, name: str):
    sent, expected = FLATTENED[name]
    bundle = imported(batch(tmp_path, sent), format_name="mturk-csv")
    assert values(bundle) == expected


def test_a_part_that_is_asked_for_by_name_stays_apart(tmp_path: Path):
    path = batch(tmp_path, {"pet.cat": "true", "pet.dog": "true"})
    columns = {"response": "Answer.pet.dog"}
    bundle = imported(path, format_name="mturk-csv", columns=columns)
    assert values(bundle) == {"": "true"}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (
            {"category": {"lable": "Cat"}},
            """'category' is {"lable": "Cat"}; expected""",
        ),
        ({"category": {"label": 7}}, "'category' is"),
        ({"pet": {"cat": True, "dog": "no"}}, "'pet' is"),
        ({"pet": {}}, "'pet' is {}"),
        ({"r": {"boundingBoxes": [], "mine": 1}}, "'r' is"),
    ],
)
def test_what_no_element_sends_is_refused_with_its_row(
    tmp_path: Path, sent: Any, words: str
):
    path = batch(tmp_path, task({"category": {"label": "Cat"}}), task(sent))
    with pytest.raises(ImportRefusedError) as caught:
        imported(path, format_name="mturk-csv")
    assert f"batch.csv, Answer.taskAnswers, row 2: {words}" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "[{},{}]", "[1]", "[", "[{'a':1}]", "[NaN]"]
)
def test_task_answers_that_are_none_are_refused(tmp_path: Path, text: str):
    with pytest.raises(ImportRefusedError, match=r"Answer\.taskAnswers, row 1: "):
        imported(batch(tmp_path, {"taskAnswers": text}), format_name="mturk-csv")


def test_a_question_answered_in_two_columns_is_refused(tmp_path: Path):
    sent = task({"pet": "cat"}) | {"pet": "dog"}
    with pytest.raises(ImportRefusedError, match=r"Answer\.pet, row 1: answered here"):
        imported(batch(tmp_path, sent), format_name="mturk-csv")


def test_flattened_parts_that_contradict_each_other_are_refused(tmp_path: Path):
    sent = {"r.boundingBoxes": "[]", "r.boundingBoxes.0": "1"}
    with pytest.raises(ImportRefusedError, match=r"batch\.csv, Answer\.r, row 1: "):
        imported(batch(tmp_path, sent), format_name="mturk-csv")


@pytest.mark.parametrize(
    ("name", "format_name", "text"),
    [
        ("batch.csv", "mturk-csv", None),
        ("votes.csv", "long", "worker,stimulus,response\n"),
        ("votes.csv", "crowd-kit", "task,worker,label\n"),
        ("replies.json", "mturk-json", '{"Assignments": []}'),
    ],
)
def test_a_file_without_a_response_is_refused_by_every_command(
    tmp_path: Path, name: str, format_name: str, text: str | None
):
    path = batch(tmp_path, task({"pet": {"cat": False, "dog": False}}))
    if text is not None:
        path = written(tmp_path, text, name)
    out = tmp_path / "report"
    done = CliRunner().invoke(
        report, ["make", str(path), "--format", format_name, "--out", str(out)]
    )
    assert done.exit_code == 1, done.output
    assert f"{name} cannot be imported" in str(done.exception)
    assert not out.exists()


def test_one_empty_file_beside_others_is_refused(tmp_path: Path):
    full = batch(tmp_path, task({"pet": {"cat": True, "dog": False}}))
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = batch(empty, task({"pet": {"cat": False, "dog": False}}))
    nothing = nothing.rename(tmp_path / "nothing.csv")
    with pytest.raises(ImportRefusedError, match=r"nothing\.csv holds no response"):
        import_bundle([full, nothing], ImportOptions(), format_name="mturk-csv")


def test_answers_that_some_left_empty_are_told(tmp_path: Path):
    sent = [task({"pet": {"cat": ticked, "dog": False}}) for ticked in (True, False)]
    bundle = imported(batch(tmp_path, *sent), format_name="mturk-csv")
    note = bundle.head["imported"]["notes"][0]
    assert note.startswith("batch.csv: of 2 assignments some left empty")
    assert note.endswith("Answer.pet (1)")


def test_lists_and_objects_in_cells_of_a_frame_stay_readable():
    frame = pd.DataFrame(
        {
            "worker": ["a", "b", "c"],
            "stimulus": "x",
            "response": [np.array(["cat", "dog"]), {"label": "cat"}, True],
        }
    )
    bundle = import_frame(frame, ImportOptions())
    assert bundle.responses["value"].tolist() == [
        '["cat", "dog"]',
        '{"label": "cat"}',
        "true",
    ]


def test_what_is_no_reply_in_a_file_of_replies_is_refused(tmp_path: Path):
    path = written(tmp_path, '[{"Assignments": []}, {"HITs": []}, "x"]', "r.json")
    with pytest.raises(ImportRefusedError) as caught:
        imported(path, format_name="mturk-json")
    assert str(caught.value).count("neither a reply nor an assignment") == 2
