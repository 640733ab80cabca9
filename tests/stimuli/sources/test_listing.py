"""Files that no classifier sees are counted with their reason."""

import json

import pytest
from click.testing import CliRunner

from stimuli.cli import stimuli
from stimuli.errors import BuildError, DatasetError
from stimuli.sources.listing import list_images, walk
from tests.stimuli import toy


def reasons(folder) -> dict[str, str]:
    return {each.file: each.reason for each in walk(folder).left_out}


def test_every_file_left_out_has_its_reason(tmp_path):
    toy.paint(tmp_path / "bee/a.png", 1, 2)
    for name in ("bee/phone.HEIC", "bee/scan", "bee/box.xml", "README", "labels.csv"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("bee/.hidden.png", "__MACOSX/bee/a.png"):
        toy.paint(tmp_path / name, 1, 2)
    (tmp_path / "bee/gone.png").symlink_to(tmp_path / "nowhere.png")
    assert walk(tmp_path).images == ("bee/a.png",)
    assert reasons(tmp_path) == {
        "bee/phone.HEIC": ".heic files are not read; save them as PNG or JPEG",
        "bee/scan": "without a suffix, so no image by its name",
        "bee/box.xml": ".xml is no suffix of an image",
        "bee/.hidden.png": "hidden: the name begins with a dot",
        "bee/gone.png": "a broken link",
        "__MACOSX/bee/a.png": "in the folder __MACOSX, which is no class",
    }


def test_folders_behind_links_are_read_and_circles_end(tmp_path):
    toy.paint(tmp_path / "elsewhere/a.png", 1, 2)
    (tmp_path / "set").mkdir()
    (tmp_path / "set/bee").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/up").symlink_to(tmp_path / "set")
    (tmp_path / "elsewhere/self").symlink_to(tmp_path / "elsewhere")
    assert walk(tmp_path / "set").images == ("bee/a.png",)


def test_a_folder_that_cannot_be_looked_into_is_no_empty_one(tmp_path):
    with pytest.raises(DatasetError, match=r"cannot look into .*bee: No such"):
        walk(tmp_path / "bee")


def test_pictures_beside_the_class_folders_are_told(tmp_path):
    toy.paint(tmp_path / "bee/a.png", 1, 2)
    toy.paint(tmp_path / "overview.png", 1, 2)
    listing = list_images(tmp_path, form="folders")
    assert [(e.file, e.reason) for e in listing.left_out] == [
        ("overview.png", "beside the class folders")
    ]
    recipe = toy.write_recipe(tmp_path, dataset='path = "."')
    with pytest.raises(
        DatasetError, match=r"overview.png, \.\.\.\) lie beside its fold"
    ):
        toy.build(recipe, tmp_path.parent / f"{tmp_path.name}-set")


def test_files_that_labels_csv_names_are_not_left_out(tmp_path):
    toy.paint(tmp_path / "a.png", 1, 2).rename(tmp_path / "a")
    (tmp_path / "labels.csv").write_text("file,label\na,1\n")
    assert list_images(tmp_path).left_out == ()


def test_a_folder_with_nothing_but_unread_kinds_says_so(tmp_path):
    (tmp_path / "bee").mkdir()
    for name in ("a.heic", "b.heic"):
        (tmp_path / "bee" / name).write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"left out: 2 files, \.heic files are not"):
        list_images(tmp_path)


def test_one_picture_under_two_labels_is_left_out_and_counted(tmp_path):
    for i in range(6):
        toy.paint(tmp_path / f"photos/bee/{i}.png", 1, 2, confidence=150 + i)
    toy.paint(tmp_path / "photos/bee/wrong.png", 4, 2)
    for name in ("bee/same.png", "cat/same.png", "cat/again.png"):
        toy.paint(tmp_path / "photos" / name, 3, 2)
    (tmp_path / "photos/cat/notes.xml").write_text("<x/>")
    ran = CliRunner().invoke(
        stimuli,
        ["build", str(toy.write_recipe(tmp_path)), "--out", str(tmp_path / "set")],
    )
    assert ran.exit_code == 0
    summary = json.loads((tmp_path / "set/summary.json").read_text("utf-8"))
    dataset = summary["dataset"]
    assert (dataset["n_images"], dataset["n_left_out"]) == (10, 4)
    assert {e["reason"]: e["n"] for e in dataset["left_out"]} == {
        ".xml is no suffix of an image": 1,
        "the same picture is there under another label": 3,
    }
    # None of the three is seen, so none is an error of the classifier.
    assert summary["classifiers"][0]["n_seen"] == 7
    assert summary["trials"]["main"] == 1
    assert "left out: 1 file, .xml is no suffix of an image (cat/notes.xml)" in (
        ran.stdout
    )


def test_a_set_of_nothing_but_contradictions_is_refused(tmp_path):
    for name in ("bee/a.png", "cat/a.png"):
        toy.paint(tmp_path / "photos" / name, 1, 2)
    with pytest.raises(BuildError, match="every image is there twice under different"):
        toy.build(toy.write_recipe(tmp_path), tmp_path / "set")


def test_copies_under_labels_of_one_group_agree(tmp_path):
    for name in ("bee/a.png", "eel/a.png"):
        toy.paint(tmp_path / "photos" / name, 5, 2)
    (tmp_path / "groups.csv").write_text("class,group\nbee,insect\neel,insect\n")
    recipe = toy.write_recipe(
        tmp_path, dataset='path = "photos"\ngroups = "groups.csv"'
    )
    assert toy.build(recipe, tmp_path / "set").summary["dataset"]["n_left_out"] == 0
