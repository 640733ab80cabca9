from __future__ import annotations

import shutil
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from stimuli.engine.building import BuiltSet
from stimuli.errors import BuildError, RecipeError
from stimuli.manifest import Trial
from tests.stimuli import toy

from . import linear

RECIPE = """kind = "criticism"
n_classes = 3
n_items = 4
n_targets = 3
"""
# From r - 3b - g of d, a sign step of one byte leaves d - 5 steps: 3 flips at step 1,
# 12 at step 3, 60 survives ten. Bytes of red above 60 + 180 differ from picture to
# picture, since copies count once.
SURVIVES = [(248 + i, 180 - i, 0) for i in range(4)]
FIRST = [(203 + i, 200 + i, 0) for i in range(3)]
THIRD = [(212 + i, 200 + i, 0) for i in range(3)]


@pytest.fixture
def world(tmp_path: Path, colours: Path) -> Path:
    shutil.copytree(colours / "photos", tmp_path / "photos")
    return tmp_path


def main_of(built: BuiltSet) -> list[Trial]:
    return [trial for trial in built.set.trials() if trial.role == "main"]


def items(trials: list[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        assert trial.truth is not None
        found.setdefault(trial.truth["item"], []).append(trial)
    return found


def test_every_item_is_built_under_seven_conditions_that_differ_in_images_alone(world):
    built = toy.build(linear.write(world, RECIPE, controls=""), world / "set")
    trials = main_of(built)
    assert len(trials) == 4 * 7
    for same in items(trials).values():
        assert len({t.condition for t in same}) == 7
        assert len({t.slots["target"] for t in same}) == 1
        assert len({tuple(t.truth["groups"]) for t in same if t.truth}) == 1
        assert len({t.key["group"] for t in same if t.key}) == 1


def test_groups_hold_images_of_their_class_and_never_the_target(world):
    built = toy.build(linear.write(world, RECIPE, controls=""), world / "set")
    stimuli = {s.id: s for s in built.set.stimuli()}
    for trial in main_of(built):
        assert trial.truth is not None
        assert trial.key is not None
        for number, class_id in enumerate(trial.truth["groups"], start=1):
            shown = [trial.slots[f"group_{number}_{i}"] for i in range(1, 7)]
            assert {stimuli[i].label for i in shown} == {class_id}
            assert len(set(shown)) == 6
            assert trial.slots["target"] not in shown
        right = trial.truth["groups"][int(trial.key["group"]) - 1]
        assert stimuli[trial.slots["target"]].label == right


def test_roles_and_fallbacks_are_on_the_manifest_and_counted(world):
    built = toy.build(linear.write(world, RECIPE, controls=""), world / "set")
    selected = [
        s.facts["selected"] for s in built.set.stimuli() if "selected" in s.facts
    ]
    told = built.summary["criticism"]
    roles = [
        entry["adversarial-3+3"] for entry in selected if "adversarial-3+3" in entry
    ]
    assert {r["selected_as"] for r in roles} <= {"prototype", "criticism"}
    # Three items of three classes show all classes; what was chosen of them is shown.
    n_fallback = sum("fallback" in r for r in roles)
    assert n_fallback == told["fallbacks"]["adversarial-3+3"]["n_fallback"]
    assert told["fallbacks"]["adversarial-3+3"]["n_shown"] == 3 * 6
    assert sum(c["takes_part"] for c in told["classes"].values()) == 3
    assert any("fallback order was used" in n for n in built.summary["notes"])


def test_survivors_are_counted_as_worked_out_by_hand(tmp_path):
    pictures = {
        f"red/{name}{i}.png": colour
        for name, colours in (("s", SURVIVES), ("a", FIRST), ("t", THIRD))
        for i, colour in enumerate(colours)
    }
    pictures |= {
        "red/wrong.png": (101, 200, 0),
        "red/copy.png": SURVIVES[0],
    }
    pictures |= {f"green/{i}.png": (100, 200 + i, 0) for i in range(10)}
    recipe = linear.write(
        tmp_path,
        'kind = "portrait"\nclasses = ["red"]\nn_prototypes = 4\nn_criticisms = 4\n'
        "n_random = 5\n[recipe.attack]\n"
        f"step = {1 / 255!r}",
        controls="",
        pictures=pictures,
    )
    built = toy.build(recipe, tmp_path / "set")
    told = built.summary["portrait"]["classes"]["0"]
    assert {k: told[k] for k in told if k.startswith("n_")} == {
        "n_images": 11,
        "n_right": 10,
        "n_survivors": 4,
        "n_first_step_flips": 3,
        "n_copies": 1,
        "n_failed": 0,
        "n_random": 5,
    }
    # Four prototypes survive; of four criticisms three flip at step one.
    assert told["chosen"] == {
        "n_prototypes": 4,
        "n_prototype_fallbacks": 0,
        "n_criticisms": 4,
        "n_criticism_fallbacks": 1,
    }
    uses: dict[str, set[str]] = {}
    for trial in built.set.trials():
        assert (trial.condition, trial.question) == ("", "attributes")
        for use in trial.uses:
            uses.setdefault(use.shows, set()).add(use.source_sha256)
    assert {k: len(v) for k, v in uses.items()} == {
        "prototype": 4,
        "criticism": 4,
        "random": 5,
    }
    fallback = [s.facts for s in built.set.stimuli() if "fallback" in s.facts]
    assert [f["fallback"] for f in fallback] == ["flips at step 3 of 10"]


def test_a_class_with_too_few_images_is_left_out_of_all_conditions_by_name(world):
    for path in sorted((world / "photos/green").iterdir())[4:]:
        path.unlink()
    (world / "photos/truth.csv").unlink()
    text = RECIPE.replace("n_classes = 3", "n_classes = 2")
    built = toy.build(linear.write(world, text, controls=""), world / "set")
    left_out = built.summary["criticism"]["left_out"]
    assert set(left_out) == {"green"}
    assert "class green: 6 images wanted, 4 there" in left_out["green"]
    assert all("1" not in t.classes for t in built.set.trials())
    assert len(main_of(built)) == 4 * 7


def test_too_few_classes_stop_the_build_and_say_why(world):
    for path in sorted((world / "photos/green").iterdir())[4:]:
        path.unlink()
    (world / "photos/truth.csv").unlink()
    with pytest.raises(BuildError, match=r"2 classes can take part.*class green"):
        toy.build(linear.write(world, RECIPE, controls=""), world / "set")


def test_a_portrait_of_a_class_with_too_few_images_names_it(world):
    text = 'kind = "portrait"\nclasses = ["blue"]\nn_prototypes = 30'
    with pytest.raises(BuildError, match=r"class blue: .*48 images.*wanted, 14 there"):
        toy.build(linear.write(world, text, controls=""), world / "set")


def test_an_unknown_class_and_an_unknown_condition_are_told(world):
    text = 'kind = "portrait"\nclasses = ["mauve", "tan"]'
    with pytest.raises(RecipeError) as caught:
        toy.build(linear.write(world, text, controls=""), world / "set")
    assert "'mauve' is no class" in str(caught.value)
    assert "'tan' has no image" in str(caught.value)
    text = RECIPE + 'conditions = ["random-7"]'
    with pytest.raises(RecipeError, match="known are mmd_critic-6"):
        toy.build(linear.write(world, text, controls=""), world / "set")


def test_an_assignment_study_has_no_catch_about_relevance(world):
    recipe = linear.write(world, RECIPE, controls="known_yes = 1")
    with pytest.raises(BuildError, match=r"leave the counts out"):
        toy.build(recipe, world / "set")


def test_groups_take_the_place_of_classes(world):
    (world / "groups.csv").write_text("class,group\nred,warm\ngreen,cold\nblue,cold\n")
    text = RECIPE.replace("n_classes = 3", "n_classes = 2")
    recipe = linear.write(world, text, controls="")
    recipe.write_text(
        recipe.read_text().replace('"photos"', '"photos"\ngroups = "groups.csv"')
    )
    built = toy.build(recipe, world / "set")
    assert {t.classes for t in built.set.trials()} == {("group:cold", "group:warm")}
    assert built.set.classes()["group:cold"].name == "cold"


def test_a_path_grows_by_one_superpixel_per_frame(world):
    text = (
        'kind = "explanation_path"\ndisplay = "sequence"\nmax_images = 8\n'
        "[recipe.explanation]\nn_samples = 30\nk = 3\n"
        '[recipe.explanation.segmentation]\nmethod = "slic"\nn_segments = 6'
    )
    built = toy.build(linear.write(world, text, controls=""), world / "set")
    stimuli = {s.id: s for s in built.set.stimuli()}
    trials = list(built.set.trials())
    assert trials
    for trial in trials:
        frames = [
            stimuli[trial.slots[f"frame_{n}"]].facts["superpixels"]
            for n in range(1, len(trial.slots) + 1)
        ]
        assert [len(f) for f in frames] == list(range(1, len(frames) + 1))
        assert all(f == frames[-1][: len(f)] for f in frames)


def test_a_set_brings_its_own_catches_and_practice(world):
    built = toy.build(linear.write(world, RECIPE, controls=""), world / "set")
    roles = Counter(trial.role for trial in built.set.trials())
    # One catch per block, five blocks' worth of each of seven conditions.
    assert roles == {"main": 28, "catch": 35, "practice": 2}
    counts = built.summary["controls"]
    assert (counts["among_them"], counts["practice"]) == (1, 2)
    assert counts["known_yes"] == 0
    assert built.summary["trials"] == {**roles, "control": 0}


def test_a_set_can_be_without_catches(world):
    text = RECIPE.replace("n_classes = 3", "n_classes = 3\nn_catch = 0\nn_practice = 0")
    built = toy.build(linear.write(world, text, controls=""), world / "set")
    assert {trial.role for trial in built.set.trials()} == {"main"}


def test_licences_and_credits_go_into_the_manifest(world):
    names = sorted(
        p.relative_to(world / "photos") for p in world.glob("photos/*/*.png")
    )
    lines = [f"{name.as_posix()},CC BY 4.0,somebody" for name in names[:5]]
    text = "\n".join(["file,licence,credit", *lines]) + "\n"
    (world / "photos/credits.csv").write_text(text)
    built = toy.build(linear.write(world, RECIPE, controls=""), world / "set")
    said = {s.source: s.facts.get("licence") for s in built.set.stimuli()}
    expected = {name.as_posix() for name in names[:5]} & set(said)
    assert expected
    assert {source for source, licence in said.items() if licence} == expected


def test_further_columns_of_labels_csv_go_into_the_manifest(world):
    names = sorted(
        p.relative_to(world / "photos").as_posix() for p in world.glob("photos/*/*.png")
    )
    lines = [
        f"{name},{name.partition('/')[0]},roll-{i % 3}" for i, name in enumerate(names)
    ]
    text = "\n".join(["file,label,Film", *lines]) + "\n"
    (world / "photos/labels.csv").write_text(text)
    built = toy.build(linear.write(world, RECIPE, controls=""), world / "set")
    expected = {name: {"film": f"roll-{i % 3}"} for i, name in enumerate(names)}
    stimuli = list(built.set.stimuli())
    assert stimuli
    assert all(s.facts["columns"] == expected[s.source] for s in stimuli)


def test_what_simulated_people_reach_stands_in_the_truth_of_main_trials_alone(world):
    recipe = (
        RECIPE + 'simulated_success = { "random-6" = 0.4, "adversarial-6" = 0.8 }\n'
    )
    built = toy.build(linear.write(world, recipe, controls=""), world / "set")
    for trial in built.set.trials():
        reached = (trial.truth or {}).get("success")
        planted = {"random-6": 0.4, "adversarial-6": 0.8}.get(trial.condition)
        assert reached == (planted if trial.role == "main" else None)


def test_a_planted_success_must_be_a_share_of_a_condition(world):
    recipe = RECIPE + 'simulated_success = { "random-7" = 0.4 }\n'
    with pytest.raises(RecipeError, match="expected shares from 0 to 1"):
        toy.build(linear.write(world, recipe, controls=""), world / "set")


def test_a_kernel_that_sees_nothing_is_told_before_anybody_is_asked(world):
    recipe = RECIPE + "[recipe.mmd_critic]\ngamma = 1e9\n"
    built = toy.build(linear.write(world, recipe, controls=""), world / "set")
    (note,) = (n for n in built.summary["notes"] if "nearly the identity" in n)
    assert "3 of 3 classes (red: gamma 1e+09, median off-diagonal 0, with" in note
    assert "spread of the witness" in note
    outcomes = built.summary["criticism"]["classes"]["0"]["outcomes"]
    assert outcomes["mmd_critic-3+3"]["off_diagonal"]["median"] == 0
    assert outcomes["mmd_critic-3+3"]["gamma"] == 1e9


def test_the_width_is_the_median_unless_it_is_said(world):
    text = 'kind = "portrait"\nclasses = ["red"]\nselection = "mmd_critic"\n'
    text += "n_prototypes = 4\nn_criticisms = 3\n"
    said = {}
    for number, gamma in enumerate(("", 'gamma = "1/d"')):
        recipe = text + f"[recipe.mmd_critic]\n{gamma}\n"
        built = toy.build(
            linear.write(world, recipe, controls=""), world / f"set-{number}"
        )
        assert not [n for n in built.summary["notes"] if "MMD-critic" in n]
        outcome = built.summary["portrait"]["classes"]["0"]["outcome"]
        said[gamma] = outcome
    # Half of the pairs are above 1/e.
    assert said[""]["off_diagonal"]["median"] == pytest.approx(0.3679, rel=1e-3)
    assert 1 / said['gamma = "1/d"']["gamma"] == pytest.approx(3)


def test_a_width_that_is_none_names_what_is_one(world):
    recipe = RECIPE + '[recipe.mmd_critic]\ngamma = "1/D"\n'
    with pytest.raises(RecipeError, match=r"number, or .*'median' or '1/d'.*'1/D'"):
        toy.build(linear.write(world, recipe, controls=""), world / "set")


def test_the_demo_keeps_the_width_that_its_numbers_were_found_with(repository):
    recipe = repository / "study_server/demo_files/criticism/recipe.toml"
    assert tomllib.loads(recipe.read_text())["recipe"]["mmd_critic"] == {"gamma": "1/d"}


NEEDED = {
    # Three classes have 14 pictures each.
    "criticism": (
        f"{RECIPE}images_per_class = 12\nconditions = ['random-6']\n",
        36,
        6,
    ),
    "portrait": (
        'kind = "portrait"\nclasses = ["red"]\nn_prototypes = 2\nn_criticisms = 2\n'
        "images_per_class = 5\n",
        5,
        37,
    ),
    "sequence": (
        'kind = "explanation_path"\ndisplay = "sequence"\nmax_images = 3\n'
        "[recipe.explanation]\nn_samples = 20\nk = 2\n"
        'segmentation = {method = "slic", n_segments = 6}\n',
        3,
        39,
    ),
}


@pytest.mark.parametrize(("recipe", "n_drawn", "n_left"), NEEDED.values(), ids=NEEDED)
def test_images_that_were_not_drawn_are_not_predicted_on(
    world, recipe, n_drawn, n_left
):
    built = toy.build(linear.write(world, recipe, controls=""), world / "set")
    assert built.summary["classifiers"][0]["n_seen"] == n_drawn
    assert built.summary["dataset"]["n_images"] == n_drawn
    assert built.summary["dataset"]["n_not_drawn"] == n_left
    assert any(
        f"{n_drawn} of {n_drawn + n_left} images were drawn" in note
        for note in built.summary["notes"]
    )


def test_without_a_number_of_images_the_whole_data_set_is_predicted_on(world):
    built = toy.build(linear.write(world, RECIPE, controls=""), world / "set")
    assert built.summary["classifiers"][0]["n_seen"] == 42
    assert built.summary["dataset"]["n_not_drawn"] == 0
