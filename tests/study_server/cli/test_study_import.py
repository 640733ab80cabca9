"""`secondlook study import`, and what the other commands make of it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from analysis.cli import report

VOTES = "who,what,said\nann,a,1\nbob,a,0\ncyd,a,1\nann,b,0\nbob,b,0\n"
ARGUMENTS = (
    "--format",
    "long",
    "--map",
    "worker=who,stimulus=what,response=said",
    "--yes",
    "1",
    "--no",
    "0",
)


def test_an_import_is_shown_listed_exported_and_reported(call, as_json):
    Path("votes.csv").write_text(VOTES, "utf-8")
    said = call("study", "import", "old-votes", "votes.csv", *ARGUMENTS).stdout
    assert "5 responses added" in said
    assert "5 responses by 3 people to 2 trials" in said

    again = as_json("study", "import", "old-votes", "votes.csv", *ARGUMENTS)
    assert (again["n_added"], again["known"]) == (0, ["votes.csv"])
    assert as_json("study", "list")[0]["state"] == "imported"
    assert "imported" in call("study", "list").stdout
    assert as_json("study", "show", "old-votes")["n_responses"] == 5

    call("study", "export", "old-votes", "--out", "bundle", "--format", "parquet")
    done = CliRunner().invoke(report, ["make", "bundle", "--out", "report"])
    assert done.exit_code == 0, done.output
    assert "40.0 %" in done.output  # two of five said 1
    assert "ann" not in Path("report/tables/responses.csv").read_text("utf-8")


def test_problems_of_the_file_are_printed_and_nothing_is_kept(call, as_json):
    Path("votes.csv").write_text(VOTES + "dan,a,2\n,a,1\n", "utf-8")
    refused = call("study", "import", "old-votes", "votes.csv", *ARGUMENTS, code=1)
    assert "votes.csv, response, row 6: expected 0, 1" in refused.output
    assert "votes.csv, worker, row 7: empty" in refused.output
    assert as_json("study", "list") == []


def test_a_study_that_was_imported_is_not_opened(call):
    Path("votes.csv").write_text(VOTES, "utf-8")
    call("study", "import", "old-votes", "votes.csv", *ARGUMENTS)
    refused = call("study", "open", "old-votes", code=1)
    assert "was collected elsewhere" in refused.output


def test_a_batch_whose_every_answer_is_empty_is_refused(call, as_json):
    header = "HITId,AssignmentId,WorkerId,Input.image,Answer.taskAnswers\n"
    unticked = '"[{""seen"":{""yes"":false,""no"":false}}]"'
    Path("batch.csv").write_text(f"{header}H,A,W,a.png,{unticked}\n", "utf-8")
    arguments = ("study", "import", "old", "batch.csv", "--format", "mturk-csv")
    refused = call(*arguments, code=1)
    assert "batch.csv holds no response" in refused.output
    assert as_json("study", "list") == []
