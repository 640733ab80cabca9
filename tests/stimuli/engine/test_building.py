from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from stimuli.engine.picture_notes import note_small_images
from stimuli.errors import BuildError, ClassifierError, DatasetError
from stimuli.manifest import StimulusSet, Trial, known_of
from stimuli.recipes.predicted_classes import Misclassified, MisclassifiedSection
from stimuli.records.classified_images import ClassifiedImage
from stimuli.sources.images import decode_png
from tests.stimuli import toy

TWO = """[[classifier]]
name = "plain"
function = "toy.py:build"
[[classifier]]
name = "swapped"
function = "toy.py:build_swapped"
"""


def paint_all(folder: Path, pictures: dict[str, tuple[int, int]]) -> None:
    for name, (first, second) in pictures.items():
        toy.paint(folder / "photos" / name, first, second)


def main_trials(stimuli: StimulusSet) -> dict[tuple[str, tuple[str, ...]], Trial]:
    """Main trials by the source shown and the classes asked about."""
    source = {s.id: s.source for s in stimuli.stimuli()}
    return {
        (source[t.slots["target"]], t.classes): t
        for t in stimuli.trials()
        if t.role == "main"
    }


def uses_of(trial: Trial) -> list[tuple[str, str, str | None, tuple[str, ...]]]:
    return [(u.classifier, u.shows, u.label, u.predicted) for u in trial.uses]


# Bee is class 1 and jay class 9. The five classes are the two painted ones and
# then 0, 1, 2, ...: bee is always among them, jay only where it was painted.
PICTURES = {
    "bee/right.png": (1, 2),
    "bee/second.png": (3, 1),
    "bee/later.png": (4, 5),
    "jay/right.png": (9, 2),
    "jay/second.png": (6, 9),
    "jay/never.png": (7, 8),
    "jay/never-too.png": (0, 3),
}


def test_top1_puts_up_every_error_with_its_wrong_class(tmp_path):
    paint_all(tmp_path, PICTURES)
    built = toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    trials = main_trials(built.set)
    assert set(trials) == {
        ("bee/second.png", ("3",)),
        ("bee/later.png", ("4",)),
        ("jay/second.png", ("6",)),
        ("jay/never.png", ("7",)),
        ("jay/never-too.png", ("0",)),
    }
    trial = trials["bee/second.png", ("3",)]
    assert uses_of(trial) == [("toy", "top1", "1", ("3",))]
    assert (trial.question, trial.key, trial.truth) == ("relevant", None, None)
    counted = built.summary["classifiers"][0]
    # 7 images: 2 right first; bee is always in the five, jay is in two of four.
    assert (counted["n_seen"], counted["n_top1_right"], counted["n_top1_wrong"]) == (
        7,
        2,
        5,
    )
    assert (counted["n_top5_right"], counted["n_top5_wrong"]) == (5, 2)
    bee, jay = counted["by_label"].values()
    assert (bee["n_top1_wrong"], bee["n_top5_wrong"]) == (2, 0)
    assert (jay["n_top1_wrong"], jay["n_top5_wrong"]) == (3, 2)
    assert bee["n_seen"] + jay["n_seen"] == 7
    assert built.summary["trials"] == {
        "main": 5,
        "practice": 0,
        "catch": 0,
        "control": 0,
    }


def test_top5_of_top1_errors_serves_both_top5_numbers(tmp_path):
    paint_all(tmp_path, PICTURES)
    recipe = toy.write_recipe(
        tmp_path, recipe='kind = "misclassified"\nshows = "top5-of-top1-errors"'
    )
    built = toy.build(recipe, tmp_path / "set")
    trials = main_trials(built.set)
    # jay/never: 7, 8 and then 0, 1, 2, stored sorted; its uses keep the rank.
    never = trials["jay/never.png", ("0", "1", "2", "7", "8")]
    five = ("7", "8", "0", "1", "2")
    assert never.question == "any"
    assert uses_of(never) == [
        ("toy", "top5-of-top1-errors", "9", five),
        ("toy", "top5-of-top5-errors", "9", five),
    ]
    second = trials["jay/second.png", ("0", "1", "2", "6", "9")]
    assert [u.shows for u in second.uses] == ["top5-of-top1-errors"]
    shown = [u.shows for t in trials.values() for u in t.uses]
    assert shown.count("top5-of-top1-errors") == 5
    assert shown.count("top5-of-top5-errors") == 2


def test_top5_of_top5_errors_is_a_part_of_them(tmp_path):
    paint_all(tmp_path, PICTURES)
    both = []
    for shows in ("top5-of-top1-errors", "top5-of-top5-errors"):
        line = f'kind = "misclassified"\nshows = "{shows}"\nask = "each"'
        recipe = toy.write_recipe(tmp_path, recipe=line)
        both.append(set(main_trials(toy.build(recipe, tmp_path / shows).set)))
    assert {source for source, _ in both[1]} == {"jay/never.png", "jay/never-too.png"}
    assert both[1] < both[0]


def test_the_bound_of_megapixels_is_the_recipes(tmp_path):
    paint_all(tmp_path, PICTURES)
    # 1,100 x 1,100 = 1.21 megapixels.
    toy.paint(tmp_path / "photos/bee/wide.png", 3, 2, size=1100)
    for bound, n_unreadable in ((1, 1), (2, 0)):
        recipe = toy.write_recipe(
            tmp_path, dataset=f'path = "photos"\nmax_megapixels = {bound}'
        )
        summary = toy.build(recipe, tmp_path / f"set{bound}").summary
        assert summary["dataset"]["n_unreadable"] == n_unreadable
        assert summary["settings"]["dataset"]["max_megapixels"] == bound


def test_pictures_of_next_to_no_contrast_are_noted(tmp_path):
    paint_all(tmp_path, PICTURES)
    notes = toy.build(toy.write_recipe(tmp_path), tmp_path / "set").summary["notes"]
    (note,) = [note for note in notes if "contrast" in note]
    assert note.startswith("7 of 7 images have next to no contrast (bee/later.png, ")


def test_groups_make_a_prediction_in_the_labels_group_right(tmp_path):
    paint_all(tmp_path, PICTURES)
    (tmp_path / "groups.csv").write_text("class,group\nbee,insect\neel,insect\n")
    recipe = toy.write_recipe(
        tmp_path, dataset='path = "photos"\ngroups = "groups.csv"'
    )
    built = toy.build(recipe, tmp_path / "set")
    # bee/later is said to be an eel (4), which is an insect now.
    assert built.summary["classifiers"][0]["n_top1_wrong"] == 4
    assert ("bee/later.png", ("4",)) not in main_trials(built.set)
    assert built.summary["dataset"]["is_grouped"] is True


def test_what_a_table_said_in_an_odd_way_is_noted_in_the_summary(tmp_path):
    paint_all(tmp_path, {"bee/a.png": (1, 2), "bee/b.png": (3, 2)})
    (tmp_path / "photos/labels.csv").write_text(
        "file;label\nbee/a.png;1\nbee/b.png;3\n"
    )
    (tmp_path / "groups.csv").write_text("sep=;\nclass;group\nbee;insect\n")
    recipe = toy.write_recipe(
        tmp_path,
        dataset='path = "photos"\ngroups = "groups.csv"\nform = "labels"',
        controls="known_yes = 0\nknown_no = 0\npractice = 0",
        recipe='kind = "misclassified"\nshows = "top1"\ninclude_correct = 1.0\n',
    )
    notes = toy.build(recipe, tmp_path / "set").summary["notes"]
    assert "labels.csv: cells are separated by ';', as its header shows" in notes
    assert "groups.csv: cells are separated by ';', as its first line says" in notes


def test_labels_that_the_form_passes_over_are_noted(tmp_path):
    paint_all(tmp_path, {"bee/a.png": (1, 2), "bee/b.png": (3, 2)})
    (tmp_path / "photos/labels.csv").write_text("file,label\nbee/a.png,3\n")
    recipe = toy.write_recipe(
        tmp_path,
        dataset='path = "photos"\nform = "folders"',
        controls="known_yes = 0\nknown_no = 0\npractice = 0",
    )
    built = toy.build(recipe, tmp_path / "set")
    assert built.summary["classifiers"][0]["n_top1_wrong"] == 1
    assert any("is not asked for labels" in note for note in built.summary["notes"])


def test_classifiers_that_agree_share_a_trial(tmp_path):
    # plain says 3 and swapped says 1 of second.png: only plain is wrong.
    # Both say 4 of same.png: first and second are the same class.
    paint_all(tmp_path, {"bee/second.png": (3, 1), "bee/same.png": (4, 4)})
    recipe = toy.write_recipe(tmp_path, classifier=TWO)
    built = toy.build(recipe, tmp_path / "set")
    trials = main_trials(built.set)
    assert set(trials) == {("bee/second.png", ("3",)), ("bee/same.png", ("4",))}
    assert uses_of(trials["bee/same.png", ("4",)]) == [
        ("plain", "top1", "1", ("4",)),
        ("swapped", "top1", "1", ("4",)),
    ]
    assert [c["n_top1_wrong"] for c in built.summary["classifiers"]] == [2, 1]


def test_correct_images_are_included_by_share_and_shared_by_classifiers(tmp_path):
    for i in range(10):
        toy.paint(tmp_path / f"photos/bee/{i}.png", 1, 1, confidence=150 + i)
    recipe = toy.write_recipe(
        tmp_path, recipe='kind = "misclassified"\ninclude_correct = 0.3', classifier=TWO
    )
    built = toy.build(recipe, tmp_path / "set")
    assert built.summary["include_correct"] == {
        "share": 0.3,
        "n_correct_pool": {"plain": 10, "swapped": 10},
        "n_included": {"plain": 3, "swapped": 3},
    }
    # Both classifiers are right about all ten, so the same three serve both.
    trials = main_trials(built.set)
    assert len(trials) == 3
    for trial in trials.values():
        assert [(u.classifier, u.shows) for u in trial.uses] == [
            ("plain", "correct-top1"),
            ("swapped", "correct-top1"),
        ]


def test_of_top_5_errors_the_included_images_are_right_among_five(tmp_path):
    # Bee is class 1, jay class 9. The five classes: a 1 2 0 3 4, b 8 1 0 2 3,
    # c 8 9 0 1 2, all with the bee; d 1 2 0 3 4, without the jay.
    for name, colours in {"a": (1, 2), "b": (8, 1), "c": (8, 9)}.items():
        toy.paint(tmp_path / f"photos/bee/{name}.png", *colours)
    toy.paint(tmp_path / "photos/jay/d.png", 1, 2, confidence=190)
    kind = 'kind = "misclassified"\nshows = "top5-of-top5-errors"'
    recipe = toy.write_recipe(tmp_path, recipe=f"{kind}\ninclude_correct = 1.0")
    built = toy.build(recipe, tmp_path / "set")
    shows = {
        (source, use.shows)
        for (source, _), trial in main_trials(built.set).items()
        for use in trial.uses
    }
    assert shows == {
        ("bee/a.png", "correct-top5"),
        ("bee/b.png", "correct-top5"),
        ("bee/c.png", "correct-top5"),
        ("jay/d.png", "top5-of-top5-errors"),
    }
    counts = built.summary["classifiers"][0]
    assert (counts["n_top5_right"], counts["n_top5_wrong"]) == (3, 1)


def test_predictions_puts_up_every_unlabelled_picture(tmp_path):
    paint_all(tmp_path, {"a.png": (1, 2), "b.png": (3, 4)})
    recipe = toy.write_recipe(tmp_path, recipe='kind = "predictions"', controls="")
    built = toy.build(recipe, tmp_path / "set")
    trials = main_trials(built.set)
    assert set(trials) == {("a.png", ("1",)), ("b.png", ("3",))}
    assert uses_of(trials["a.png", ("1",)]) == [("toy", "prediction", None, ("1",))]
    counted = built.summary["classifiers"][0]
    assert (counted["n_seen"], counted["n_top1_right"]) == (2, None)
    # Nothing says what is in the pictures, so there is nothing to check people by.
    assert built.summary["controls"]["known_yes"] == 0


def test_the_picture_shown_is_the_very_input_of_the_classifier(tmp_path):
    paint_all(tmp_path, PICTURES)
    built = toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    for stimulus in built.set.stimuli():
        blob = built.set.image_path(stimulus.id).read_bytes()
        assert hashlib.sha256(blob).hexdigest() == stimulus.id
        first, second, confidence = decode_png(blob)[8, 8]
        assert stimulus.predictions[0].classes[:2] == (
            str(first // 10),
            str(second // 10),
        )
        assert confidence == 200
        # Logits 20 and 10.
        assert stimulus.predictions[0].margin == 10
        assert stimulus.predictions[0].probabilities[0] == pytest.approx(
            1 / (1 + np.exp(-10) + 8 * np.exp(-20)), abs=1e-6
        )


def test_copies_of_a_picture_share_a_stimulus_and_count_twice(tmp_path):
    paint_all(tmp_path, {"bee/a.png": (3, 2), "bee/b.png": (3, 2)})
    built = toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    assert built.summary["classifiers"][0]["n_top1_wrong"] == 2
    assert built.summary["dataset"]["n_copies"] == 1
    (trial,) = main_trials(built.set).values()
    assert len(trial.uses) == 2
    (stimulus,) = built.set.stimuli()
    assert stimulus.facts == {"copies": ["bee/b.png"]}


def test_unreadable_images_are_listed_and_leave_the_denominators(tmp_path):
    paint_all(tmp_path, PICTURES)
    (tmp_path / "photos/bee/empty.png").write_bytes(b"")
    (tmp_path / "photos/jay/text.jpg").write_text("hello")
    built = toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    assert built.summary["dataset"]["n_images"] == 9
    assert built.summary["dataset"]["unreadable"] == [
        {"source": "bee/empty.png", "reason": "the file is empty"},
        {"source": "jay/text.jpg", "reason": "not an image of a known kind"},
    ]
    assert built.summary["classifiers"][0]["n_seen"] == 7


def test_a_set_of_unreadable_images_alone_is_refused(tmp_path):
    (tmp_path / "photos/bee").mkdir(parents=True)
    (tmp_path / "photos/bee/a.png").write_bytes(b"")
    with pytest.raises(BuildError, match=r"none of 1 images could be read.*is empty"):
        toy.build(toy.write_recipe(tmp_path), tmp_path / "set")


def test_a_classifier_without_errors_leaves_nothing_to_judge(tmp_path):
    paint_all(tmp_path, {"bee/a.png": (1, 2), "bee/b.png": (1, 3)})
    with pytest.raises(BuildError, match=r"toy: right about all 2 images .*include_c"):
        toy.build(toy.write_recipe(tmp_path), tmp_path / "set")


def test_a_file_that_is_gone_stops_the_build_and_is_no_bad_image(tmp_path):
    recipe = toy.write_recipe(tmp_path)
    toy.paint(tmp_path / "photos/bee/a.png", 3, 2)
    gone = tmp_path / "photos/bee/b.png"
    toy.paint(gone, 3, 2)
    model = tmp_path / "toy.py"
    # As if a disk went away after the images were listed.
    model.write_text(
        "from pathlib import Path\n"
        f"Path({str(gone)!r}).unlink(missing_ok=True)\n{model.read_text()}"
    )
    with pytest.raises(BuildError, match=r"b\.png, which was there .* No such file"):
        toy.build(recipe, tmp_path / "set")


def test_truth_travels_with_the_trial(tmp_path):
    paint_all(tmp_path, {"bee/a.png": (3, 2)})
    (tmp_path / "photos/truth.csv").write_text("file,present\nbee/a.png,bee|dog\n")
    built = toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    (trial,) = main_trials(built.set).values()
    assert trial.truth == {"present": ["1", "3"]}


def test_building_again_changes_nothing(tmp_path):
    paint_all(tmp_path, PICTURES)
    recipe = toy.write_recipe(tmp_path)
    first = toy.build(recipe, tmp_path / "set")
    again = toy.build(recipe, tmp_path / "set")
    elsewhere = toy.build(recipe, tmp_path / "other")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.set.sha256() == again.set.sha256() == elsewhere.set.sha256()


def test_a_finished_set_is_not_overwritten_by_another(tmp_path):
    paint_all(tmp_path, PICTURES)
    toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    other = toy.write_recipe(tmp_path, recipe='kind = "misclassified"\nseed = 1')
    with pytest.raises(BuildError, match="holds a finished set made from another"):
        toy.build(other, tmp_path / "set")
    assert toy.build(other, tmp_path / "set", is_fresh=True).summary["seed"] == 1


def test_the_folder_must_be_free(tmp_path):
    paint_all(tmp_path, PICTURES)
    recipe = toy.write_recipe(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("")
    with pytest.raises(BuildError, match=r"holds other things \(thesis.tex\)"):
        toy.build(recipe, tmp_path / "full")
    with pytest.raises(BuildError, match="lies inside the data set"):
        toy.build(recipe, tmp_path / "photos/set")


def test_errors_need_labels(tmp_path):
    toy.paint(tmp_path / "photos/a.png", 1, 2)
    with pytest.raises(DatasetError, match="has no labels"):
        toy.build(toy.write_recipe(tmp_path), tmp_path / "set")


def test_classifiers_made_for_different_crops_need_a_decision(tmp_path):
    paint_all(tmp_path, PICTURES)
    recipe = toy.write_recipe(tmp_path, classifier=TWO)
    model = tmp_path / "toy.py"
    text = model.read_text()
    at = text.index("def build_swapped")
    model.write_text(text[:at] + text[at:].replace('"crop": 16', '"crop": 12'))
    with pytest.raises(
        ClassifierError, match=r"display.crop: .*plain: 16, swapped: 12"
    ):
        toy.build(recipe, tmp_path / "set")
    recipe.write_text(recipe.read_text() + "[display]\ncrop = 14\n")
    built = toy.build(recipe, tmp_path / "set")
    assert {s.width for s in built.set.stimuli()} == {14}
    assert sum("was made for" in note for note in built.summary["notes"]) == 2


def test_the_summary_keeps_every_setting(tmp_path):
    paint_all(tmp_path, PICTURES)
    built = toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    summary = json.loads((tmp_path / "set/summary.json").read_text())
    assert summary == json.loads(json.dumps(built.summary))
    assert summary["settings"]["recipe"]["include_correct"] == 0.0
    assert summary["execution"]["batch_size"] == 8
    assert summary["is_finished"] is True
    assert summary["is_demo_world"] is False


def test_images_too_small_to_make_out_are_noted():
    def seen(*sides: int) -> list[ClassifiedImage]:
        return [
            ClassifiedImage(
                source=f"{number}.png",
                source_sha256="",
                pixels_sha256="",
                label=None,
                present=None,
                predictions=(),
                far=(),
                shorter_side=side,
            )
            for number, side in enumerate(sides)
        ]

    assert note_small_images(seen(64, 500), crop=224) == []
    (note,) = note_small_images(seen(32, 63, 64), crop=224)
    assert note.startswith("2 of 3 images are smaller than 64 px")
    assert "smallest has 32 px" in note
    assert "224 px wide" in note


def test_an_error_stands_beside_its_label_and_the_label_is_the_key(tmp_path):
    paint_all(tmp_path, PICTURES)
    kind = 'kind = "alternatives"'
    recipe = toy.write_recipe(
        tmp_path, recipe=kind, controls="known_yes = 1\npractice = 1"
    )
    built = toy.build(recipe, tmp_path / "set")
    source = {s.id: s.source for s in built.set.stimuli()}
    main = [t for t in built.set.trials() if t.role == "main"]
    found = {source[t.slots["target"]]: (t.classes, t.key) for t in main}
    # Bee is 1, jay 9; sorted as text, the label stands where the key says.
    assert found == {
        "bee/second.png": (("1", "3"), {"right": "1"}),
        "bee/later.png": (("1", "4"), {"right": "1"}),
        "jay/second.png": (("6", "9"), {"right": "2"}),
        "jay/never.png": (("7", "9"), {"right": "2"}),
        "jay/never-too.png": (("0", "9"), {"right": "2"}),
    }
    for trial in built.set.trials():
        if trial.role in ("catch", "practice"):
            (there,) = known_of(trial).there or ()
            assert source[trial.slots["target"]].startswith(
                {"1": "bee", "9": "jay"}[there]
            )
    assert built.summary["asks"] == {
        "alternatives": {"slots": ("target",), "holds": ("alternatives",)}
    }
    assert built.summary["controls"]["known_no"] == 0


def test_a_choice_between_classes_has_no_trial_without_a_right_one(tmp_path):
    paint_all(tmp_path, PICTURES)
    recipe = toy.write_recipe(
        tmp_path, recipe='kind = "alternatives"', controls="known_no = 1"
    )
    with pytest.raises(BuildError, match="one has to be; leave out known_no"):
        toy.build(recipe, tmp_path / "set")


def test_the_summary_says_which_errors_each_label_stands_for():
    section = MisclassifiedSection.model_validate(
        {"shows": "top5-of-top1-errors", "include_correct": 0.5}
    )
    facts = [
        (fact.shows, fact.of, fact.top_k, fact.n_classes)
        for fact in Misclassified(section).re_examines
    ]
    # All five classes are shown; right is who has the label first, or among five.
    assert facts == [
        ("top5-of-top1-errors", "errors", 1, 5),
        ("top5-of-top5-errors", "errors", 5, 5),
        ("correct-top1", "right", 1, 5),
    ]
    strict = Misclassified(
        MisclassifiedSection.model_validate({"shows": "top5-of-top5-errors"})
    )
    (only,) = strict.re_examines
    assert (only.of, only.top_k, only.n_classes) == ("errors", 5, 5)


def test_the_summary_of_a_set_says_how_small_its_images_are(tmp_path):
    paint_all(tmp_path, {"bee/a.png": (3, 2)})
    built = toy.build(toy.write_recipe(tmp_path), tmp_path / "set")
    # The toy's pictures are squares of 20 px.
    assert any("smallest has 20 px" in note for note in built.summary["notes"])
