from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from stimuli.errors import BuildError, DatasetError
from stimuli.manifest import StimulusSet, Trial
from stimuli.recipe_file import ControlsSection
from tests.stimuli import toy

ALL = "known_yes = 2\nknown_no = 2\nrandom_foil = 1\nhard_foil = 1\npractice = 4"


def paint_right_and_wrong(folder: Path, n_right: int = 60, n_wrong: int = 6) -> None:
    """Bees: the right ones are confident; second comes class 2, 3 or 4."""
    for i in range(n_right):
        toy.paint(folder / f"photos/bee/r{i:02}.png", 1, 2 + i % 3, confidence=160 + i)
    for i in range(n_wrong):
        toy.paint(folder / f"photos/bee/w{i:02}.png", 5, 6, confidence=160 + i)


def roles(stimuli: StimulusSet) -> Counter[tuple[str, str]]:
    return Counter((t.role, t.control) for t in stimuli.trials())


def has_not_begun(out: Path) -> bool:
    return not list((out / ".build").iterdir())


def of(stimuli: StimulusSet, control: str) -> list[Trial]:
    return [t for t in stimuli.trials() if t.control == control]


def source_names(stimuli: StimulusSet) -> dict[str, str]:
    return {s.id: s.source for s in stimuli.stimuli()}


def test_pools_hold_five_blocks_and_share_no_image(tmp_path):
    paint_right_and_wrong(tmp_path)
    (tmp_path / "photos/truth.csv").write_text(
        "file,present\n" + "".join(f"bee/r{i:02}.png,bee\n" for i in range(60))
    )
    built = toy.build(toy.write_recipe(tmp_path, controls=ALL), tmp_path / "set")
    assert roles(built.set) == {
        ("main", ""): 6,
        ("practice", ""): 20,
        ("catch", "known_yes"): 10,
        ("catch", "known_no"): 10,
        ("control", "random_foil"): 5,
        ("control", "hard_foil"): 5,
    }
    shown = Counter(t.slots["target"] for t in built.set.trials())
    assert set(shown.values()) == {1}
    assert not [note for note in built.summary["notes"] if "trials where" in note]


def test_keys_and_classes_say_what_is_in_the_picture(tmp_path):
    paint_right_and_wrong(tmp_path)
    recipe = toy.write_recipe(tmp_path, controls="known_yes = 3\nknown_no = 3")
    built = toy.build(recipe, tmp_path / "set")
    for trial in of(built.set, "known_yes"):
        assert (trial.classes, trial.key) == (("1",), {"relevant": "yes"})
    for trial in of(built.set, "known_no"):
        # Far: not bee, nor any of the five most probable.
        assert trial.classes[0] not in ("0", "1", "2")
        assert trial.key == {"relevant": "no"}
    keys = Counter(
        t.key["relevant"] for t in built.set.trials() if t.role == "practice" and t.key
    )
    assert keys == {"yes": 10, "no": 10}


def test_controls_have_no_key_and_no_use(tmp_path):
    paint_right_and_wrong(tmp_path)
    recipe = toy.write_recipe(
        tmp_path, controls="known_yes = 0\nknown_no = 0\npractice = 0\nrandom_foil = 2"
    )
    built = toy.build(recipe, tmp_path / "set")
    for trial in of(built.set, "random_foil"):
        assert (trial.role, trial.key, trial.uses) == ("control", None, ())


def test_five_class_displays_hide_the_target_among_far_classes(tmp_path):
    paint_right_and_wrong(tmp_path)
    (tmp_path / "photos/truth.csv").write_text(
        "file,present\n" + "".join(f"bee/r{i:02}.png,bee\n" for i in range(60))
    )
    recipe = toy.write_recipe(
        tmp_path,
        recipe='kind = "misclassified"\nshows = "top5-of-top1-errors"\nask = "each"',
        controls="known_yes = 1\nknown_no = 1\npractice = 0\nhard_foil = 1",
    )
    built = toy.build(recipe, tmp_path / "set")
    yes = of(built.set, "known_yes")
    assert len(yes) == 5
    for trial in yes:
        assert len(set(trial.classes)) == 5
        bee = trial.classes.index("1")
        assert trial.key == {
            f"relevant_{i}": "yes" if i == bee else "no" for i in range(5)
        }
    for trial in of(built.set, "known_no"):
        assert "1" not in trial.classes
        assert trial.key == {f"relevant_{i}": "no" for i in range(5)}
    for trial in of(built.set, "hard_foil"):
        # The painted second class is the most probable absent one.
        assert set(trial.classes) & {"2", "3", "4"}


def test_hard_foils_need_to_know_what_is_absent(tmp_path):
    paint_right_and_wrong(tmp_path)
    recipe = toy.write_recipe(tmp_path, controls="hard_foil = 1")
    with pytest.raises(BuildError, match=r"hard_foil: a hard foil is .*truth\.csv"):
        toy.build(recipe, tmp_path / "set")
    assert has_not_begun(tmp_path / "set")


def test_an_adjudicated_list_decides_for_known_yes_and_hard_foils(tmp_path):
    paint_right_and_wrong(tmp_path)
    (tmp_path / "list.csv").write_text(
        "file,class,relevant\n"
        "bee/r03.png,bee,yes\nbee/r05.png,bee,yes\nbee/r07.png,dog,no\n"
        "bee/r08.png,hen,no\n"
    )
    recipe = toy.write_recipe(
        tmp_path,
        controls="known_yes = 2\nknown_no = 1\npractice = 0\nhard_foil = 1\n"
        'adjudicated = "list.csv"',
    )
    built = toy.build(recipe, tmp_path / "set")
    names = source_names(built.set)
    yes = {names[t.slots["target"]] for t in of(built.set, "known_yes")}
    assert yes == {"bee/r03.png", "bee/r05.png"}
    # r07 has dog (3) second; r08's hen (7) is absent but not confusable.
    (hard,) = of(built.set, "hard_foil")
    assert (names[hard.slots["target"]], hard.classes) == ("bee/r07.png", ("3",))


def test_what_a_list_finds_in_a_picture_is_no_foil_for_it(tmp_path):
    # truth.csv lists the bee alone; by hand people also found the most probable
    # other class (2, 3 or 4) and, in every picture, two that are far off.
    paint_right_and_wrong(tmp_path)
    names = [f"bee/r{i:02}.png" for i in range(60)]
    (tmp_path / "photos/truth.csv").write_text(
        "file,present\n" + "".join(f"{name},bee\n" for name in names)
    )
    rows = [
        f"{name},{toy.NAMES[found]},yes\n"
        for i, name in enumerate(names)
        for found in (1, 2 + i % 3, 8, 9)
    ]
    (tmp_path / "list.csv").write_text("file,class,relevant\n" + "".join(rows))
    recipe = toy.write_recipe(tmp_path, controls=f'{ALL}\nadjudicated = "list.csv"')
    built = toy.build(recipe, tmp_path / "set")
    by_name = {name: i for i, name in enumerate(names)}
    sources = source_names(built.set)
    for control in ("known_no", "random_foil", "hard_foil"):
        trials = of(built.set, control)
        assert trials
        for trial in trials:
            number = by_name[sources[trial.slots["target"]]]
            assert not {"1", str(2 + number % 3), "8", "9"} & set(trial.classes)


def test_problems_of_the_adjudicated_list_come_together(tmp_path):
    paint_right_and_wrong(tmp_path)
    (tmp_path / "list.csv").write_text(
        "file,class,relevant\nbee/x.png,bee,yes\nbee/r01.png,newt,no\n"
        "bee/r01.png,bee,maybe\nbee/r02.png,bee,yes\nbee/r02.png,1,no\n"
    )
    recipe = toy.write_recipe(tmp_path, controls='adjudicated = "list.csv"')
    with pytest.raises(DatasetError) as caught:
        toy.build(recipe, tmp_path / "set")
    for expected in (
        "list.csv: 4 problems",
        "line 2: no image 'bee/x.png'",
        "line 3: label 'newt'",
        "line 4: relevant must be yes or no, got 'maybe'",
        "bee/r02.png is said to show and not to show class 1",
    ):
        assert expected in str(caught.value)


def test_a_small_set_is_shared_fairly_and_said_to_be_small(tmp_path):
    # 9 right pictures for 2 + 2 catches and 4 practice trials: one block each, and
    # one more known yes, whose turn comes first.
    paint_right_and_wrong(tmp_path, n_right=9)
    recipe = toy.write_recipe(
        tmp_path, controls="known_yes = 2\nknown_no = 2\npractice = 4"
    )
    built = toy.build(recipe, tmp_path / "set")
    assert roles(built.set) == {
        ("main", ""): 6,
        ("practice", ""): 4,
        ("catch", "known_yes"): 3,
        ("catch", "known_no"): 2,
    }
    assert (
        sum("would let people meet different ones" in n for n in built.summary["notes"])
        == 4
    )


def test_known_no_falls_back_on_images_of_main_trials(tmp_path):
    paint_right_and_wrong(tmp_path, n_right=0, n_wrong=4)
    recipe = toy.write_recipe(
        tmp_path, controls="known_yes = 0\nknown_no = 3\npractice = 0"
    )
    built = toy.build(recipe, tmp_path / "set")
    assert len(of(built.set, "known_no")) == 3
    assert "known_no: 3 show an image of a main trial" in built.summary["notes"]


def test_what_predictions_do_not_yield_is_noted_and_blocks_get_fewer(tmp_path):
    # One right picture; no class below 1e-12, and the file says that this counts.
    paint_right_and_wrong(tmp_path, n_right=1)
    recipe = toy.write_recipe(
        tmp_path, controls="known_yes = 2\nmax_probability = 1e-12"
    )
    built = toy.build(recipe, tmp_path / "set")
    controls = built.summary["controls"]
    # Practice has two of each kind; known yes has taken the one right picture.
    wanted = ("known_yes", "known_no", "practice")
    assert [controls[name] for name in wanted] == [1, 0, 0]
    notes = "\n".join(built.summary["notes"])
    assert "known_yes: blocks get 1 instead of 2, more are not to be had: they" in notes
    assert "known_no: blocks get 0 instead of 3" in notes
    assert "probability below 1e-12 under every classifier" in notes
    assert "practice (yes): blocks get 0 instead of 2" in notes


BINARY = '[classifier]\nfunction = "toy.py:build_binary"'


def test_two_classes_are_enough_for_catches(tmp_path):
    # Logits 16 and 10: the other class has probability 1 / (1 + e^6) = 0.0025, which
    # is more than 1e-4 but less than a tenth of chance, 0.05.
    for i in range(30):
        toy.paint(tmp_path / f"photos/bee/r{i:02}.png", 1, 0, confidence=160 + i)
    toy.paint(tmp_path / "photos/bee/w.png", 0, 1)
    built = toy.build(
        toy.write_recipe(tmp_path, controls="", classifier=BINARY), tmp_path / "set"
    )
    no = of(built.set, "known_no")
    assert {(t.classes, t.key["relevant"]) for t in no if t.key} == {(("0",), "no")}
    # Thirty right pictures serve 3 + 3 + 2 + 2 per block three times over.
    assert len(no) == 9
    assert len(of(built.set, "known_yes")) == 9
    assert built.summary["controls"]["known_no"] == 3
    assert any(
        "known_no: 9 of 9 have a class for absent" in note
        for note in built.summary["notes"]
    )


def test_an_unsure_network_leaves_out_the_catches_it_cannot_serve(tmp_path):
    # Logits of at most 12.4 and 10: at least 1 / (1 + e^2.4) = 0.08 for the other class.
    for i in range(12):
        toy.paint(tmp_path / f"photos/bee/r{i:02}.png", 1, 0, confidence=113 + i)
        toy.paint(tmp_path / f"photos/ant/w{i:02}.png", 1, 0, confidence=101 + i)
    built = toy.build(
        toy.write_recipe(tmp_path, controls="", classifier=BINARY), tmp_path / "set"
    )
    assert built.summary["controls"]["known_no"] == 0
    assert built.summary["trials"]["main"] == 12
    assert any("known_no: blocks get 0" in note for note in built.summary["notes"])


def test_far_classes_of_a_thousand_stay_those_below_the_given_bar():
    usual = ControlsSection.model_validate({})
    assert usual.eased_limit(1000) is None
    assert usual.eased_limit(2) == pytest.approx(0.05)
    given = ControlsSection.model_validate({"max_probability": 1e-4})
    assert given.eased_limit(2) is None


@pytest.mark.parametrize(
    ("recipe", "controls", "expected"),
    [
        ('kind = "misclassified"\nshows = "top5-of-top1-errors"', "", "more than 5"),
        ('kind = "adversarial"', "foil_attention = 1", "no class is left beside"),
        (
            'kind = "criticism"\nn_classes = 2',
            "known_yes = 1",
            "ask nothing that a catch",
        ),
        ('kind = "portrait"\nclasses = ["bee"]', "", "class bee: 36 images wanted, 12"),
        ('kind = "criticism"\nn_classes = 3', "", "2 classes can take part, an item"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_predicted(
    tmp_path, recipe, controls, expected
):
    for i in range(12):
        toy.paint(tmp_path / f"photos/bee/{i}.png", 1, 0, confidence=160 + i)
        toy.paint(tmp_path / f"photos/ant/{i}.png", 0, 1, confidence=160 + i)
    path = toy.write_recipe(
        tmp_path, recipe=recipe, controls=controls, classifier=BINARY
    )
    with pytest.raises(BuildError, match=f"(?s){expected}"):
        toy.build(path, tmp_path / "set")
    assert has_not_begun(tmp_path / "set")


def test_what_is_known_to_be_short_is_said_at_the_start(tmp_path):
    toy.paint(tmp_path / "photos/bee/a.png", 1, 2)
    toy.paint(tmp_path / "photos/bee/b.png", 3, 2)
    said: list[str] = []
    recipe = toy.write_recipe(tmp_path, controls="known_yes = 3\npractice = 0")
    toy.build(recipe, tmp_path / "set", say=said.append)
    assert said[-1].startswith("controls: a block wants 3 different images")
    assert "the data set has 2" in said[-1]


def test_far_means_far_for_every_classifier(tmp_path):
    paint_right_and_wrong(tmp_path)
    # With p < 1e-4 for all but first and second, the rest of the top five count
    # as named, so 10 - 5 = 5 classes are far; the swapped twin names the same five.
    recipe = toy.write_recipe(
        tmp_path, controls="known_no = 3\nknown_yes = 0\npractice = 0"
    )
    built = toy.build(recipe, tmp_path / "set")
    by_id = {s.id: s for s in built.set.stimuli()}
    for trial in of(built.set, "known_no"):
        (prediction,) = by_id[trial.slots["target"]].predictions
        assert not set(trial.classes) & set(prediction.classes)


def test_example_pictures_are_right_and_in_no_trial(tmp_path):
    paint_right_and_wrong(tmp_path, n_right=20)
    for i in range(4):
        toy.paint(tmp_path / f"photos/fox/r{i}.png", 5, 0, confidence=180 + i)
    recipe = toy.write_recipe(
        tmp_path,
        controls="known_yes = 1\nknown_no = 0\npractice = 0",
        more="[examples]\nper_class = 2",
    )
    built = toy.build(recipe, tmp_path / "set")
    classes = built.set.classes()
    shown = {t.slots["target"] for t in built.set.trials()}
    names = source_names(built.set)
    # Main trials ask about fox (5), catches about bee (1): both get two pictures.
    assert {c.id: len(c.examples) for c in classes.values() if c.examples} == {
        "1": 2,
        "5": 2,
    }
    for class_id, folder in (("1", "bee/r"), ("5", "fox/r")):
        for example in classes[class_id].examples:
            assert names[example].startswith(folder)
            assert example not in shown


def test_unlabelled_pictures_that_a_list_settles_check_people(tmp_path):
    for i in range(8):
        toy.paint(tmp_path / f"photos/{i}.png", i, 9, confidence=180)
    (tmp_path / "list.csv").write_text(
        "file,class,relevant\n3.png,dog,yes\n4.png,bee,no\n"
    )
    recipe = toy.write_recipe(
        tmp_path,
        recipe='kind = "predictions"',
        controls='known_yes = 1\nknown_no = 1\npractice = 0\nadjudicated = "list.csv"',
    )
    built = toy.build(recipe, tmp_path / "set")
    names = source_names(built.set)
    (yes,) = of(built.set, "known_yes")
    assert (names[yes.slots["target"]], yes.classes) == ("3.png", ("3",))
    (no,) = of(built.set, "known_no")
    assert names[no.slots["target"]] == "4.png"
    assert built.summary["trials"]["main"] == 6
