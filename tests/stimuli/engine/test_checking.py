from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from stimuli.cli import stimuli
from stimuli.engine.checking import check_set
from stimuli.errors import RecipeError
from stimuli.manifest import StimulusSet, StimulusSetError
from tests.stimuli import toy


def a_picture(folder: Path) -> Path:
    return sorted((folder / "images").iterdir())[0]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_fresh_set_is_well(built_folder):
    checked = check_set(built_folder)
    # 6 main, 20 practice, 10 + 10 catches, a picture each.
    assert (checked.n_stimuli, checked.n_trials, checked.n_predictions) == (46, 46, 46)
    assert (checked.problems, checked.notes) == ([], [])


def test_changed_missing_and_added_pictures_are_named(built_folder):
    first, second = sorted((built_folder / "images").iterdir())[:2]
    first.write_bytes(first.read_bytes() + b"x")
    second.unlink()
    (built_folder / "images" / "more.png").write_bytes(b"")
    problems = check_set(built_folder).problems
    assert len(problems) == 3
    assert any(first.name in p and "not those its name promises" in p for p in problems)
    assert any(second.name in p and "missing" in p for p in problems)
    assert "images/more.png: in no line of the manifest" in problems


def test_a_picture_of_another_size_than_the_manifest_says_is_named(built_folder):
    edit(built_folder / "manifest.jsonl", '"width":16', '"width":20')
    (problem,) = check_set(built_folder).problems
    assert "16 x 16 pixels, the manifest says 20 x 16" in problem


def test_damaged_lines_are_named_with_their_number(built_folder):
    path = built_folder / "trials.jsonl"
    lines = path.read_text().splitlines()
    lines[2] = lines[2][:50]
    path.write_text("\n".join(lines) + "\n")
    assert check_set(built_folder).problems[0].startswith("trials.jsonl line 3: not a")


def test_a_trial_with_other_classes_no_longer_has_its_id(built_folder):
    edit(built_folder / "trials.jsonl", '"classes":["5"]', '"classes":["99"]')
    problems = check_set(built_folder).problems
    assert any("its id should be" in p for p in problems)
    assert any("no class ['99']" in p for p in problems)


def test_counts_and_recipe_are_compared(built_folder):
    edit(built_folder / "summary.json", '"main": 6', '"main": 7')
    edit(built_folder / "recipe.toml", "known_no = 2", "known_no = 3")
    problems = check_set(built_folder).problems
    assert "recipe.toml is not the recipe the set was built from" in problems
    edit(built_folder / "recipe.toml", "known_no = 3", "known_no = 2")
    assert check_set(built_folder).problems == ["6 main trials, the summary says 7"]


def test_other_weights_are_noticed(built_folder):
    edit(built_folder.parent / "toy.py", "20.0, 10.0", "20.0, 10.5")
    (problem,) = check_set(built_folder).problems
    assert problem == "toy: its weights are not those the set was built with"


def test_other_predictions_are_named_unless_the_margin_is_small(built_folder):
    model = built_folder.parent / "toy.py"
    # The same weights, another computation: the second class wins by far.
    edit(model, "self.scale[0] * colour", "0 * self.scale[0] * colour")
    problems = check_set(built_folder).problems
    assert len(problems) == 46
    assert "toy now says class" in problems[0]
    # Logits up to 20 apart, so a tolerance of 25 forgives the change of class,
    # and no probability can be 25 off.
    assert check_set(built_folder, tolerance=25).problems == []


def test_a_set_that_travelled_is_checked_without_its_recipe(built_folder, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(built_folder, moved)
    recipe = built_folder.parent / "recipe.toml"
    recipe.rename(tmp_path / "kept.toml")
    checked = check_set(moved)
    assert checked.n_predictions == 0
    assert "give it with --recipe" in checked.notes[0]
    assert check_set(moved, recipe_path=tmp_path / "kept.toml").n_predictions == 46
    assert check_set(moved, has_predictions=False).notes == []


def test_a_recipe_changed_since_the_build_does_not_hide_the_classifier(built_folder):
    recipe = built_folder.parent / "recipe.toml"
    edit(recipe, "[classifier]", '[classifier]\nname = "renamed"')
    checked = check_set(built_folder)
    assert (checked.n_predictions, checked.problems) == (46, [])
    edit(built_folder.parent / "toy.py", "20.0, 10.0", "20.0, 10.5")
    (problem,) = check_set(built_folder).problems
    assert problem == "toy: its weights are not those the set was built with"


def test_a_classifier_that_the_recipe_lacks_is_named_and_fails(built_folder):
    edit(built_folder / "recipe.toml", "[classifier]", '[classifier]\nname = "other"')
    problems = check_set(built_folder).problems
    assert problems == [
        "recipe.toml is not the recipe the set was built from",
        "toy: the set has its predictions, the recipe has no such classifier",
    ]
    ran = CliRunner().invoke(stimuli, ["check", str(built_folder)])
    assert ran.exit_code == 1


def test_a_recipe_in_the_set_that_makes_no_sense_is_named(built_folder):
    edit(built_folder / "recipe.toml", "[classifier]", "[classifer]")
    with pytest.raises(
        RecipeError, match=r"set/recipe\.toml, with its paths"
    ) as caught:
        check_set(built_folder)
    assert "classifer: unknown; did you mean classifier?" in str(caught.value)


def test_an_unfinished_build_is_no_set(built_folder):
    (built_folder / "summary.json").unlink()
    with pytest.raises(StimulusSetError, match=r"summary\.json missing; build it"):
        check_set(built_folder)


def test_checking_covers_every_classifier_of_a_set(tmp_path):
    toy.paint(tmp_path / "photos/bee/a.png", 3, 4)
    classifier = (
        '[[classifier]]\nname = "x"\nfunction = "toy.py:build"\n'
        '[[classifier]]\nname = "y"\nfunction = "toy.py:build_swapped"\n'
    )
    recipe = toy.write_recipe(tmp_path, classifier=classifier)
    folder = toy.build(recipe, tmp_path / "set").set.folder
    assert check_set(folder).n_predictions == 2
    assert json.loads((folder / "summary.json").read_text())["trials"]["main"] == 2
    assert len(list(StimulusSet(folder).stimuli())) == 1
    assert a_picture(folder).suffix == ".png"
