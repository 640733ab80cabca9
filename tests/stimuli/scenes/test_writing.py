import csv
import hashlib

import numpy as np
import pytest

from stimuli.errors import StimuliError
from stimuli.files.images import open_image
from stimuli.scenes import CLASSES, write_dataset
from stimuli.scenes.drawing import draw_one
from stimuli.sources.listing import list_images


def read(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes") / "set"
    written = write_dataset(root, n=17, seed=11, split="validation", size=64)
    assert written.n == 17
    return root


def test_the_tables_tell_what_was_drawn(folder):
    labels, truth, scenes = (
        read(folder / name) for name in ("labels.csv", "truth.csv", "scenes.csv")
    )
    assert len(labels) == len(truth) == len(scenes) == 17
    for i, (label, present) in enumerate(zip(labels, truth, strict=True)):
        scene = draw_one(i, seed=11, split="validation", size=64)
        assert label["file"] == present["file"] == f"images/validation-{i:05d}.png"
        assert int(label["label"]) == scene.label == i % 16
        assert label["name"] == CLASSES[scene.label].name
        assert present["present"] == "|".join(map(str, scene.present))
        assert present["also"] == ("books" if scene.has_companion else "")


def test_the_pictures_are_lossless(folder):
    with open_image(folder / "images/validation-00003.png") as picture:
        scene = draw_one(3, seed=11, split="validation", size=64)
        assert picture.format == "PNG"
        assert picture.tobytes() == scene.pixels.tobytes()


def test_the_classes_come_with_a_gloss(folder):
    rows = read(folder / "classes.csv")
    assert [(r["name"], r["gloss"]) for r in rows] == [
        (c.name, c.gloss) for c in CLASSES
    ]
    assert len({r["name"] for r in rows}) == 16


def test_a_recipe_reads_the_folder_as_it_is(folder):
    listing = list_images(folder)
    assert listing.form == "labels"
    assert listing.problems == ()
    assert len(listing.entries) == 17
    assert listing.names[10] == ("lamp", "a table lamp with a shade")


def test_the_same_arguments_write_the_same_bytes(folder, tmp_path):
    write_dataset(tmp_path, n=2, seed=11, split="validation", size=64)
    for i in range(2):
        name = f"images/validation-{i:05d}.png"
        first, again = ((f / name).read_bytes() for f in (folder, tmp_path))
        assert hashlib.sha256(first).digest() == hashlib.sha256(again).digest()


def test_progress_counts_up_to_all(tmp_path):
    seen = []
    write_dataset(
        tmp_path, n=2, seed=1, size=32, progress=lambda done, n: seen.append((done, n))
    )
    assert seen == [(1, 2), (2, 2)]


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StimuliError, match="not an empty folder"):
        write_dataset(tmp_path, n=1, seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_scenes_of_one_class_are_those_of_the_whole_draw(tmp_path):
    write_dataset(tmp_path / "set", n=3, seed=11, split="validation", size=64, label=10)
    labels = read(tmp_path / "set" / "labels.csv")
    assert [row["name"] for row in labels] == ["lamp"] * 3
    # The second lamp is scene 10 + 16 of the draw.
    scene = draw_one(26, seed=11, split="validation", size=64)
    with open_image(tmp_path / "set" / labels[1]["file"]) as picture:
        assert np.array_equal(np.asarray(picture), scene.pixels)


def test_masks_lie_in_a_folder_of_their_own_under_the_images_names(tmp_path):
    write_dataset(tmp_path / "set", n=2, seed=11, size=64, masks=tmp_path / "masks")
    with open_image(tmp_path / "masks/images/validation-00001.png") as picture:
        mask = np.asarray(picture)
    scene = draw_one(1, seed=11, split="validation", size=64)
    assert (mask == scene.mask).all()
    with pytest.raises(StimuliError, match="masks is not an empty folder"):
        write_dataset(tmp_path / "new", n=2, seed=11, masks=tmp_path / "masks")
