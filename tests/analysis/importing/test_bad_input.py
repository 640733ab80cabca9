"""Files that cannot be imported: every problem at once, with rows and columns."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest

from analysis.elements.sections import Prose
from analysis.errors import AnalysisError
from analysis.importing import (
    ImportOptions,
    ImportRefusedError,
    import_bundle,
    read_responses,
)
from analysis.importing import base as importing_base
from analysis.measures.rectified_error.numbers import error_results
from analysis.reporting.report import headline_table, make_report, report_sections
from tests.analysis.importing.files import (
    LONG,
    MAP,
    MODEL_VS_HUMAN,
    imported,
    written,
)


def refused(path, *, format_name="long", **options):
    with pytest.raises(ImportRefusedError) as caught:
        imported(path, format_name=format_name, **options)
    return str(caught.value)


def test_missing_columns_are_named_with_those_there_are(tmp_path):
    said = refused(written(tmp_path, LONG), columns={"worker": "WorkerId"})
    assert "column 'WorkerId', 'stimulus', 'response' missing" in said
    assert "'Subject', 'Image', 'Answer'" in said
    assert "the first line has to name" in said
    partly = refused(written(tmp_path, LONG), columns={"worker": "Subject"})
    assert "missing" in partly
    assert "the first line has to name" not in partly


def test_a_first_line_of_data_does_not_say_who_responded(tmp_path):
    text = "A1B2C3D4E5F6G7,img1,yes\nann@example.org,img1,no\n"
    said = refused(written(tmp_path, text))
    assert "there are: '…', 'img1', 'yes' (the first line has to name" in said
    other = refused(written(tmp_path, text.partition("\n")[2]))
    assert "there are: '…', 'img1', 'no'" in other


def test_all_problems_of_all_rows_come_at_once(tmp_path):
    text = (
        "Subject,Image,Answer,rt,when\n"
        "ann,cat.png,yes,900,2020-01-01T10:00:00Z\n"
        ",cat.png,no,fast,2020-01-01 10:00\n"
        "bob,,maybe,-1,yesterday\n"
        "cyd,dog.png,perhaps,1,2020-01-01T10:00:00+02:00\n"
    )
    columns = {**MAP, "rt": "rt", "time": "when"}
    said = refused(written(tmp_path, text), columns=columns, yes=("yes",), no=("no",))
    assert "votes.csv, worker, row 2: empty" in said
    assert "votes.csv, stimulus, row 3: empty" in said
    assert "votes.csv, rt_ms, rows 2, 3: expected a number" in said
    assert "got 'fast', '-1'" in said
    assert "votes.csv, response, rows 3, 4: expected" in said
    assert "got 'maybe', 'perhaps'" in said
    assert "votes.csv, time, row 3: expected a time" in said
    assert "votes.csv, time, row 2: no time zone while others have one" in said


def test_mixed_zones_are_one_time_line(tmp_path):
    text = (
        "Subject,Image,Answer,when\n"
        "ann,cat.png,yes,2020-01-01T10:00:00+02:00\n"
        "bob,cat.png,yes,2020-01-01T10:00:00-05:00\n"
        "cyd,cat.png,yes,Wed Jan 1 00:30:00 PST 2020\n"
    )
    bundle = imported(written(tmp_path, text), columns={**MAP, "time": "when"})
    hours = bundle.responses["received_at"].dt.strftime("%H:%M").tolist()
    assert hours == ["08:00", "08:30", "15:00"]  # 10-2, 0:30+8, 10+5


def test_an_hour_that_clocks_had_twice_is_refused(tmp_path):
    # Clocks in Berlin went back at 3:00 on 25 October 2020.
    text = "Subject,Image,Answer,when\nann,cat.png,yes,2020-10-25 02:30:00\n"
    columns = {**MAP, "time": "when"}
    path = written(tmp_path, text)
    said = refused(path, columns=columns, time_zone="Europe/Berlin")
    assert "row 1: a time that Europe/Berlin had twice or never" in said
    assert "unknown; for example UTC" in refused(
        path, columns=columns, time_zone="Mars/Olympus"
    )


def test_repeated_rows_and_second_responses_are_told_apart(tmp_path):
    text = LONG + "ann,cat.png,Yes\nbob,cat.png,yes\nbob,dog.png,no\n"
    said = refused(written(tmp_path, text))
    assert "votes.csv, rows 7, 9: the row came before" in said
    assert "votes.csv, row 8: this worker already responded to this trial" in said


def test_of_two_responses_the_one_asked_for_is_kept(tmp_path):
    path = written(tmp_path, LONG + "bob,cat.png,yes\n")
    counts = {
        which: int(imported(path, twice=which).votes["accepts"].sum())
        for which in ("first", "last")
    }
    assert counts == {"first": 2, "last": 3}


def test_many_bad_rows_are_counted_not_listed(tmp_path):
    rows = [f"w{number},i{number},{'yes' if number else 'what'}" for number in range(9)]
    rows += [f"v{number},i{number},huh{number}" for number in range(2000)]
    text = "Subject,Image,Answer\n" + "\n".join(rows) + "\n"
    said = refused(written(tmp_path, text), yes=("yes",), no=("no",))
    assert "rows 1, 10, 11 and 1,998 more" in said
    assert "and 1,998 more" in said.split("got", 1)[1]
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"Subject,Image,Answer\n", "has a header but no rows"),
        (LONG.encode() + b"d\xe4n,dog.png,no\n", "row 7: byte 0xe4 is not utf-8"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"Subject,Image,Answer\nann,c\x00t,yes\n", "NUL bytes"),
        (b"Subject,Image,Image\nann,a,b\n", "column 'Image' is there more than once"),
        (LONG.encode() + b"dan,cat.png\n", "row 7: 2 cells, the header has 3"),
        (LONG.encode() + b"dan,cat.png,no,1\n", "row 7: 4 cells, the header has 3"),
        (LONG.encode() + b'dan,"cat.png,no\n', "row 7: 2 cells, the header has 3"),
    ],
)
def test_files_that_are_no_tables_say_why(tmp_path, content, words):
    assert words in refused(written(tmp_path, content))


def test_rows_keep_their_numbers_after_one_that_was_skipped(tmp_path):
    text = LONG.replace("ann,dog.png,no", "ann,dog.png") + ",fox.png,no\n"
    said = refused(written(tmp_path, text))
    assert "row 4: 2 cells" in said
    assert "worker, row 7: empty" in said


def test_a_file_that_is_not_there_or_no_parquet_is_said(tmp_path):
    assert "is not a file" in refused(tmp_path / "gone.csv")
    path = written(tmp_path, LONG, "votes.parquet")
    assert "is not a Parquet file" in refused(path)


def test_ten_million_rows_are_refused_before_they_fill_memory(tmp_path):
    # A Parquet footer says how many rows there are; none of them is read.
    path = tmp_path / "huge.parquet"
    column = np.zeros(10_000_000, dtype=np.int8)
    pd.DataFrame({"Subject": column, "Image": column, "Answer": column}).to_parquet(
        path, compression="zstd"
    )
    said = refused(path)
    assert f"more than {importing_base.MAX_ROWS:,} rows" in said
    assert "split it" in said


def test_one_rater_is_imported_with_a_note(tmp_path):
    path = written(tmp_path, "Subject,Image,Answer\nann,a,yes\nann,b,no\n")
    found = read_responses([path], ImportOptions(columns=MAP), format_name="long")
    assert any("one rater only" in note for note in found.notes)


def test_unknown_roles_and_contradictions_are_refused(tmp_path):
    path = written(tmp_path, LONG)
    said = refused(path, columns={**MAP, "rater": "x"}, yes=("a",), no=("A",), k=3, n=2)
    assert "unknown 'rater'" in said
    assert "share 'a'" in said
    assert "expected at most n = 2" in said
    assert "go together" in refused(path, classifier="resnet")
    assert "go together" in refused(path, yes=("yes",))


def test_two_keys_for_one_trial_are_refused(tmp_path):
    text = MODEL_VS_HUMAN.replace("subject-02,1,1,1.25,cat,cat", "s2,1,1,1.25,cat,dog")
    columns = {"key": "category", "category": "condition"}
    path = written(tmp_path, text)
    said = refused(path, format_name="model-vs-human", columns=columns)
    assert "row 4: another key than an earlier row of the same trial" in said


def test_files_of_two_studies_are_not_mixed(tmp_path):
    first = np.zeros((1, 1, 2))
    first[0, 0, 0] = 1
    paths = []
    for name, answers in (("a", ["no", "yes"]), ("b", ["cat", "dog"])):
        paths.append(tmp_path / f"{name}.npz")
        np.savez(paths[-1], votes=first, answers=answers)
    with pytest.raises(ImportRefusedError, match=r"b.npz is of another study than a"):
        import_bundle(paths, ImportOptions(), format_name="numpy")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones((3, 4)), "expected three axes"),
        (np.full((1, 1, 2), 3), r"cells (0, 0, 0), (0, 0, 1): expected 0 or 1"),
        (np.full((1, 1, 2), np.nan), "got nan, nan"),
        (np.zeros((2, 2, 2)), "no rater gave any answer"),
        (np.full((1, 1, 1), "x"), "expected numbers"),
        (np.ones((1, 1, 2)), "already responded to this trial"),
    ],
)
def test_arrays_that_are_no_votes_say_why(tmp_path, array, words):
    path = tmp_path / "votes.npy"
    np.save(path, array)
    assert words in refused(path, format_name="numpy")


def test_pickled_arrays_are_refused(tmp_path):
    path = tmp_path / "votes.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "not a NumPy file of numbers" in refused(path, format_name="numpy")


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Three bytes changed, or the end cut off."""
    if rng.random() < 0.5:
        return content[: rng.integers(1, len(content))]
    changed = bytearray(content)
    for place in rng.integers(len(content), size=3):
        changed[place] = rng.integers(256)
    return bytes(changed)


def as_parquet() -> bytes:
    buffer = io.BytesIO()
    pd.read_csv(io.StringIO(LONG)).to_parquet(buffer)
    return buffer.getvalue()


def as_array(*, is_packed: bool) -> bytes:
    votes = np.zeros((3, 4, 2), dtype=int)
    votes[..., 0] = 1
    buffer = io.BytesIO()
    if is_packed:
        np.savez_compressed(buffer, votes=votes, answers=np.array(["yes", "no"]))
    else:
        np.save(buffer, votes)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("v.parquet", as_parquet(), {}),
        ("v.npy", as_array(is_packed=False), {"format_name": "numpy"}),
        ("v.npz", as_array(is_packed=True), {"format_name": "numpy"}),
    ],
    ids=["parquet", "npy", "npz"],
)
def test_damaged_files_of_other_programs_are_refused_in_words(
    tmp_path, name, content, options
):
    rng = np.random.default_rng(5)
    n_refused = 0
    for _ in range(60):
        path = written(tmp_path, damaged(content, rng), name)
        try:
            imported(path, **options)
        except AnalysisError:
            n_refused += 1
    assert n_refused > 20


def voted(n_images: int, *, n_people: int = 3) -> str:
    rows = [
        f"p{who},i{image},{'yes' if (who + image) % 2 else 'no'}"
        for image in range(n_images)
        for who in range(n_people)
    ]
    return "\n".join(["worker,stimulus,response", *rows]) + "\n"


def test_a_classifier_saw_at_least_the_images_that_were_judged(tmp_path):
    path = written(tmp_path, voted(60))
    said = refused(path, columns={}, classifier="net", n_images=10)
    assert "--images 10: 60 errors were judged" in said
    enough = imported(path, columns={}, classifier="net", n_images=60)
    assert "rectified" in headline_table(enough)


@pytest.mark.parametrize("name", ["n", "k", "n_images"])
def test_counts_are_at_least_one(tmp_path, name):
    options = {"classifier": "net", "n_images": 9, name: 0}
    said = refused(written(tmp_path, voted(3)), columns={}, **options)
    assert f"--{name.removeprefix('n_')} 0: expected a whole number" in said


def test_more_yes_votes_than_people_are_refused(tmp_path):
    said = refused(written(tmp_path, voted(3)), columns={}, k=9)
    assert "--k 9: expected at most n = 3 (3 responses is the most" in said


def test_an_n_that_no_trial_reaches_is_noted(tmp_path):
    bundle = imported(written(tmp_path, voted(3)), columns={}, n=9)
    (note,) = (n for n in bundle.head["imported"]["notes"] if "n = 9" in n)
    assert note == "no trial has n = 9 responses, at most 3: none is resolved"


def test_people_who_all_say_the_same_get_an_interval_that_is_no_point(tmp_path):
    text = voted(8).replace(",no", ",yes")
    bundle = imported(
        written(tmp_path, text), columns={}, yes=("yes",), no=("no",),
        classifier="net", n_images=20,
    )  # fmt: skip
    (found,) = error_results(bundle)
    assert found.rectified.value == 0
    assert found.rectified.high > 0
    assert "nan" not in headline_table(bundle)


def test_others_data_are_never_called_frozen(tmp_path):
    bundle = imported(
        written(tmp_path, voted(8)), classifier="net", n_images=20, columns={}
    )
    page = make_report(bundle, out=tmp_path / "report").read_text("utf-8")
    assert "frozen" not in re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    assert "What was fixed before they came in is not known here" in page


def test_the_only_question_of_a_form_keeps_its_name(tmp_path):
    text = "HITId,AssignmentId,WorkerId,Input.image,Answer.relevant\nH,A,W,a.png,yes\n"
    path = written(tmp_path, text)
    (name,) = imported(path, format_name="mturk-csv").questions
    assert name == "relevant"
    given = imported(path, format_name="mturk-csv", question="Is it there?")
    assert list(given.questions) == ["Is it there?"]


def test_every_question_of_a_file_is_told_with_its_own_trials(tmp_path):
    rows = voted(4).splitlines()
    lines = [f"{rows[0]},question", *(f"{r},Is it a cat?" for r in rows[1:7])]
    lines += [f"{r},Is it a dog?" for r in rows[7:]]
    bundle = imported(
        written(tmp_path, "\n".join(lines) + "\n"), columns={"question": "question"}
    )
    (section,) = (each for each in report_sections(bundle) if each.id == "asked")
    said = [block.text for block in section.blocks if isinstance(block, Prose)]
    assert [text.partition("”")[0] for text in said] == [
        "“Is it a cat?",
        "“Is it a dog?",
    ]
    assert all("2 such trials" in text for text in said)
