"""What every recipe in `RECIPES` owes, over pictures a linear model can tell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stimuli.engine.checking import check_set
from stimuli.errors import StimuliError
from stimuli.files.images import open_image
from stimuli.manifest import Trial
from stimuli.recipes import RECIPES
from stimuli.rendering.contact_sheet import write_sheet
from stimuli.rendering.pairs import write_pairs
from tests.stimuli import toy

from . import linear

EXPLANATION = """
[recipe.explanation]
n_samples = 30
k = 3
[recipe.explanation.segmentation]
method = "slic"
n_segments = 6
"""

# Enough of each kind for a set; a new recipe needs a line here.
SETTINGS = {
    "misclassified": "include_correct = 0.1",
    "predictions": "",
    "alternatives": "max_images = 6",
    "categorise": 'n_practice = 1\nmax_images = 6\n[categories]\nwarm = ["red"]\n'
    'cool = ["green", 2]\n[levels]\nvalues = [1.0, 0.3]',
    "adversarial": f"max_images = 12{EXPLANATION}[recipe.attack]\nstep = 0.008\n",
    "pairs": "max_images = 12\nn_practice = 1\n[recipe.attack]\nstep = 0.008\n",
    "criticism": "n_classes = 3\nn_targets = 2\nn_items = 3",
    "portrait": 'classes = ["red", "green"]\nn_prototypes = 3\nn_criticisms = 3',
    "explanation_path": f"max_images = 6{EXPLANATION}",
    "gradients": "max_images = 6",
}
CONTROLS = {"adversarial": "known_yes = 1\nknown_no = 1\npractice = 2\npool = 2"}
CONTROLS["explanation_path"] = CONTROLS["adversarial"]

# Of classifiers that a recipe compares there are two.
COMPARED = '[[classifier]]\nname = "{}"\nfunction = "linear.py:{}"\n'
COMPARING = {"gradients"}

# The linear model errs about nothing by itself.
OF_ERRORS = {"alternatives"}


def mislabelled(photos: Path, copy: Path) -> Path:
    """The same pictures, some of the green ones among the red."""
    if not copy.exists():
        shutil.copytree(photos, copy)
        (copy / "truth.csv").unlink(missing_ok=True)
        for path in sorted((copy / "green").iterdir())[:8]:
            path.rename(copy / "red" / f"green-{path.name}")
    return copy


def write(folder: Path, colours: Path, kind: str, *, seed: int = 0) -> Path:
    photos = colours / "photos"
    if kind in OF_ERRORS:
        photos = mislabelled(photos, folder / "mislabelled")
    recipe = linear.write(
        folder,
        f'kind = "{kind}"\nseed = {seed}\n{SETTINGS[kind]}',
        controls=CONTROLS.get(kind, ""),
    )
    text = recipe.read_text().replace('"photos"', f'"{photos}"')
    if kind not in CONTROLS:
        controls = (
            ""
            if kind in ("categorise", "criticism", "gradients", "portrait", "pairs")
            else "known_yes = 0\n"
        )
        controls += "known_no = 0\npractice = 0\n" if controls else ""
        text = text.replace("[controls]\n", f"[controls]\n{controls}")
    if kind in COMPARING:
        text = text.split("[classifier]")[0]
        text += COMPARED.format("one", "build") + COMPARED.format(
            "two", "build_cramped"
        )
    recipe.write_text(text)
    return recipe


def test_every_recipe_is_tried():
    assert set(SETTINGS) == set(RECIPES)


@pytest.mark.parametrize("kind", sorted(RECIPES))
def test_the_same_seed_gives_the_same_bytes_and_the_check_agrees(
    kind, tmp_path, colours
):
    recipe = write(tmp_path, colours, kind)
    first = toy.build(recipe, tmp_path / "one").set
    text = recipe.read_text()
    recipe.write_text(text + "[execution]\nthreads = 1\n")
    again = toy.build(recipe, tmp_path / "two").set
    assert {s.id for s in first.stimuli()} == {s.id for s in again.stimuli()}
    for name in ("manifest.jsonl", "trials.jsonl", "classes.json"):
        one, two = ((s.folder / name).read_bytes() for s in (first, again))
        assert one == two
    checked = check_set(first.folder)
    assert not checked.problems
    n_classifiers = 2 if kind in COMPARING else 1
    assert checked.n_predictions == n_classifiers * checked.n_stimuli > 0


@pytest.mark.parametrize("kind", sorted(RECIPES))
def test_manifest_and_trials_fit_together(kind, tmp_path, colours):
    opened = toy.build(write(tmp_path, colours, kind), tmp_path / "set").set
    stimuli = {s.id: s for s in opened.stimuli()}
    classes = opened.classes()
    trials = list(opened.trials())
    assert len({t.id for t in trials}) == len(trials)
    for trial in trials:
        shown = {stimuli[i].source_sha256 for i in trial.slots.values()}
        assert shown == set(trial.sources)
        assert set(trial.classes) <= set(classes)
    used = {i for t in trials for i in t.slots.values()}
    # What no trial shows is there to be looked at in pairs, in all four forms.
    pairs = set(opened.summary().get("adversarial", {}).get("pairs", []))
    assert {stimuli[i].source for i in set(stimuli) - used} <= pairs
    assert used <= set(stimuli)
    summary = opened.summary()
    json.dumps(summary, allow_nan=False)
    _check_re_examined(trials, summary["re_examines"])


def _check_re_examined(trials: list[Trial], facts: list[dict[str, Any]]) -> None:
    """Every label that a use bears is said to stand for something, once."""
    by_label = {fact["shows"]: fact for fact in facts}
    assert len(by_label) == len(facts)
    used = {use.shows: trial for trial in trials for use in trial.uses}
    assert set(used) <= set(by_label)
    for label, trial in used.items():
        n_classes = by_label[label]["n_classes"]
        assert 0 <= n_classes <= len(trial.classes)


def test_pairs_stand_beside_each_other_on_a_sheet(tmp_path, colours):
    opened = toy.build(write(tmp_path, colours, "adversarial"), tmp_path / "set").set
    pairs = opened.summary()["adversarial"]["pairs"]
    assert pairs
    assert write_pairs(opened.folder, tmp_path / "pairs.png", n=100) == len(pairs)
    with open_image(tmp_path / "pairs.png") as sheet:
        assert sheet.width >= 480
    page = tmp_path / "pairs.html"
    assert write_pairs(opened.folder, page, n=1) == 1
    assert page.read_text("utf-8").count("<img") == 1


def test_a_set_without_pairs_says_what_makes_some(tmp_path, colours):
    opened = toy.build(write(tmp_path, colours, "portrait"), tmp_path / "set").set
    with pytest.raises(StimuliError, match='kind "adversarial"'):
        write_pairs(opened.folder, tmp_path / "pairs.png", n=4)


@pytest.mark.parametrize("kind", ["adversarial", "explanation_path"])
def test_controls_show_no_image_of_a_main_trial_in_any_form(kind, tmp_path, colours):
    opened = toy.build(write(tmp_path, colours, kind), tmp_path / "set").set
    by_role: dict[str, set[str]] = {}
    trials: list[Trial] = list(opened.trials())
    for trial in trials:
        by_role.setdefault(trial.role, set()).update(trial.sources)
    others = by_role["catch"] | by_role["practice"] | by_role.get("control", set())
    assert by_role["main"]
    assert not by_role["main"] & others
    assert not by_role["catch"] & by_role["practice"]


@pytest.mark.parametrize("kind", ["adversarial", "criticism", "explanation_path"])
def test_another_seed_gives_another_set(kind, tmp_path, colours):
    sets = []
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        folder.mkdir()
        recipe = write(folder, colours, kind, seed=seed)
        sets.append(toy.build(recipe, folder / "set").set)
    ids = [{t.id for t in opened.trials()} for opened in sets]
    assert ids[0] != ids[1]


def test_every_display_has_the_controls_it_needs(tmp_path, colours):
    built = toy.build(write(tmp_path, colours, "adversarial"), tmp_path / "set")
    controls = {
        (t.condition, t.control) for t in built.set.trials() if t.role == "control"
    }
    assert controls == {
        ("whole", "clean_true"),
        ("whole", "random_foil"),
        ("whole", "hard_foil"),
        ("attention", "random_superpixels"),
        ("attention", "clean_attention"),
        ("attention", "foil_attention"),
    }
    pairs = [
        {t.sources for t in built.set.trials() if t.condition == c and t.role == "main"}
        for c in ("whole", "attention")
    ]
    # An image without attention image says why.
    troubles = built.summary["adversarial"]["troubles"]
    assert pairs[1] <= pairs[0]
    assert len(pairs[0] - pairs[1]) <= len(troubles)
    assert all(t.key is None for t in built.set.trials() if t.role == "control")


def test_random_superpixels_match_in_number_and_are_others(tmp_path, colours):
    opened = toy.build(write(tmp_path, colours, "adversarial"), tmp_path / "set").set
    drawn = [
        s for s in opened.stimuli() if s.parameters.get("form") == "random_superpixels"
    ]
    assert drawn
    for stimulus in drawn:
        matched = stimulus.facts["matched_superpixels"]
        assert len(stimulus.facts["superpixels"]) == len(matched)
        assert set(stimulus.facts["superpixels"]) != set(matched)


@pytest.mark.parametrize("kind", sorted(RECIPES))
@pytest.mark.parametrize("suffix", ["png", "html"])
def test_the_contact_sheet_shows_it(kind, suffix, tmp_path, colours):
    opened = toy.build(write(tmp_path, colours, kind), tmp_path / "set").set
    out = tmp_path / f"sheet.{suffix}"
    n_shown = write_sheet(opened.folder, out, n=12)
    assert 0 < n_shown <= 12
    assert out.stat().st_size > 1000
