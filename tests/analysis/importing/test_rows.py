"""Which rows come in: chosen, refused, or left out and listed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from analysis.cli import report
from analysis.importing import ImportOptions, ImportRefusedError, import_bundle
from tests.analysis.importing.files import MAP, imported, written

ROUNDS = """Subject,Image,Answer,practice,site,RT
ann,a.png,yes,True,lab,0.5
ann,b.png,no,False,lab,0.7
bob,b.png,yes,False,web,-0.07
cyd,b.png,yes,False,home,0.9
"""


def refused(path, **options):
    with pytest.raises(ImportRefusedError) as caught:
        imported(path, **options)
    return str(caught.value)


def test_rows_are_taken_by_what_their_columns_hold(tmp_path):
    path = written(tmp_path, ROUNDS)
    for where, n in (
        (("practice=False",), 3),
        (("practice!=True",), 3),
        (("site=lab", "site=web"), 3),  # either of them
        (("site!=lab", "site!=web"), 1),  # neither of them
        (("PRACTICE=False", "site=lab"), 1),  # both; capitals do not matter
    ):
        assert len(imported(path, where=where).responses) == n, where


def test_what_was_asked_out_is_counted_in_the_bundle(tmp_path):
    bundle = imported(written(tmp_path, ROUNDS), where=("practice=False",))
    assert bundle.head["imported"]["left_out"] == [
        {"file": "votes.csv", "why": "--where practice=False", "n": 1, "rows": (1,)}
    ]


def test_a_value_that_no_row_has_is_a_slip(tmp_path):
    path = written(tmp_path, ROUNDS)
    said = refused(path, where=("practice=0",))
    assert "--where practice=0: no row has that value" in said
    assert "holds 'True', 'False'" in said
    assert "no row has that value" in refused(path, where=("practice!=no",))
    assert "column 'round' missing" in refused(path, where=("round=1",))
    assert "expected COLUMN=VALUE" in refused(path, where=("practice",))


def test_a_value_may_be_in_some_of_the_files_only(tmp_path):
    first = written(tmp_path, ROUNDS)
    second = written(
        tmp_path, ROUNDS.splitlines()[0] + "\ndan,a.png,no,False,lab,1\n", "b.csv"
    )
    options = ImportOptions(columns=MAP, where=("practice!=True",))
    bundle = import_bundle([first, second], options, format_name="long")
    assert len(bundle.responses) == 4


def test_rows_that_cannot_be_refuse_the_file_unless_they_are_to_be_listed(tmp_path):
    path = written(tmp_path, ROUNDS + "dan,,no,False,lab,1\n")
    columns = {**MAP, "rt_s": "RT"}
    said = refused(path, columns=columns)
    assert "rt_s, row 3: expected a number of at least 0, got '-0.07'" in said

    bundle = imported(path, columns=columns, bad_rows="report")
    assert len(bundle.responses) == 3
    left = bundle.head["imported"]["left_out"]
    assert [(each["n"], each["rows"]) for each in left] == [(1, (5,)), (1, (3,))]
    assert left[1]["why"] == "rt_s: expected a number of at least 0, got '-0.07'"


def test_ragged_rows_are_listed_and_the_others_keep_their_numbers(tmp_path):
    path = written(tmp_path, ROUNDS + "dan,a.png\neve,,no,False,lab,1\n")
    bundle = imported(path, bad_rows="report")
    left = bundle.head["imported"]["left_out"]
    assert [(each["rows"], each["why"].split(";")[0]) for each in left] == [
        ((5,), "2 cells, the header has 6"),
        ((6,), "stimulus: empty"),
    ]


def test_an_answer_that_nobody_named_is_no_row_that_cannot_be(tmp_path):
    path = written(tmp_path, ROUNDS + "dan,a.png,maybe,False,lab,1\n")
    said = refused(path, bad_rows="report", yes=("yes",), no=("no",))
    assert "row 5: expected yes, no" in said or "row 5: expected no, yes" in said


def test_a_file_of_which_no_row_is_left_says_so(tmp_path):
    text = "Subject,Image,Answer,rt\nann,a,yes,-1\nbob,a,no,-1\n"
    columns = {**MAP, "rt": "rt"}
    said = refused(written(tmp_path, text), columns=columns, bad_rows="report")
    assert "no row is left" in said


def test_the_report_lists_what_was_left_out(tmp_path):
    path = written(tmp_path, ROUNDS)
    mapped = "worker=subject,stimulus=image,response=answer,rt_s=rt"
    arguments = ["make", str(path), "--format", "long", "--map", mapped]
    arguments += ["--bad-rows", "report", "--out", str(tmp_path / "report"), "--json"]
    done = CliRunner().invoke(report, arguments)
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)["tables"]["rows_left_out"]
    assert (row["n_rows"], row["rows"]) == (1, "3")
    assert "1 row was left out" in (tmp_path / "report" / "index.html").read_text()
    assert "left out: votes.csv, row 3: rt_s" in done.stderr


def test_one_role_cannot_be_two_columns_in_silence(tmp_path):
    path = str(written(tmp_path, ROUNDS))
    for mapped in (
        ["--map", "worker=Subject,response=Answer,response=site"],
        ["--map", "response=Answer", "--map", "response=site"],
    ):
        done = CliRunner().invoke(
            report, ["make", path, "--format", "long", *mapped, "--out", "x"]
        )
        assert done.exit_code == 2
        assert "response is mapped twice, to Answer and to site" in done.output


def test_two_columns_are_one_condition(tmp_path):
    path = written(tmp_path, ROUNDS)
    bundle = imported(path, columns={**MAP, "condition": "site+practice"})
    assert bundle.trials["condition"].tolist() == [
        "lab + True",
        "lab + False",
        "web + False",
        "home + False",
    ]
    said = refused(path, columns={**MAP, "condition": "site+colour"})
    assert "column 'colour' missing" in said


def test_a_condition_is_not_called_what_tables_call_all_together(tmp_path):
    path = written(tmp_path, ROUNDS.replace("lab", "all"))
    said = refused(path, columns={**MAP, "condition": "site"})
    assert "a condition is called 'all'" in said
    assert len(imported(path, columns=MAP).trials) > 0


def test_a_column_whose_name_has_a_plus_is_itself(tmp_path):
    path = written(tmp_path, ROUNDS.replace("site", "site+place"))
    bundle = imported(path, columns={**MAP, "condition": "site+place"})
    assert set(bundle.trials["condition"]) == {"lab", "web", "home"}


def test_columns_match_whatever_their_case_unless_two_would(tmp_path):
    path = written(tmp_path, ROUNDS)
    columns = {"worker": "SUBJECT", "stimulus": "image", "response": "Answer"}
    assert len(imported(path, columns=columns).responses) == 4
    path = written(tmp_path, ROUNDS.replace("site", "ANSWER"))
    said = refused(path, columns={**columns, "response": "answer"})
    assert "'answer' may be any of 'Answer', 'ANSWER'" in said


def test_a_grade_is_a_grade_and_no_vote(tmp_path):
    text = "Subject,Image,correct\nann,a,1\nbob,a,0\ncyd,a,1\n"
    columns = {"worker": "Subject", "stimulus": "Image", "is_right": "correct"}
    bundle = imported(written(tmp_path, text), columns=columns)
    assert bundle.responses["is_right"].tolist() == [True, False, True]
    assert bundle.responses["value"].tolist() == ["right", "wrong", "right"]
    assert bundle.votes.empty


def test_a_grade_beside_the_response_is_kept_with_it(tmp_path):
    text = "Subject,Image,Answer,ok\nann,a,cat,TRUE\nbob,a,dog,FALSE\ncyd,a,fox,\n"
    columns = {**MAP, "is_right": "ok"}
    bundle = imported(written(tmp_path, text), columns=columns)
    assert bundle.responses["value"].tolist() == ["cat", "dog", "fox"]
    assert bundle.responses["is_right"].tolist()[:2] == [True, False]
    assert bundle.responses["is_right"].isna().tolist() == [False, False, True]
    said = refused(written(tmp_path, text.replace("TRUE", "2")), columns=columns)
    assert "is_right, row 1: expected a grade such as" in said


def test_a_grade_that_contradicts_the_key_is_named(tmp_path):
    text = "Subject,Image,Answer,ok,truth\nann,a,cat,1,cat\nbob,a,dog,1,cat\n"
    columns = {**MAP, "is_right": "ok", "key": "truth"}
    said = refused(written(tmp_path, text), columns=columns)
    assert "votes.csv, row 2: graded otherwise than the response and the key" in said
