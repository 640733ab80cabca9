from __future__ import annotations

from pathlib import Path

import pytest

from stimuli.errors import RecipeError
from stimuli.recipe_file import RecipeFile, read_recipe
from stimuli.recipes import RECIPES

KINDS = {kind: entry[0] for kind, entry in RECIPES.items()}

DOCUMENTED = """
[recipe]
kind = "misclassified"
shows = "top1"                          # or "top5-of-top1-errors", "top5-of-top5-errors"
include_correct = 0.05                  # share of correctly classified images to include
[controls]
known_yes = 3                           # per block of 20
known_no = 3
[dataset]
path = "../shared/data/photos"          # a folder per class, or a folder with labels.csv
[classifier]                            # or several: [[classifier]]
torchvision = "squeezenet1_1"           # or: function = "my_model.py:build"
weights = "../shared/data/weights/squeezenet1_1.pth"    # or "IMAGENET1K_V1"
"""


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "work").mkdir(exist_ok=True)
    (tmp_path / "shared/data/photos").mkdir(parents=True, exist_ok=True)
    weights = tmp_path / "shared/data/weights/squeezenet1_1.pth"
    weights.parent.mkdir(exist_ok=True)
    weights.write_bytes(b"")
    path = tmp_path / "work" / "recipe.toml"
    path.write_text(text)
    return path


def read(tmp_path: Path, text: str) -> RecipeFile:
    return read_recipe(write(tmp_path, text), KINDS)


def problems_of(tmp_path: Path, text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        read(tmp_path, text)
    return str(caught.value)


def test_the_documented_recipe_is_read_with_paths_relative_to_it(tmp_path):
    recipe = read(tmp_path, DOCUMENTED)
    assert recipe.parameters.model_dump() == {
        "shows": "top1",
        "ask": None,
        "include_correct": 0.05,
        "seed": 0,
    }
    assert (recipe.controls.known_yes, recipe.controls.known_no) == (3, 3)
    photos = recipe.locate(recipe.dataset.path)
    assert photos.resolve() == (tmp_path / "shared/data/photos").resolve()
    assert [c.label for c in recipe.classifiers] == ["squeezenet1_1"]


def test_every_default_is_in_the_settings(tmp_path):
    settings = read(tmp_path, DOCUMENTED).settings()
    assert settings["execution"] == {
        "device": "auto",
        "batch_size": None,
        "shard_size": 64,
        "threads": None,
        "workers": None,
        "ray": None,
        "actors": None,
        "gpus_per_actor": None,
    }
    assert settings["controls"]["max_probability"] == 1e-4
    assert settings["examples"] == {"per_class": 0}


def test_several_classifiers_are_an_array_of_tables(tmp_path):
    text = DOCUMENTED.replace("[classifier] ", "[[classifier]] ")
    text += '[[classifier]]\ntorchvision = "resnet18"\nweights = "IMAGENET1K_V1"\n'
    recipe = read(tmp_path, text)
    assert [c.label for c in recipe.classifiers] == ["squeezenet1_1", "resnet18"]
    assert [c.weights_is_enum for c in recipe.classifiers] == [False, True]


def test_two_classifiers_of_one_name_need_names(tmp_path):
    text = DOCUMENTED.replace("[classifier] ", "[[classifier]] ")
    text += '[[classifier]]\ntorchvision = "squeezenet1_1"\nweights = "DEFAULT"\n'
    assert "two are called 'squeezenet1_1'" in problems_of(tmp_path, text)


def test_all_problems_come_in_one_message_with_file_and_key(tmp_path):
    message = problems_of(
        tmp_path,
        """
        [recipe]
        kind = "misclassified"
        shows = "top2"
        include_correct = 5
        [controls]
        known_yess = 3
        known_no = -1
        [dataset]
        form = "labels"
        [classifier]
        torchvision = "resnet18"
        function = "model.py:build"
        [execution]
        batch_size = "big"
        [displays]
        crop = 3
        """,
    )
    assert message.startswith(str(tmp_path / "work" / "recipe.toml"))
    for expected in (
        "recipe.shows: ",
        "recipe.include_correct: ",
        "controls.known_yess: unknown; did you mean known_yes?",
        "controls.known_no: ",
        "dataset.path: missing",
        "classifier: give exactly one of torchvision, function and demo",
        "execution.batch_size: ",
        "displays: unknown; did you mean display?",
    ):
        assert expected in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "recipe: the table is missing"),
        ("[recipe]\nkind = 'misclasified'", "recipe.kind: expected one of"),
        ("[recipe]\nkind =", "is not TOML"),
        (
            DOCUMENTED.replace('"top1"', '"top1"\nask = "each"'),
            'recipe: ask = "each" is about five classes',
        ),
        (DOCUMENTED.replace("weights =", "# weights ="), "torchvision needs weights"),
        (
            DOCUMENTED.replace('torchvision = "squeezenet1_1"', "demo = true"),
            "weights go with torchvision, not with demo",
        ),
        (
            DOCUMENTED.replace('torchvision = "squeezenet1_1"', 'function = "m.py"'),
            "classifier.function",
        ),
    ],
)
def test_a_problem_is_named(tmp_path, text, expected):
    assert expected in problems_of(tmp_path, text)


def test_paths_that_lead_nowhere_are_named_together(tmp_path):
    text = DOCUMENTED.replace("../shared", "../elsewhere").replace(
        "known_yes = 3", 'known_yes = 3\nadjudicated = "list.csv"'
    )
    message = problems_of(tmp_path, text)
    assert "3 problems" in message
    for key in ("dataset.path: no folder", "controls.adjudicated: no file"):
        assert key in message
    assert "classifier.weights: no file" in message


def test_a_missing_recipe_is_said_to_be_missing(tmp_path):
    with pytest.raises(
        RecipeError, match=r"the recipe .* cannot be read: No such file"
    ):
        read_recipe(tmp_path / "recipe.toml", KINDS)
