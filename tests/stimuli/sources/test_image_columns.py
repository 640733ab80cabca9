"""Further columns of labels.csv: what else is known of the images."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimuli.errors import DatasetError
from stimuli.sources.image_columns import read_image_columns

FILES = ("a.png", "b.png", "c.png")


def test_further_columns_are_kept_and_told(tmp_path: Path):
    (tmp_path / "labels.csv").write_text(
        "file,label,Scene,video,note_me\na.png,1,beach,v1,x\nb.png,1,,,y\nc.png,2,,v1,\n"
    )
    notes: list[str] = []
    assert read_image_columns(tmp_path, sources=FILES, notes=notes) == {
        "a.png": {"scene": "beach", "video": "v1"},
        "c.png": {"video": "v1"},
    }
    (note,) = notes
    assert "columns scene, video kept beside the images" in note


def test_a_table_without_labels_serves_where_folders_say_them(tmp_path: Path):
    (tmp_path / "labels.csv").write_text("file,scene\na.png,beach\n")
    assert read_image_columns(tmp_path, sources=FILES) == {"a.png": {"scene": "beach"}}


@pytest.mark.parametrize(
    "column", ["licens", "wnidd", "class", "image", "names", "credits"]
)
def test_what_looks_like_a_known_column_is_refused(tmp_path: Path, column: str):
    (tmp_path / "labels.csv").write_text(f"file,label,{column}\na.png,1,x\n")
    with pytest.raises(DatasetError, match=f"column '{column}'"):
        read_image_columns(tmp_path, sources=FILES)


def test_files_that_are_not_there_and_files_named_twice_are_refused(tmp_path: Path):
    (tmp_path / "labels.csv").write_text(
        "file,label,scene\nz.png,1,x\na.png,1,x\na.png,1,y\n"
    )
    with pytest.raises(DatasetError) as caught:
        read_image_columns(tmp_path, sources=FILES)
    assert "line 2: no image 'z.png'" in str(caught.value)
    assert "line 4: file 'a.png' is listed twice, first in line 3" in str(caught.value)


def test_nothing_is_kept_where_nothing_further_is_said(tmp_path: Path):
    assert read_image_columns(tmp_path, sources=FILES) == {}
    (tmp_path / "labels.csv").write_text("file,label,name\na.png,1,bee\n")
    notes: list[str] = []
    assert read_image_columns(tmp_path, sources=FILES, notes=notes) == {}
    assert notes == []
