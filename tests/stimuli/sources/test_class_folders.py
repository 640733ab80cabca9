"""Which folders are classes, and which output each one means."""

import pytest

from stimuli.errors import DatasetError
from stimuli.records.classes import ClassList, name_classes
from stimuli.sources.class_folders import settle_classes
from stimuli.sources.datasets import resolve_labels
from stimuli.sources.listing import list_images
from tests.stimuli import toy


def labels_of(folder, n_outputs, *, own=None):
    """File to class number, and the notes, as a build finds them."""
    names = None if own is None else [(name, "") for name in own]
    listing = settle_classes(list_images(folder), n_outputs, own=names)
    infos = name_classes(
        n_outputs, own=names, given=listing.names, overrides=listing.overrides
    )
    dataset = resolve_labels(listing, ClassList(infos, wnids=listing.wnids))
    labels = {s.name: int(str(s.label)) for s in dataset.sources}
    return labels, " ".join(listing.notes)


def paint_folders(folder, names) -> None:
    for name in names:
        toy.paint(folder / str(name) / "a.png", 1, 2)


def test_folders_named_by_number_are_numbers(tmp_path):
    paint_folders(tmp_path, range(12))
    labels, notes = labels_of(tmp_path, 12)
    assert labels == {f"{i}/a.png": i for i in range(12)}
    assert "class folders are numbered 0 to 11: folder k is output k (" in notes


def test_zeros_in_front_change_nothing(tmp_path):
    paint_folders(tmp_path, [f"{i:03}" for i in range(12)])
    assert labels_of(tmp_path, 12)[0]["010/a.png"] == 10


def test_folders_from_one_count_from_one_where_they_are_as_many_as_outputs(tmp_path):
    paint_folders(tmp_path, range(1, 13))
    labels, notes = labels_of(tmp_path, 12)
    assert labels == {f"{i}/a.png": i - 1 for i in range(1, 13)}
    assert "folder k is output k - 1, since they are as many as outputs" in notes
    # A thirteenth output is a background class: then a number is an output.
    labels, notes = labels_of(tmp_path, 13, own=["nothing", *"abcdefghijkl"])
    assert labels["12/a.png"] == 12
    assert "folder k is output k (" in notes


def test_an_empty_folder_counts_among_numbers(tmp_path):
    paint_folders(tmp_path, range(1, 12))
    (tmp_path / "12").mkdir()
    own = list("abcdefghijkl")
    assert labels_of(tmp_path, 12, own=own)[0]["11/a.png"] == 10


def test_names_of_the_classifier_come_before_numbers(tmp_path):
    # A network whose first output is called "1".
    paint_folders(tmp_path, range(1, 10))
    own = [str(i) for i in range(1, 10)]
    assert labels_of(tmp_path, 9, own=own)[0]["1/a.png"] == 0
    # As classes.csv has the last word: outputs in torchvision's order of text.
    text = sorted(own)
    rows = "".join(f"{i},{name}\n" for i, name in enumerate(text))
    (tmp_path / "classes.csv").write_text("index,name\n" + rows)
    assert labels_of(tmp_path, 9)[0] == {f"{n}/a.png": text.index(n) for n in own}


def test_a_number_beyond_the_outputs_is_refused(tmp_path):
    paint_folders(tmp_path, [0, 1, 12])
    with pytest.raises(DatasetError, match="label 12 is out of range"):
        labels_of(tmp_path, 3, own=list("abc"))


def test_numbers_and_names_mixed_need_names_of_the_classes(tmp_path):
    paint_folders(tmp_path, [0, 1, "misc"])
    message = "2 class folders are named by number .* and 1 are not"
    with pytest.raises(DatasetError, match=message):
        labels_of(tmp_path, 3)
    # With names, each folder is what it says.
    labels, _ = labels_of(tmp_path, 3, own=["a", "b", "misc"])
    assert labels == {"0/a.png": 0, "1/a.png": 1, "misc/a.png": 2}


def test_one_number_written_twice_is_refused(tmp_path):
    paint_folders(tmp_path, [0, 1, "01"])
    with pytest.raises(DatasetError, match="'01' and '1' are the same number"):
        labels_of(tmp_path, 3)


def test_stray_and_empty_folders_are_no_classes(tmp_path):
    paint_folders(tmp_path, ["ant", "bee", "cat"])
    for name in ("__MACOSX", ".ipynb_checkpoints", "@eaDir"):
        toy.paint(tmp_path / name / "x.png", 1, 2)
    (tmp_path / "aside").mkdir()
    labels, notes = labels_of(tmp_path, 3)
    assert labels == {"ant/a.png": 0, "bee/a.png": 1, "cat/a.png": 2}
    assert "1 folder (aside) without images: passed over" in notes


def test_an_empty_folder_is_a_class_where_the_outputs_need_it(tmp_path):
    paint_folders(tmp_path, ["ant", "cat"])
    (tmp_path / "bee").mkdir()
    labels, notes = labels_of(tmp_path, 3)
    assert labels == {"ant/a.png": 0, "cat/a.png": 2}
    assert "counted as classes, since the classifier has 3 outputs" in notes


def test_wordnet_folders_stay_classes_beside_stray_ones(tmp_path):
    for i in range(3):
        toy.paint(tmp_path / f"n0000000{i}" / "x.png", 1, 2)
    toy.paint(tmp_path / "__MACOSX" / "x.png", 1, 2)
    (tmp_path / "lists").mkdir()
    listing = list_images(tmp_path)
    assert listing.form == "imagenet"
    assert listing.wnids == {f"n0000000{i}": str(i) for i in range(3)}


@pytest.mark.parametrize("own", [None, ["ant", "bee"]])
def test_parts_of_a_data_set_are_no_classes(tmp_path, own):
    # A network of two outputs without names took "train" and "val" for its classes.
    for part in ("train", "Val"):
        paint_folders(tmp_path / part, ["ant", "bee"])
    with pytest.raises(DatasetError, match=r"parts of a data set \(Val, train\)"):
        labels_of(tmp_path, 2, own=own)
    # Where a class is called so, the folder is that class.
    labels, _ = labels_of(tmp_path, 2, own=["train", "val"])
    assert labels["train/ant/a.png"] == 0


def test_one_folder_around_the_classes_is_told(tmp_path):
    paint_folders(tmp_path / "Dataset", ["ant", "bee"])
    message = r"one folder 'Dataset'; if the folders in it \(ant, bee\) are the classes"
    with pytest.raises(DatasetError, match=message):
        labels_of(tmp_path, 2)


def test_folders_numbered_by_their_names_are_said_to_be(tmp_path):
    paint_folders(tmp_path, ["ant", "bee", "cat"])
    said = "ImageFolder does: ant is output 0, cat is output 2"
    assert said in labels_of(tmp_path, 3)[1]
    assert said not in labels_of(tmp_path, 3, own=["cat", "bee", "ant"])[1]
