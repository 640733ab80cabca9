"""Tables of responses keep to the rules that every table a person wrote keeps to."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest

from analysis.importing import (
    ImportOptions,
    ImportRefusedError,
    import_frame,
    read_responses,
)
from tests.analysis.importing.files import LONG, MAP, imported, written

E_ACUTE = "\N{LATIN SMALL LETTER E WITH ACUTE}"
TWO_LETTERS = unicodedata.normalize("NFD", E_ACUTE)


def refused(path, **options):
    with pytest.raises(ImportRefusedError) as caught:
        imported(path, **options)
    return str(caught.value)


def notes_of(path, **columns):
    options = ImportOptions(columns=columns or MAP)
    return read_responses([path], options, format_name="long").notes


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (LONG.replace(",", ";"), "cells are separated by ';', as its header shows"),
        (
            "sep=\t\r\n" + LONG.replace(",", "\t").replace("\n", "\r\n"),
            "cells are separated by a tab, as its first line says",
        ),
    ],
)
def test_other_separators_are_read_and_named(tmp_path, text, note):
    path = written(tmp_path, text)
    assert any(note in each for each in notes_of(path))
    assert len(imported(path).responses) == 6


def test_rows_keep_their_numbers_below_a_line_that_names_the_separator(tmp_path):
    said = refused(written(tmp_path, "sep=,\n" + LONG + "dan,cat.png\n,fox.png,no\n"))
    assert "row 7: 2 cells, the header has 3" in said
    assert "worker, row 8: empty" in said


def test_a_header_that_can_be_cut_in_two_ways_is_refused(tmp_path):
    said = refused(written(tmp_path, "Subject,Image;Answer\nann,cat.png;yes\n"))
    assert "can be cut at a comma or ';'" in said


@pytest.mark.parametrize("text", ["5.61E+23", "5,61E+23", "5.61e+23", " 5.61E+23 "])
def test_ids_that_a_spreadsheet_shortened_are_refused_by_row(tmp_path, text):
    said = refused(written(tmp_path, LONG + f'"{text}",dog.png,no\n'))
    assert "Subject, row 7:" in said
    assert "is what a spreadsheet makes of a long number" in said


def test_ids_that_were_shortened_in_parquet_and_in_frames_are_refused(tmp_path):
    frame = pd.DataFrame(
        {
            "Subject": [5.61e23, 5.62e23],
            "Image": ["a.png", "a.png"],
            "Answer": ["yes", "no"],
        }
    )
    frame.to_parquet(tmp_path / "votes.parquet")
    assert "Subject, rows 1, 2:" in refused(tmp_path / "votes.parquet")
    with pytest.raises(ImportRefusedError, match=r"Subject, rows 1, 2: '5.61e\+23'"):
        import_frame(frame, ImportOptions(columns=MAP))


def test_rows_with_shortened_ids_are_left_out_and_listed_where_that_is_asked(tmp_path):
    path = written(tmp_path, LONG + "5.61E+23,dog.png,no\n")
    bundle = imported(path, bad_rows="report")
    assert len(bundle.responses) == 6
    assert any("row 7" in note for note in bundle.head["imported"]["notes"])


def test_small_numbers_with_an_exponent_stay_numbers(tmp_path):
    text = LONG.replace("yes", "1.5e-05").replace("Yes", "2E+03")
    bundle = imported(written(tmp_path, text))
    assert {"1.5e-05", "2E+03"} <= set(bundle.responses["value"])


def test_a_letter_that_was_lost_is_refused_by_row(tmp_path):
    said = refused(written(tmp_path, LONG + "d\ufffdn,dog.png,no\n"))
    assert (
        "Subject, row 7: 'd\ufffdn' holds \ufffd, which stands where a letter" in said
    )


def test_one_name_in_two_unicode_forms_is_one_name(tmp_path):
    rows = f"Andr{E_ACUTE},a.png,s{E_ACUTE}\nAndr{TWO_LETTERS},b.png,s{TWO_LETTERS}\n"
    text = "Subject,Image,Answer\n" + rows + "bob,a.png,no\n"
    bundle = imported(
        written(tmp_path, text), yes=(f"s{TWO_LETTERS}",), no=("no",), n=2
    )
    assert bundle.sessions["participant"].nunique() == 2
    assert bundle.votes["accepts"].to_list() == [True, True, False]
    again = written(tmp_path, text + f"Andr{E_ACUTE},b.png,no\n", "again.csv")
    assert "already responded to this trial" in refused(again, yes=("no",), no=("x",))


def test_names_in_two_unicode_forms_are_one_in_every_format(tmp_path):
    path = tmp_path / "votes.npz"
    votes = np.zeros((2, 2, 2), dtype=int)
    votes[..., 0] = 1
    people = [f"Andr{E_ACUTE}", f"Andr{TWO_LETTERS}"]
    np.savez(path, votes=votes, raters=people, answers=["yes", "no"])
    # Four rows of one person, of which two repeat the others.
    assert "rows 3, 4: the row came before" in refused(path, format_name="numpy")


def test_a_column_is_found_in_either_unicode_form(tmp_path):
    path = written(tmp_path, LONG.replace("Answer", f"R{TWO_LETTERS}ponse"))
    columns = {**MAP, "response": f"R{E_ACUTE}ponse"}
    assert len(imported(path, columns=columns).responses) == 6


@pytest.mark.parametrize("cell", ['"1,234"', '"0,95"', '"1.234,5"'])
@pytest.mark.parametrize("separator", [",", ";"])
def test_times_that_could_be_two_numbers_are_refused(tmp_path, cell, separator):
    text = f"Subject,Image,Answer,rt\nann,a.png,yes,900\nbob,a.png,no,{cell}\n"
    if separator == ";":
        bare = cell.strip('"')
        text = f"Subject;Image;Answer;rt\nann;a.png;yes;900\nbob;a.png;no;{bare}\n"
    said = refused(written(tmp_path, text), columns={**MAP, "rt": "rt"})
    assert "rt_ms, row 2: expected a number of at least 0" in said
    assert "a comma may stand for thousands or decimals: write 1234 or 1.234" in said


def test_columns_that_are_not_read_are_named(tmp_path):
    text = "Subject,Age,Image,Answer\nann,31,a.png,yes\nbob,27,a.png,no\n"
    path = written(tmp_path, text)
    assert "votes.csv: columns that are not read: 'Age'" in notes_of(path)
    assert not any(
        "not read" in note for note in notes_of(path, **MAP, condition="Age")
    )
