"""Licences and credits of pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimuli.errors import DatasetError
from stimuli.sources.rights import read_rights


def test_columns_of_labels_csv_are_read(tmp_path: Path):
    (tmp_path / "labels.csv").write_text(
        "file,label,license,credit\n"
        "a.jpg,cat,CC BY 4.0,Ada\n"
        "b.jpg,dog,,\n"
        "c.jpg,dog,CC0,\n"
    )
    assert read_rights(tmp_path) == {
        "a.jpg": {"licence": "CC BY 4.0", "credit": "Ada"},
        "c.jpg": {"licence": "CC0"},
    }


def test_credits_csv_and_labels_csv_add_to_each_other(tmp_path: Path):
    (tmp_path / "labels.csv").write_text("file,label,licence\ncat/a.jpg,cat,CC0\n")
    (tmp_path / "credits.csv").write_text("file,credit\ncat/a.jpg,Grace\n")
    assert read_rights(tmp_path) == {"cat/a.jpg": {"licence": "CC0", "credit": "Grace"}}


def test_two_tables_that_disagree_are_named_with_both_lines(tmp_path: Path):
    (tmp_path / "labels.csv").write_text(
        "file,label,licence\nb.jpg,cat,CC0\na.jpg,cat,CC0\n"
    )
    (tmp_path / "credits.csv").write_text("file,licence\na.jpg,CC BY 4.0\n")
    with pytest.raises(DatasetError) as caught:
        read_rights(tmp_path)
    assert (
        "credits.csv line 2: licence of 'a.jpg' is 'CC BY 4.0', but 'CC0' in "
        "labels.csv line 3"
    ) in str(caught.value)


def test_a_file_that_is_not_there_and_one_listed_twice_are_refused(tmp_path: Path):
    (tmp_path / "credits.csv").write_text(
        "file,licence\ngone.jpg,CC0\na.jpg,CC0\n./a.jpg,CC BY 4.0\n"
    )
    with pytest.raises(DatasetError) as caught:
        read_rights(tmp_path, sources=["a.jpg"])
    assert "line 2: no image 'gone.jpg' in the folder" in str(caught.value)
    assert "line 4: file 'a.jpg' is listed twice, first in line 3" in str(caught.value)


def test_a_licence_in_both_spellings_is_a_contradiction(tmp_path: Path):
    (tmp_path / "credits.csv").write_text("file,licence,license\na.jpg,CC0,MIT\n")
    with pytest.raises(DatasetError, match="columns licence and license would both be"):
        read_rights(tmp_path)


def test_credits_without_a_column_of_rights_say_nothing(tmp_path: Path):
    (tmp_path / "credits.csv").write_text("file,note\na.jpg,mine\n")
    with pytest.raises(DatasetError, match="no column licence or credit"):
        read_rights(tmp_path)


def test_without_a_table_nothing_is_said(tmp_path: Path):
    assert read_rights(tmp_path) == {}


def test_a_table_that_names_no_files_is_refused(tmp_path: Path):
    (tmp_path / "credits.csv").write_text("picture,licence\na.jpg,CC0\n")
    with pytest.raises(DatasetError, match="no column file"):
        read_rights(tmp_path)
