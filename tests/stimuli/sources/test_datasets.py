from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stimuli.errors import DatasetError
from stimuli.manifest import ClassInfo
from stimuli.records.classes import ClassList, describe_classes, name_classes
from stimuli.sources.class_tables import read_groups
from stimuli.sources.datasets import resolve_labels
from stimuli.sources.listing import list_images
from tests.stimuli import toy

CLASSES = ClassList(tuple(describe_classes(toy.NAMES, [""] * 10)))


def labels_of(folder: Path, classes: ClassList = CLASSES) -> dict[str, str | None]:
    listing = list_images(folder)
    known = ClassList(classes.infos, wnids=listing.wnids or classes.wnids)
    return {s.name: s.label for s in resolve_labels(listing, known).sources}


def problems_of(folder: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        labels_of(folder)
    return str(caught.value)


def test_a_folder_per_class_is_read_by_name(tmp_path):
    toy.paint(tmp_path / "bee" / "a.png", 1, 2)
    toy.paint(tmp_path / "Cat" / "deep" / "b.png", 1, 2)
    (tmp_path / "bee" / "notes.txt").write_text("not an image")
    assert labels_of(tmp_path) == {"bee/a.png": "1", "Cat/deep/b.png": "2"}


def test_folders_with_unknown_names_are_listed_once_each(tmp_path):
    for name in ("bee/1.png", "wasp/1.png", "wasp/2.png", "newt/1.png"):
        toy.paint(tmp_path / name, 1, 2)
    message = problems_of(tmp_path)
    assert "2 problems" in message
    assert "folder wasp: label 'wasp' is no class of the classifier" in message
    assert "folder newt" in message


def test_labels_csv_takes_numbers_names_and_wordnet_ids(tmp_path):
    for name in ("a.png", "b.png", "c.png", "extra.png"):
        toy.paint(tmp_path / name, 1, 2)
    (tmp_path / "labels.csv").write_text(
        "\ufefffile,label,wnid\na.png,3,n00000003\nb.png, CAT ,\nc.png,n00000003,\n"
    )
    assert labels_of(tmp_path) == {"a.png": "3", "b.png": "2", "c.png": "3"}
    assert list_images(tmp_path).n_unlabelled == 1


def test_missing_double_and_unknown_names_come_in_one_message(tmp_path):
    for name in ("a.png", "b.png"):
        toy.paint(tmp_path / name, 1, 2)
    (tmp_path / "labels.csv").write_text(
        "file,label\na.png,1\na.png,2\ngone.png,1\nb.png,newt\nb.png,10\n,3\n"
        "../a.png,1\n"
    )
    message = problems_of(tmp_path)
    for expected in (
        "line 3: file 'a.png' is listed twice, first in line 2",
        "line 4: no file 'gone.png' in the folder",
        "line 5: label 'newt' is no class of the classifier",
        "line 6: file 'b.png' is listed twice, first in line 5",
        "line 6: label 10 is out of range, the classifier has classes 0 to 9",
        "line 7: no file name",
        "line 8: file '../a.png' lies outside",
    ):
        assert expected in message
    assert "labels.csv: 7 problems" in message


def test_an_empty_label_is_a_problem(tmp_path):
    toy.paint(tmp_path / "a.png", 1, 2)
    (tmp_path / "labels.csv").write_text("file,label\na.png,\n")
    assert "line 2: file 'a.png' has no label" in problems_of(tmp_path)


def test_a_labels_file_without_its_columns_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("image;class\na.png;1\n")
    assert "no column file, label" in problems_of(tmp_path)


def test_a_name_that_two_classes_share_needs_the_number(tmp_path):
    toy.paint(tmp_path / "a.png", 1, 2)
    (tmp_path / "labels.csv").write_text("file,label\na.png,crane\n")
    classes = ClassList(
        tuple(describe_classes(["crane", "ant", "Crane"], ["", "", ""]))
    )
    with pytest.raises(DatasetError, match="the name of classes 0 and 2; write the"):
        labels_of(tmp_path, classes)


def test_imagenet_folders_count_in_order_when_all_are_there(tmp_path):
    for i in range(10):
        toy.paint(tmp_path / "val" / f"n0000000{9 - i}" / "x.JPEG.png", 1, 2)
    assert labels_of(tmp_path)["n00000004/x.JPEG.png"] == "4"


def test_a_part_of_imagenet_needs_to_be_told_the_numbers(tmp_path):
    toy.paint(tmp_path / "n00000004" / "x.png", 1, 2)
    assert "its number is unknown: 1 folders stand beside 10" in problems_of(tmp_path)
    names = {f"n0000000{i}": (name,) for i, name in enumerate(toy.NAMES)}
    torch.save((names, ["n00000004"]), tmp_path / "meta.bin")
    assert labels_of(tmp_path) == {"n00000004/x.png": "4"}


def test_pictures_without_labels_are_unlabelled(tmp_path):
    toy.paint(tmp_path / "b.png", 1, 2)
    toy.paint(tmp_path / "more" / "a.png", 1, 2)
    toy.paint(tmp_path / ".hidden" / "a.png", 1, 2)
    assert labels_of(tmp_path) == {"b.png": None, "more/a.png": None}


def test_a_folder_without_images_says_so(tmp_path):
    with pytest.raises(DatasetError, match=r"no images in .*; known kinds are \.avif"):
        list_images(tmp_path)


def test_truth_is_looked_up_and_its_problems_join_the_others(tmp_path):
    toy.paint(tmp_path / "bee" / "a.png", 1, 2)
    (tmp_path / "truth.csv").write_text("file,present\nbee/a.png,cat|1\n")
    source = resolve_labels(list_images(tmp_path), CLASSES).sources[0]
    assert source.present == ("1", "2")
    (tmp_path / "truth.csv").write_text("file,present\nbee/b.png,newt\n")
    message = problems_of(tmp_path)
    assert "truth.csv line 2: no image 'bee/b.png'" in message
    assert "truth.csv line 2: label 'newt'" in message


def test_classes_csv_has_the_last_word_on_names(tmp_path):
    toy.paint(tmp_path / "a.png", 1, 2)
    (tmp_path / "classes.csv").write_text("index,name,gloss\n1,bumblebee,it buzzes\n")
    listing = list_images(tmp_path)
    own = [(name, "") for name in toy.NAMES]
    infos = name_classes(10, own=own, given=listing.names, overrides=listing.overrides)
    assert infos[1] == ClassInfo(id="1", name="bumblebee", gloss="it buzzes")
    assert infos[2].name == "cat"


def test_classes_csv_problems_are_listed(tmp_path):
    toy.paint(tmp_path / "a.png", 1, 2)
    (tmp_path / "classes.csv").write_text("index,name\none,ant\n1,\n1,bee\n")
    message = problems_of(tmp_path)
    for expected in ("index 'one' is no number", "line 3: no name", "listed twice"):
        assert expected in message


def test_a_classifier_without_names_needs_them_from_the_data_set():
    with pytest.raises(DatasetError, match="1 of the classifier's 3 classes have no"):
        name_classes(3, own=None, given={0: ("a", ""), 1: ("b", "")}, overrides=False)
    given = {0: ("a", ""), 1: ("b", ""), 7: ("c", "")}
    with pytest.raises(DatasetError, match="names 3 classes up to number 7"):
        name_classes(3, own=None, given=given, overrides=False)


def test_classes_of_one_name_get_glosses_that_differ():
    infos = describe_classes(["heron", "crane", "coot", "crane"], ["", "", "", ""])
    assert [info.gloss for info in infos] == [
        "",
        "the one akin to heron and coot",
        "",
        "the one akin to coot",
    ]


def test_groups_map_fine_to_coarse_and_their_problems_are_listed(tmp_path):
    path = tmp_path / "groups.csv"
    path.write_text("class,group\nbee,insect\n0,Insect\ncat,mammal\n")
    groups = read_groups(path, CLASSES)
    assert groups == {"1": "insect", "0": "insect", "2": "mammal"}
    classes = ClassList(CLASSES.infos, groups=groups)
    assert classes.is_right("0", "1")
    assert not classes.is_right("2", "1")
    # Classes in no group stand for themselves.
    assert not classes.is_right("5", "6")
    path.write_text("class,group\nnewt,x\nbee,\n1,insect\n")
    with pytest.raises(DatasetError, match="3 problems") as caught:
        read_groups(path, CLASSES)
    assert "class 'bee' (1) is listed 2 times" in str(caught.value)


def test_other_things_in_a_picture_are_read_by_name(tmp_path):
    (tmp_path / "bee").mkdir()
    toy.paint(tmp_path / "bee/a.png", 1, 2)
    toy.paint(tmp_path / "bee/b.png", 1, 3)
    (tmp_path / "truth.csv").write_text(
        "file,present,also\nbee/a.png,1,books|a vase\nbee/b.png,1,\n"
    )
    dataset = resolve_labels(list_images(tmp_path), CLASSES)
    assert [source.also for source in dataset.sources] == [("books", "a vase"), ()]
    assert [source.present for source in dataset.sources] == [("1",), ("1",)]
