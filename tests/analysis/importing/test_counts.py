"""Counts without raters come in as counts, and nobody is made up for them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import report
from analysis.errors import AnalysisError
from analysis.importing import (
    ImportOptions,
    ImportRefusedError,
    import_bundle,
    import_counts,
    read_responses,
)
from analysis.importing.formats.crowd_kit import to_crowd_kit
from analysis.measures import measures_of
from analysis.measures.counted_answers.numbers import counted_agreement, counted_shares
from analysis.reporting.labelling import labels
from analysis.reporting.report import headline_table, report_sections
from analysis.statistics.agreement import krippendorff_alpha
from tests.analysis.importing.files import written

WIDE = "image,truth,cat,dog\na.png,cat,8,2\nb.png,dog,5,5\nc.png,dog,0,10\n"
LONG_COUNTS = (
    "image,truth,answer,people\n"
    "a.png,cat,cat,8\na.png,cat,dog,2\nb.png,dog,cat,5\nb.png,dog,dog,5\n"
    "c.png,dog,dog,10\nc.png,dog,cat,0\n"
)
KEYED = {"key": "truth"}


def counted(path, **options):
    return import_bundle([path], ImportOptions(**options), format_name="counts")


def refused(path, **options):
    with pytest.raises(ImportRefusedError) as caught:
        counted(path, **options)
    return str(caught.value)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counts")
    return counted(written(folder, WIDE, "counts.csv"), columns=KEYED)


def test_counts_are_kept_and_no_person_is_made_up(wide):
    assert wide.responses.empty
    assert wide.sessions.empty
    assert int(wide.counts["n"].sum()) == 30
    assert not wide.has_raters
    told = [each.name for each in measures_of(wide) if each.sections(wide)]
    assert told == ["counted-answers"]


def test_shares_are_of_all_responses(wide):
    shares = {each.name: each.share for each in counted_shares(wide)}
    assert shares["cat"].value == pytest.approx(13 / 30)
    assert shares["right"].value == pytest.approx((8 + 5 + 10) / 30)
    # b is a tie, which is not right.
    assert shares["most frequent answer is right"].value == pytest.approx(2 / 3)
    # Standard error by hand: right less 23/30 of ten are 1/3, -8/3, 7/3; their squares
    # sum to 114/9; times 3/2 for three images; its root over 30 responses.
    expected = (114 / 9 * 3 / 2) ** 0.5 / 30
    assert shares["right"].standard_error == pytest.approx(expected)
    assert shares["right"].n_people == 0


def test_agreement_of_counts_is_that_of_the_responses_they_count(wide):
    rows = [
        (row.trial, row.value) for row in wide.counts.itertuples() for _ in range(row.n)
    ]
    frame = pd.DataFrame(rows, columns=["trial", "value"])
    alpha = krippendorff_alpha(frame, unit="trial", value="value")
    assert counted_agreement(wide).value == pytest.approx(alpha)


def test_long_and_wide_tables_and_arrays_say_the_same(tmp_path, wide):
    columns = {"key": "truth", "response": "answer", "count": "people"}
    long = counted(written(tmp_path, LONG_COUNTS), columns=columns)
    np.savez(
        tmp_path / "counts.npz",
        counts=[[8, 2], [5, 5], [0, 10]],
        images=["a.png", "b.png", "c.png"],
        answers=["cat", "dog"],
        keys=["cat", "dog", "dog"],
    )
    array = counted(tmp_path / "counts.npz")
    for other in (long, array):
        assert (
            headline_table(other).splitlines()[2:]
            == headline_table(wide).splitlines()[2:]
        )


def test_an_array_alone_has_numbers_for_names(tmp_path):
    np.save(tmp_path / "counts.npy", np.array([[3, 0], [1, 2]]))
    bundle = counted(tmp_path / "counts.npy")
    assert bundle.counts["value"].tolist() == ["0", "0", "1"]
    slots = [json.loads(each)["target"] for each in bundle.trials["slots"]]
    assert slots == ["0", "1"]


def test_what_needs_people_says_that_it_cannot_be_had(wide):
    with pytest.raises(AnalysisError, match="counts do not say who responded"):
        labels(wide, by="dawid-skene")
    with pytest.raises(AnalysisError, match="counts do not"):
        to_crowd_kit(wide)
    result = report_sections(wide)[0]
    said = " ".join(getattr(block, "text", "") for block in result.blocks)
    assert "no Dawid and Skene's model" in said
    ids = {section.id for section in report_sections(wide)}
    assert not ids & {"flow", "exclusion", "quality", "agreement"}
    assert "raters unknown · 30 responses as counts" in headline_table(wide)


def test_counts_are_not_stored_among_people(tmp_path):
    path = written(tmp_path, WIDE)
    with pytest.raises(ImportRefusedError, match="report them straight from the file"):
        read_responses([path], ImportOptions(), format_name="counts")


def test_labels_of_counts_are_the_most_frequent_answers(wide):
    found = labels(wide, by="majority").set_index("stimulus")
    assert found["label"].to_dict() == {"a.png": "cat", "b.png": "", "c.png": "dog"}
    assert found.loc["b.png", "tied"] == "cat|dog"
    assert found["share"].tolist() == [0.8, 0.5, 1.0]
    assert found["key"].tolist() == ["cat", "dog", "dog"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WIDE.replace("8,2", "0.8,0.2"), "shares do not say of how many people"),
        (WIDE.replace("8,2", "-8,2"), "row 1: expected how many people"),
        (
            WIDE + "a.png,cat,1,1\n",
            "row 4: this answer to this image was counted before",
        ),
        ("image,truth,cat\na,cat,1\n", "a column for each answer"),
        ("image,truth,cat,dog\na,cat,0,0\n", "nobody gave any answer"),
    ],
)
def test_tables_that_are_no_counts_say_why(tmp_path, text, words):
    assert words in refused(written(tmp_path, text), columns=KEYED)


def test_columns_that_are_no_answers_are_told(tmp_path):
    rows = [f"i{n},cat,{n + 1},{n % 3},{n + 1 + n % 3}" for n in range(12)]
    text = "image,truth,cat,dog,total\n" + "\n".join(rows) + "\n"
    said = refused(written(tmp_path, text), columns=KEYED)
    assert "'total' is the sum of the others" in said
    assert "'cat' numbers the rows" in said


def test_arrays_that_are_no_counts_say_why(tmp_path):
    path = tmp_path / "a.npy"
    for array, words in (
        (np.array([[0.5, 0.5]]), "shares do not say"),
        (np.ones((2, 2, 2)), "images x answers"),
        (np.array([["a", "b"]]), "expected numbers of people"),
    ):
        np.save(path, array)
        assert words in refused(path)


def test_roles_of_people_are_refused_for_counts(tmp_path):
    path = written(tmp_path, WIDE)
    assert "counts have no people" in refused(path, columns={"worker": "image"})
    assert "go together" in refused(path, columns={"count": "cat"})
    assert "needs votes by people" in refused(path, classifier="net", n_images=9)


def test_a_report_of_counts_is_written(tmp_path):
    path = str(written(tmp_path, WIDE))
    out = tmp_path / "report"
    arguments = ["make", path, "--format", "counts", "--map", "key=truth"]
    done = CliRunner().invoke(report, [*arguments, "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["tables"]["counted_answers"]
    assert rows[0]["share"] == pytest.approx(23 / 30)
    assert "who responded is not in the file" in done.stderr


def test_a_frame_of_counts_comes_in_as_well():
    frame = pd.DataFrame({"image": ["a", "b"], "yes": [3, 0], "no": [1, 2]})
    bundle = import_counts(frame)
    assert bundle.counts["n"].tolist() == [3, 1, 2]
