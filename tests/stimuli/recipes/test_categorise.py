from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli.errors import BuildError, RecipeError, StimuliError
from stimuli.manifest import StimulusSet, Trial, trial_from_json, trial_to_json
from stimuli.sources.images import decode_png
from tests.stimuli import toy

CATEGORIES = '[categories]\ninsect = ["ant", 1]\nmammal = ["cat", "dog", "fox", "gnu"]'
LEVELS = "[levels]\nvalues = [1.0, 0.3]"


def write(
    folder: Path,
    *,
    recipe: str = "n_practice = 2",
    categories: str = CATEGORIES,
    levels: str = LEVELS,
) -> Path:
    for i in range(4):
        toy.paint(folder / f"photos/ant/{i}.png", 0, 3, confidence=190 + 10 * i)
        toy.paint(folder / f"photos/cat/{i}.png", 2, 5, confidence=195 + 10 * i)
        toy.paint(folder / f"photos/eel/{i}.png", 4, 1, confidence=192 + 10 * i)
    return toy.write_recipe(
        folder,
        recipe=f'kind = "categorise"\n{recipe}',
        controls="",
        more=f"{categories}\n{levels}",
    )


def build(folder: Path, **given: str) -> StimulusSet:
    return toy.build(write(folder, **given), folder / "set").set


def test_every_image_of_a_category_is_asked_about_at_every_level(tmp_path):
    made = build(tmp_path)
    trials = list(made.trials())
    main = [trial for trial in trials if trial.role == "main"]
    # 4 ants and 4 cats, of which 2 are for practice; the eels are of no category.
    assert Counter(trial.condition for trial in main) == {"c100": 6, "c30": 6}
    assert Counter(trial.role for trial in trials) == {"main": 12, "practice": 2}
    assert {trial.condition for trial in trials if trial.role == "practice"} == {""}
    sources = {role: {t.sources for t in trials if t.role == role} for role in
               ("main", "practice")}  # fmt: skip
    assert not sources["main"] & sources["practice"]
    labels = {s.source_sha256: s.label for s in made.stimuli()}
    wanted = {"0": "insect", "2": "mammal"}
    for trial in trials:
        assert trial.classes == ("insect", "mammal")
        assert trial.key == {"category": wanted[str(labels[trial.sources[0]])]}
        assert trial.observing == {
            "rule": "mean",
            "field": "category",
            "choices": {"insect": [0, 1], "mammal": [2, 3, 5, 6]},
        }
    assert {"insect", "mammal"} <= set(made.classes())
    summary = made.summary()
    assert summary["levels"] == {
        "name": "contrast",
        "scale": "log",
        "unit": "",
        "of": {"c100": 1.0, "c30": 0.3},
    }
    assert any("4 images are of no category" in note for note in summary["notes"])


def test_a_level_is_the_easier_picture_with_less_contrast(tmp_path):
    made = build(tmp_path)
    pixels = {}
    for trial in made.trials():
        if trial.role == "main":
            blob = made.image_path(trial.slots["target"]).read_bytes()
            pixels[trial.sources[0], trial.condition] = decode_png(blob)
    for (source, condition), picture in pixels.items():
        if condition == "c30":
            full = pixels[source, "c100"] / 255
            assert (picture == np.rint(255 * (0.35 + 0.3 * full))).all()


def test_without_levels_the_images_are_shown_as_they_are(tmp_path):
    made = build(tmp_path, levels="", recipe="n_practice = 1\nmax_images = 3")
    main = [trial for trial in made.trials() if trial.role == "main"]
    assert [trial.condition for trial in main] == ["", "", ""]
    assert "levels" not in made.summary()
    assert {s.method for s in made.stimuli()} == {"crop"}


def test_catches_are_images_that_the_classifier_is_sure_of(tmp_path):
    made = build(tmp_path, recipe="n_practice = 0\nn_catch = 1\nmax_images = 2")
    catches = [trial for trial in made.trials() if trial.role == "catch"]
    assert len(catches) == 5
    assert {trial.control for trial in catches} == {"known_category"}
    assert made.summary()["controls"]["known_category"] == 1


def test_no_category_has_more_images_than_it_may(tmp_path):
    recipe = "n_practice = 1\nmax_per_category = 2"
    made = build(tmp_path, recipe=recipe)
    asked = {(t.sources, t.key["category"]) for t in made.trials() if t.key}
    assert Counter(category for _, category in asked) == {"insect": 2, "mammal": 2}
    # Which are drawn does not hang on whether levels are made beforehand.
    plain = build(tmp_path / "plain", recipe=recipe, levels="")
    assert {(t.sources, t.key["category"]) for t in plain.trials() if t.key} == asked


def test_a_picture_of_ones_own_stands_for_its_category(tmp_path):
    Image.new("RGBA", (300, 200), (0, 0, 255, 255)).save(tmp_path / "beast.png")
    pictures = '[pictures]\nmammal = "beast.png"'
    made = build(tmp_path, levels=f"{LEVELS}\n{pictures}")
    classes = made.classes()
    (own,) = classes["mammal"].examples
    assert classes["insect"].examples == ()
    pixels = decode_png(made.image_path(own).read_bytes())
    assert pixels.shape == (160, 160, 3)
    assert (pixels == (0, 0, 255)).all()
    (record,) = (each for each in made.stimuli() if each.id == own)
    assert (record.source, record.facts) == ("beast.png", {"stands_for": "mammal"})
    assert own not in {shown for t in made.trials() for shown in t.slots.values()}
    # Another picture under the same name is another set.
    Image.new("RGB", (300, 200), (255, 0, 0)).save(tmp_path / "beast.png")
    with pytest.raises(StimuliError, match="another recipe"):
        toy.build(tmp_path / "recipe.toml", tmp_path / "set")


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        ('mammal = "nowhere.png"', "mammal: nowhere.png: No such file"),
        ('mammal = "words.png"', "mammal: words.png: not an image"),
        ('bird = "words.png"', "pictures: bird is none of them"),
    ],
)
def test_a_picture_that_cannot_stand_for_a_category_is_refused(
    tmp_path, pictures, words
):
    (tmp_path / "words.png").write_text("no image")
    with pytest.raises(BuildError, match=words):
        build(tmp_path, levels=f"{LEVELS}\n[pictures]\n{pictures}")


@pytest.mark.parametrize(
    ("categories", "words"),
    [
        ('[categories]\na = ["ant"]\nb = []', "b: has no members"),
        ('[categories]\na = ["ant", 2]\nb = ["cat"]', "'cat' (2) is in a already"),
        (
            '[categories]\na = ["ant"]\nb = ["unicorn"]',
            "b: class 'unicorn' is no class",
        ),
        ('[categories]\na = ["ant"]', "2 to 40 can be told apart on a page, got 1"),
        ('[categories]\na = ["ant"]\nnone = ["cat"]', "'none' cannot name a category"),
        ('[categories]\na = ["ant"]\n7 = ["cat"]', "'7' cannot name a category"),
        ('[categories]\na = ["ant"]\nb = ["jay"]', "no image is labelled as b"),
    ],
)
def test_categories_that_make_no_sense_are_refused_in_words(
    tmp_path, categories, words
):
    with pytest.raises(BuildError, match=re.escape(words)):
        build(tmp_path, categories=categories)


@pytest.mark.parametrize(
    ("categories", "words"),
    [
        ('categories = "pets"', "recipe.categories: is a table of its own"),
        ("[categories]\na = 7", "categories.a: input should be a valid list, got 7"),
    ],
)
def test_categories_that_cannot_be_read_are_named(tmp_path, categories, words):
    recipe = write(tmp_path, categories="")
    text = recipe.read_text()
    if categories.startswith("["):
        recipe.write_text(f"{text}\n{categories}\n")
    else:
        recipe.write_text(text.replace("[recipe]\n", f"[recipe]\n{categories}\n"))
    with pytest.raises(RecipeError, match=re.escape(words)):
        toy.build(recipe, tmp_path / "set")


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (
            "[levels]\nvalues = [0.3, 1.5]",
            "a contrast is above 0 and at most 1, got 1.5",
        ),
        ('[levels]\nmethod = "fog"', "method is one of contrast, got 'fog'"),
        (
            "[levels]\nvalues = [0.3, 0.3]",
            "levels: every value needs a name of its own",
        ),
        ("[levels]\nvalue = [0.3]", "levels.value: unknown; did you mean values?"),
    ],
)
def test_levels_that_make_no_sense_are_refused_in_words(tmp_path, levels, words):
    with pytest.raises(RecipeError, match=re.escape(words)):
        build(tmp_path, levels=levels)


def test_tables_of_one_kind_are_unknown_to_the_others(tmp_path):
    recipe = toy.write_recipe(tmp_path, more="[levels]\nvalues = [0.3]")
    (tmp_path / "photos").mkdir()
    with pytest.raises(RecipeError, match="levels: unknown"):
        toy.build(recipe, tmp_path / "set")


def test_trials_without_a_rule_keep_their_bytes():
    trial = Trial(id="a", slots={}, question="q", classes=(), role="main", sources=())
    assert "observing" not in trial_to_json(trial)
    assert trial_from_json(trial_to_json(trial)) == trial


def test_simulated_people_see_what_the_recipe_says_of_every_level(tmp_path):
    people = "n_practice = 2\n[recipe.simulated_people]\nthreshold = 0.2\nslope = 3"
    made = build(tmp_path, recipe=people)
    for trial in made.trials():
        is_main = trial.role == "main"
        level = {"c100": 1.0, "c30": 0.3, "": None}[trial.condition]
        known = {"threshold": 0.2, "slope": 3.0, "lapse": 0.02, "level": level}
        assert (trial.truth == known) == is_main, trial


def test_simulated_people_need_levels_to_see(tmp_path):
    people = "n_practice = 2\n[recipe.simulated_people]\nthreshold = 0.2"
    with pytest.raises(RecipeError, match=r"add the table \[levels\]"):
        build(tmp_path, recipe=people, levels="")
