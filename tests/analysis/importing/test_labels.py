"""Aggregated labels come out as a table."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import report
from analysis.errors import AnalysisError
from analysis.importing import ImportOptions, import_frame
from analysis.reporting.labelling import COLUMNS, labels
from tests.analysis.importing.files import LONG, frame_of, written

CATEGORIES = frame_of(
    [(f"w{rater}", f"i{image}", "cat") for rater in range(2) for image in range(3)]
    + [
        ("w2", "i0", "cat"),
        ("w2", "i1", "dog"),
        ("w2", "i2", "fox"),
        ("w3", "i2", "fox"),
    ]
)


def test_a_label_is_what_most_said_and_a_tie_stays_empty():
    found = labels(import_frame(CATEGORIES, ImportOptions()), by="majority")
    assert list(found) == list(COLUMNS)
    rows = found.set_index("stimulus")
    assert rows["label"].to_dict() == {"i0": "cat", "i1": "cat", "i2": ""}
    assert rows["share"].to_dict() == pytest.approx({"i0": 1, "i1": 2 / 3, "i2": 0.5})
    assert rows["n_responses"].to_dict() == {"i0": 3, "i1": 3, "i2": 4}
    assert rows["is_tie"].to_dict() == {"i0": False, "i1": False, "i2": True}
    assert rows["tied"].to_dict() == {"i0": "", "i1": "", "i2": "cat|fox"}


def test_votes_that_differ_in_case_are_one_answer():
    frame = frame_of([("a", "i", "Yes"), ("b", "i", "yes"), ("c", "i", "no")])
    (label,) = labels(import_frame(frame, ImportOptions()), by="majority")["label"]
    assert label == "Yes"


def test_the_model_trusts_those_who_agree_with_the_others():
    # Three careful people agree on everything; two others always say "a". Where the
    # careful ones say "b" the majority of five has it as well, by three to two; with one
    # careful person missing it is a tie, which the model does not have.
    truth = ["a", "b"] * 10
    rows = [
        (f"careful{rater}", f"i{image}", each)
        for rater in range(3)
        for image, each in enumerate(truth)
        if not (rater == 2 and image == 1)
    ]
    rows += [
        (f"lazy{rater}", f"i{image}", "a") for rater in range(2) for image in range(20)
    ]
    bundle = import_frame(frame_of(rows), ImportOptions())
    by_most = labels(bundle, by="majority").set_index("stimulus")
    by_model = labels(bundle, by="dawid-skene").set_index("stimulus")
    assert by_most.loc["i1", "label"] == ""
    assert by_model.loc["i1", "label"] == "b"
    assert by_model["share"].min() > 0.9
    assert by_model["label"].tolist() == truth


def test_the_key_stands_beside_the_label():
    frame = CATEGORIES.assign(truth="cat")
    bundle = import_frame(frame, ImportOptions(columns={"key": "truth"}))
    assert set(labels(bundle, by="majority")["key"]) == {"cat"}


def test_texts_have_no_label():
    frame = frame_of([(f"w{n}", f"i{n}", f"text {n}") for n in range(40)])
    with pytest.raises(AnalysisError, match="no counted response is a choice"):
        labels(import_frame(frame, ImportOptions()), by="majority")


def test_one_person_alone_is_no_model():
    frame = frame_of([("ann", "a", "cat"), ("ann", "b", "dog")])
    with pytest.raises(AnalysisError, match="one worker"):
        labels(import_frame(frame, ImportOptions()), by="dawid-skene")


def test_labels_of_a_study_of_ours_are_written(tmp_path, small):
    out = tmp_path / "labels.csv"
    arguments = ["labels", str(small.folder), "--by", "majority", "--out", str(out)]
    done = CliRunner().invoke(report, arguments)
    assert done.exit_code == 0, done.output
    found = pd.read_csv(out, keep_default_na=False)
    assert set(found["label"]) <= {"yes", "no", ""}
    assert f"{len(found):,} labels" in done.stdout


def test_labels_come_straight_from_a_file(tmp_path):
    path, out = str(written(tmp_path, LONG)), tmp_path / "labels.parquet"
    mapped = "worker=Subject,stimulus=Image,response=Answer"
    arguments = ["labels", path, "--format", "long", "--map", mapped]
    done = CliRunner().invoke(
        report, [*arguments, "--by", "dawid-skene", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert set(pd.read_parquet(out)["stimulus"]) == {"cat.png", "dog.png"}


def test_maybe_counts_as_yes_where_that_is_asked_for():
    said = [("a", "i", "Yes"), ("b", "i", "maybe"), ("c", "i", "No"), ("d", "i", "No")]
    said += [("a", "j", "No"), ("b", "j", "No"), ("c", "j", "maybe"), ("d", "j", "Yes")]
    bundle = import_frame(
        frame_of([*said, ("e", "i", "maybe"), ("e", "j", "No")]),
        ImportOptions(yes=("Yes",), no=("No",), other=("maybe",)),
    )
    apart, together = (
        labels(bundle, by="majority", accept_maybe=counts).set_index("stimulus")
        for counts in (False, True)
    )
    # i: one yes, two maybes, two noes; j: one yes, one maybe, three noes.
    assert apart.loc["i", "tied"] == "No|maybe"
    assert together["label"].to_dict() == {"i": "Yes", "j": "No"}
    assert together["share"].to_dict() == pytest.approx({"i": 3 / 5, "j": 3 / 5})


def test_maybe_is_nothing_among_categories():
    with pytest.raises(AnalysisError, match="no question is answered by yes and no"):
        labels(
            import_frame(CATEGORIES, ImportOptions()), by="majority", accept_maybe=True
        )


def test_labels_can_be_taken_as_equally_frequent(tmp_path, small):
    counts = {}
    for how in ("estimated", "equal"):
        out = tmp_path / f"{how}.csv"
        arguments = ["labels", str(small.folder), "--by", "dawid-skene"]
        done = CliRunner().invoke(
            report, [*arguments, "--class-shares", how, "--out", str(out)]
        )
        assert done.exit_code == 0, done.output
        counts[how] = pd.read_csv(out)["share"].to_numpy()
    assert abs(counts["estimated"] - counts["equal"]).max() > 0.001
