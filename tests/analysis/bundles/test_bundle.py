from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.bundles.reading import BundleError, read_bundle
from analysis.bundles.schema import TABLES
from tests.analysis.bundle_maker import Plan, rehash, write_bundle

TINY = Plan(n_images=30, has_images=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle", TINY, rng=np.random.default_rng(1))


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    rehash(folder)


def problems(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_bundle(folder)
    return str(caught.value)


def test_a_sound_bundle_is_read_with_types(folder):
    bundle = read_bundle(folder)
    assert bundle.n == 5
    assert bundle.k == 4
    assert bundle.is_simulated
    assert bundle.votes["accepts"].dtype == bool
    assert bundle.votes.groupby("trial").size().max() == 5
    assert bundle.responses["received_at"].dt.tz is not None
    assert bundle.class_names["3"] == "class 3"


def test_parquet_reads_like_csv(tmp_path):
    plans = {kind: Plan(n_images=30, file_format=kind) for kind in ("csv", "parquet")}
    read = {
        kind: read_bundle(
            write_bundle(tmp_path / kind, plan, rng=np.random.default_rng(1))
        )
        for kind, plan in plans.items()
    }
    for name in TABLES:
        one, two = (getattr(bundle, name) for bundle in read.values())
        pd.testing.assert_frame_equal(one, two, check_dtype=False)


def test_a_class_called_na_stays_a_class(folder):
    change(folder, "classes.csv", "class 3", "NA")
    assert read_bundle(folder).class_names["3"] == "NA"


def test_a_folder_without_a_bundle_says_how_to_make_one(tmp_path):
    with pytest.raises(BundleError, match=r"it has no bundle\.json; make one with"):
        read_bundle(tmp_path)


def test_another_schema_version_is_refused(folder):
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    (folder / "bundle.json").write_text(json.dumps({**head, "schema_version": 9}))
    assert "schema version 1 or 2 was expected, got 9" in problems(folder)


def test_a_head_without_a_design_is_refused(folder):
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    del head["design"]
    (folder / "bundle.json").write_text(json.dumps(head))
    assert "design.responses_per_trial, design.agreement missing" in problems(folder)


def test_a_file_changed_after_the_export_is_named(folder):
    with (folder / "survey.csv").open("a") as handle:
        handle.write("s00001,p,comment,late\n")
    assert "survey.csv was changed after the export" in problems(folder)


def test_a_file_that_is_gone_is_named(folder):
    (folder / "uses.csv").unlink()
    said = problems(folder)
    assert "uses.csv is listed in bundle.json but missing" in said


def test_a_missing_column_is_named(folder):
    change(folder, "responses.csv", "acceptance_order", "order")
    assert "responses.csv: column acceptance_order missing" in problems(folder)


def test_unknown_values_name_their_rows(folder):
    change(folder, "trials.csv", ",main,", ",mian,")
    said = problems(folder)
    assert "trials.csv, role, row 1: expected main, practice" in said
    assert "got 'mian'" in said


def test_every_problem_is_said_at_once(folder):
    change(folder, "sessions.csv", ",completed,", ",vanished,")
    change(folder, "responses.csv", "1500.5", "fast")
    change(folder, "audit.csv", "accepts", "verdict")
    said = problems(folder)
    assert "sessions.csv, state, row" in said
    assert "responses.csv, rt_ms, row 1: expected a number, got 'fast'" in said
    assert "audit.csv: column accepts missing" in said


def test_a_repeated_row_is_named(folder):
    path = folder / "trials.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[1]]), "utf-8")
    rehash(folder)
    assert f"trials.csv, row {len(lines)}: trial came before" in problems(folder)


def test_a_response_to_an_unknown_trial_is_named(folder):
    trials = pd.read_csv(folder / "trials.csv", dtype=str, keep_default_na=False)
    change(folder, "trials.csv", trials["trial"][0], "f" * 32)
    assert "responses, trial, rows" in problems(folder)


def test_a_vote_counted_out_of_order_is_named(folder):
    frame = pd.read_csv(folder / "responses.csv", dtype=str, keep_default_na=False)
    first = frame.index[frame["is_counted"] == "true"][0]
    frame.loc[first, "is_counted"] = "false"
    frame.to_csv(folder / "responses.csv", index=False)
    rehash(folder)
    assert f"responses, is_counted, row {first + 1}: not the first 5" in problems(
        folder
    )


def test_an_empty_file_is_named(folder):
    (folder / "uses.csv").write_bytes(b"")
    rehash(folder)
    assert "uses.csv cannot be read" in problems(folder)


def test_the_exporter_writes_every_column_the_analysis_reads():
    columns = pytest.importorskip("study_server.services.bundles.columns")
    for name, table in TABLES.items():
        written = {column.name: column.type for column in columns.TABLES[name]}
        read = {name: column.type for name, column in table.columns.items()}
        assert read == {name: written[name] for name in read}, name


def test_ten_million_rows_are_refused_before_they_fill_memory(folder):
    path = folder / "responses.csv"
    header = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(header + b"\n" + b"x\n" * 10_000_000)
    rehash(folder)
    assert "responses.csv has 10,000,000 rows" in problems(folder)


RELEVANT = {
    "name": "relevant",
    "type": "choice",
    "choices": ["yes", "no"],
    "yes": ["yes"],
    "no": ["no"],
    "description": "whether the class is relevant",
}
ASKED = {
    "fields": [RELEVANT],
    "vote": {"fields": ["relevant"]},
    "wording": "Is {class} there?",
}


def declare(folder: Path, questions: object) -> None:
    path = folder / "bundle.json"
    head = json.loads(path.read_text("utf-8"))
    told = {**head, "schema_version": 2, "questions": questions}
    path.write_text(json.dumps(told), "utf-8")


def test_a_bundle_s_own_declaration_is_read(folder):
    declare(folder, {"relevant": ASKED})
    (question,) = read_bundle(folder).questions.values()
    assert question.wording == "Is {class} there?"
    assert question.accepts({"relevant": "yes"}) is True


def test_a_declaration_that_cannot_be_read_is_refused_in_words(folder):
    declare(folder, {"relevant": {**ASKED, "vote": {"fields": ["seen"]}}})
    assert "question 'relevant': vote: no field 'seen' is declared" in problems(folder)


def test_trials_and_responses_that_nobody_declared_are_named(folder):
    declare(folder, {"other": ASKED})
    assert "trials, question, rows 1, 2, 3" in problems(folder)
    declare(folder, {"relevant": {"fields": [{**RELEVANT, "name": "seen"}]}})
    found = problems(folder)
    assert "'relevant' is no field that the question 'relevant' declares" in found


def test_a_bundle_of_before_gets_the_declaration_of_its_paradigm(folder):
    question = read_bundle(folder).questions["relevant"]
    assert question.fields[0].words == {"yes": "Yes", "no": "No"}
    assert question.vote is not None


def test_a_bundle_of_before_in_an_unknown_paradigm_gets_what_is_seen(folder):
    change(folder, "bundle.json", '"relevance"', '"of another package"')
    question = read_bundle(folder).questions["relevant"]
    assert (question.fields[0].yes, question.fields[0].no) == (("yes",), ("no",))
    assert question.accepts({"relevant": "no"}) is False


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("design", {"agreement": 6}, "k = 6 of n = 5 people can never be reached"),
        ("design", {"agreement": 0}, "design.agreement: expected a whole number"),
        ("design", {"responses_per_trial": "five"}, "at least 1, got 'five'"),
        ("classifier", {"n_top1_wrong": 31}, "n_top1_wrong is 31, of 30 images seen"),
        ("classifier", {"n_seen": -1}, "n_seen is no count: -1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(folder, part, change, words):
    path = folder / "bundle.json"
    head = json.loads(path.read_text("utf-8"))
    found = head["design"] if part == "design" else head["stimuli"]["classifiers"][0]
    found.update(change)
    path.write_text(json.dumps(head), "utf-8")
    assert words in problems(folder)
