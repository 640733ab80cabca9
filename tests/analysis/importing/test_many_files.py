"""Many files of one name are one study: a folder per HIT, as command-line tools save."""

from __future__ import annotations

import json

import pytest

from analysis.importing import ImportOptions, ImportRefusedError, import_bundle
from analysis.importing.given_files import given_files
from tests.analysis.importing.files import LONG, MAP, form, imported, written


def hit(folder, name, *answers, file="assignments.jsonl"):
    """The assignments of one HIT, one per line, in a folder of its own."""
    lines = [
        json.dumps(
            {
                "AssignmentId": f"{name}-{number}",
                "WorkerId": worker,
                "HITId": name,
                "AssignmentStatus": "Approved",
                "SubmitTime": "2016-11-22T07:49:30-08:00",
                "Answer": form(**given),
            }
        )
        for number, (worker, given) in enumerate(answers)
    ]
    path = folder / f"hit-{name}" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def bundle_of(paths, **options):
    return import_bundle(paths, ImportOptions(**options), format_name="mturk-json")


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    paths = [
        hit(tmp_path, "H1", ("w1", {"q": "yes"}), ("w2", {"q": "no"})),
        hit(tmp_path, "H2", ("w1", {"q": "yes"})),
    ]
    bundle = bundle_of(paths)
    assert bundle.head["imported"]["files"] == [
        {"name": "hit-H1/assignments.jsonl", "n_rows": 2},
        {"name": "hit-H2/assignments.jsonl", "n_rows": 1},
    ]
    assert len(bundle.trials) == 2
    assert bundle.sessions["participant"].nunique() == 2


def test_a_problem_names_the_folder_of_its_file(tmp_path):
    paths = [hit(tmp_path, "H1", ("w1", {"q": "yes"})), hit(tmp_path, "H2")]
    paths[1].write_text("{", "utf-8")
    with pytest.raises(ImportRefusedError, match=r"hit-H2/assignments.jsonl is not JS"):
        bundle_of(paths)


def test_the_same_file_twice_is_named_and_not_doubled(tmp_path):
    first = hit(tmp_path, "H1", ("w1", {"q": "yes"}))
    copy = tmp_path / "copy" / "assignments.jsonl"
    copy.parent.mkdir()
    copy.write_bytes(first.read_bytes())
    bundle = bundle_of([first, copy, first])
    assert len(bundle.responses) == 1
    notes = given_files([first, copy, first]).notes
    assert notes == (
        "copy/assignments.jsonl holds the same bytes as hit-H1/assignments.jsonl: "
        "taken once",
        "hit-H1/assignments.jsonl is given 2 times: taken once",
    )
    assert set(notes) <= set(bundle.head["imported"]["notes"])
    once = bundle_of([first])
    assert set(once.sessions["participant"]) == set(bundle.sessions["participant"])


def test_a_hit_that_nobody_took_and_what_describes_a_hit_are_named(tmp_path):
    paths = [hit(tmp_path, "H1", ("w1", {"q": "yes"})), hit(tmp_path, "H2")]
    paths.append(tmp_path / "hit-H1" / "hit.jsonl")
    paths[2].write_text(json.dumps({"HIT": {"HITId": "H1"}}), "utf-8")
    bundle = bundle_of(paths)
    assert len(bundle.responses) == 1
    notes = " ".join(bundle.head["imported"]["notes"])
    assert "hit-H2/assignments.jsonl is empty (0 bytes)" in notes
    assert "hit.jsonl holds no Assignments" in notes


def test_a_question_is_one_question_though_some_files_lack_the_other(tmp_path):
    # A form sends no field for what was not ticked: H1 knows of one question only.
    paths = [
        hit(tmp_path, "H1", ("w1", {"seen": "yes"})),
        hit(tmp_path, "H2", ("w1", {"seen": "yes", "sure": "no"})),
    ]
    bundle = bundle_of(paths)
    assert bundle.trials["question"].tolist() == ["seen", "seen", "sure"]


def test_a_column_that_some_files_lack_may_be_mapped_but_not_one_that_all_do(tmp_path):
    paths = [
        hit(tmp_path, "H1", ("w1", {"seen": "yes"})),
        hit(tmp_path, "H2", ("w1", {"seen": "yes", "sure": "no"})),
    ]
    columns = {"response": "Answer.sure"}
    assert len(bundle_of(paths, columns=columns).responses) == 1
    with pytest.raises(ImportRefusedError, match=r"column 'Answer.sore' is in no file"):
        bundle_of(paths, columns={"response": "Answer.sore"})


def test_files_of_quite_other_questions_are_of_another_study(tmp_path):
    paths = [
        hit(tmp_path, "H1", ("w1", {"seen": "yes"})),
        hit(tmp_path, "H2", ("w1", {"colour": "red"})),
    ]
    with pytest.raises(ImportRefusedError, match="is of another study than"):
        bundle_of(paths)


def test_long_tables_of_one_name_come_in_together(tmp_path):
    for folder, text in (
        ("a", LONG),
        ("b", LONG.replace("cat", "fox").replace("dog", "elk")),
    ):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, text)
    paths = [tmp_path / "a" / "votes.csv", tmp_path / "b" / "votes.csv"]
    bundle = import_bundle(paths, ImportOptions(columns=MAP), format_name="long")
    assert len(bundle.trials) == 4


def test_an_empty_reply_alone_is_refused(tmp_path):
    path = hit(tmp_path, "H1")
    with pytest.raises(ImportRefusedError, match="is empty"):
        imported(path, format_name="mturk-json")
