from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stimuli.engine.checking import check_set
from stimuli.errors import BuildError, RecipeError, StimuliError
from stimuli.manifest import StimulusSet
from stimuli.methods.attacks import ATTACKS
from stimuli.sources.images import decode_png, encode_png
from tests.stimuli import toy

from . import linear

STEP = 1 / 255
# Away from red, a sign step changes r - 3b - g by -1 - 3 - 1 = -5 steps. From 12 it
# is negative after 3 steps (-3), from 40 after 9, from 60 never within 10.
PICTURES = {
    "red/three.png": (200, 188, 0),
    "red/nine.png": (200, 160, 0),
    "red/never.png": (200, 140, 0),
    "red/wrong.png": (100, 200, 0),
}
WHOLE = f"""kind = "adversarial"
displays = ["whole"]
max_images = 10
[recipe.attack]
step = {STEP!r}
"""


def facts_by_source(opened: StimulusSet) -> dict[str, dict[str, Any]]:
    return {s.source: dict(s.facts) for s in opened.stimuli() if s.method == "ifgsm"}


def test_steps_to_flip_are_those_worked_out_by_hand(tmp_path):
    recipe = linear.write(tmp_path, WHOLE, pictures=PICTURES)
    built = toy.build(recipe, tmp_path / "set")
    facts = facts_by_source(built.set)
    assert {k: f["steps_to_flip"] for k, f in facts.items()} == {
        "red/three.png": 3,
        "red/nine.png": 9,
    }
    assert facts["red/nine.png"]["labels"] == ["0"] * 9 + ["1"] * 2
    # Ten steps of one byte in every channel.
    assert facts["red/three.png"]["linf_norm_8_bits"] == pytest.approx(10 / 255, 1e-4)


def test_the_summary_counts_what_became_of_every_image(tmp_path):
    recipe = linear.write(tmp_path, WHOLE, pictures=PICTURES)
    counts = toy.build(recipe, tmp_path / "set").summary["adversarial"]
    told = {k: v for k, v in counts.items() if k.startswith("n_") and v}
    assert told == {
        "n_chosen": 4,
        "n_wrong_before": 1,
        "n_attacked": 3,
        "n_not_flipped": 1,
        "n_survived_all_steps": 1,
        "n_adversarial": 2,
        "n_steps": 10,
    }
    assert counts["steps_to_flip"] == {
        str(k): {3: 1, 9: 1, 11: 1}.get(k, 0) for k in range(1, 12)
    }


def test_the_bytes_shown_are_predicted_as_asked_and_differ_from_their_source(tmp_path):
    recipe = linear.write(tmp_path, WHOLE, pictures=PICTURES)
    opened = toy.build(recipe, tmp_path / "set").set
    stimuli = {s.id: s for s in opened.stimuli()}
    main = [t for t in opened.trials() if t.role == "main"]
    assert {(t.condition, t.classes, t.question) for t in main} == {
        ("whole", ("1",), "relevant")
    }
    for trial in main:
        shown = stimuli[trial.slots["target"]]
        assert shown.predictions[0].classes[0] == "1"
        assert trial.sources == (shown.source_sha256,)
        (use,) = trial.uses
        assert (use.shows, use.label, use.predicted) == ("adversarial", "0", ("1",))
        pixels = decode_png(opened.image_path(shown.id).read_bytes())
        before = np.asarray(PICTURES[shown.source], dtype=int)
        # r falls, g and b rise by ten bytes.
        assert (pixels[3, 3] - before).tolist() == [-10, 10, 10]


def test_a_png_equal_to_its_source_is_never_stored_as_adversarial(tmp_path):
    # 5 * 10 * 0.04 = 2 > 1.9 flips the floats, yet 10 * 0.04 = 0.4 bytes round away.
    recipe = linear.write(
        tmp_path,
        WHOLE.replace(repr(STEP), repr(0.04 / 255)) + "epsilon = 0.5\n",
        pictures={"red/a.png": (200, 199, 0), "red/b.png": (200, 140, 0)},
    )
    with pytest.raises(BuildError) as caught:
        toy.build(recipe, tmp_path / "set")
    # An empty set is none.
    assert "no main trials come of 2 images" in str(caught.value)
    assert "1 equal their source in 8 bits" in str(caught.value)
    assert "0 are adversarial" in str(caught.value)


# Along (-1, 1, 3) / sqrt(11 * 256) ten steps of 0.00971 move b by 1.4 bytes, r and g
# by 0.467: r - 3b - g falls by 5.13 in floats, but by 3 in bytes, from 4.
LOST = """kind = "adversarial"
displays = ["whole"]
unsurviving = "{what}"
max_images = 10
[recipe.attack]
norm = "l2"
step = 0.00971
"""


@pytest.mark.parametrize(("what", "kept"), [("leave-out", []), ("keep", ["a"])])
def test_what_8_bits_lose_is_counted_and_left_out_unless_kept(tmp_path, what, kept):
    # From 2, the 3 bytes are enough.
    pictures = {"red/a.png": (200, 196, 0), "red/b.png": (200, 198, 0)}
    recipe = linear.write(tmp_path, LOST.format(what=what), pictures=pictures)
    built = toy.build(recipe, tmp_path / "set")
    assert built.summary["adversarial"]["n_lost_in_8_bits"] == 1
    facts = facts_by_source(built.set)
    assert {name: f["is_surviving_8_bits"] for name, f in facts.items()} == {
        **{f"red/{name}.png": False for name in kept},
        "red/b.png": True,
    }


def test_a_targeted_attack_asks_about_its_target_alone(tmp_path):
    text = WHOLE.replace("max_images", 'target = "green"\nmax_images')
    built = toy.build(
        linear.write(
            tmp_path, text, pictures={**PICTURES, "green/own.png": (100, 180, 0)}
        ),
        tmp_path / "set",
    )
    counts = built.summary["adversarial"]
    assert (counts["n_own_target"], counts["n_adversarial"]) == (1, 2)
    assert all(f["target"] == "1" for f in facts_by_source(built.set).values())


def test_a_picture_of_one_superpixel_is_named_and_the_whole_image_stays(tmp_path):
    text = WHOLE.replace('displays = ["whole"]\n', "")
    recipe = linear.write(
        tmp_path, text + "[recipe.explanation]\nn_samples = 8", pictures=PICTURES
    )
    built = toy.build(recipe, tmp_path / "set")
    assert built.summary["adversarial"]["shown"] == {"whole": 2}
    assert any(
        "red/nine.png" in note and "one superpixel" in note
        for note in built.summary["notes"]
    )


def test_a_classifier_never_right_names_the_class(tmp_path):
    recipe = linear.write(tmp_path, WHOLE, pictures={"red/a.png": (10, 200, 0)})
    with pytest.raises(BuildError, match=r"right about none of the 1 .*\(class red\)"):
        toy.build(recipe, tmp_path / "set")


def test_a_gradient_that_is_no_number_costs_its_own_image_alone(tmp_path):
    recipe = linear.write(
        tmp_path,
        WHOLE,
        build="build_nan",
        pictures={"red/good.png": (227, 188, 9), "red/hole.png": (220, 188, 7)},
    )
    built = toy.build(recipe, tmp_path / "set")
    assert set(facts_by_source(built.set)) == {"red/good.png"}
    assert built.summary["adversarial"]["n_failed"] == 1
    assert any(
        "red/hole.png (class red)" in note and "not finite" in note
        for note in built.summary["notes"]
    )


@pytest.mark.parametrize("more", ["", "[execution]\nbatch_size = 1\n"])
def test_a_mistake_of_set_up_stops_the_build_and_blames_no_image(tmp_path, more):
    recipe = linear.write(
        tmp_path, WHOLE, build="build_own_transform", pictures=PICTURES, more=more
    )
    with pytest.raises(StimuliError) as caught:
        toy.build(recipe, tmp_path / "set")
    said = str(caught.value)
    assert "needs a classifier with mean and std" in said
    # Not by way of images that all failed.
    assert "main trials" not in said
    assert "on none of" not in said
    assert not any(name in said for name in PICTURES)


def test_where_every_attack_fails_no_image_is_to_blame(tmp_path):
    pictures = {"red/a.png": (220, 188, 7), "red/b.png": (221, 188, 7)}
    recipe = linear.write(tmp_path, WHOLE, build="build_nan", pictures=pictures)
    with pytest.raises(StimuliError, match=r"not finite|made on none of 2 images"):
        toy.build(recipe, tmp_path / "set")


def test_two_classes_leave_no_foil_and_all_else(tmp_path):
    for i in range(12):
        linear.paint_patches(
            tmp_path / f"photos/red/{i}.png", (160 + 3 * i, 130, 3), seed=i
        )
    text = WHOLE.replace('displays = ["whole"]\n', "").replace("= 10", "= 6")
    explained = (
        "[recipe.explanation]\nn_samples = 16\nk = 2\n"
        '[recipe.explanation.segmentation]\nmethod = "slic"\nn_segments = 4\n'
    )
    recipe = linear.write(tmp_path, text + explained, build="build_two")
    built = toy.build(recipe, tmp_path / "set")
    assert built.summary["adversarial"]["shown"]["whole"] == 6
    assert built.summary["controls"]["foil_attention"] == 0
    controls = {t.control for t in built.set.trials() if t.role == "control"}
    assert {"random_superpixels", "clean_attention"} <= controls
    assert any(
        "foil_attention: blocks get none: no class is left" in note
        for note in built.summary["notes"]
    )


def test_a_device_without_memory_gets_half_the_batch_and_it_is_recorded(tmp_path):
    pictures = {f"red/{i}.png": (200, 180 + i, 0) for i in range(8)}
    roomy, cramped = tmp_path / "roomy", tmp_path / "cramped"
    sets = {}
    for folder, build in ((roomy, "build"), (cramped, "build_cramped")):
        folder.mkdir()
        recipe = linear.write(folder, WHOLE, build=build, pictures=pictures)
        sets[build] = toy.build(recipe, folder / "set")
    assert sets["build"].summary["execution"]["halved_to"] == []
    assert sets["build_cramped"].summary["execution"]["halved_to"] == [4, 2]
    assert {s.id for s in sets["build"].set.stimuli()} == {
        s.id for s in sets["build_cramped"].set.stimuli()
    }


def test_groups_flip_when_the_group_is_left(tmp_path):
    (tmp_path / "groups.csv").write_text("class,group\nred,warm\ngreen,warm\n")
    recipe = linear.write(tmp_path, WHOLE, pictures=PICTURES)
    text = recipe.read_text().replace(
        'path = "photos"', 'path = "photos"\ngroups = "groups.csv"'
    )
    recipe.write_text(text)
    # Red turns green, which is warm as well; "wrong" is right by its group.
    with pytest.raises(BuildError, match=r"attacked 4 of 4 .* 4 are right after them"):
        toy.build(recipe, tmp_path / "set")
    recipe.write_text(
        text.replace(f"step = {STEP!r}", f'step = {STEP!r}\nstop = "flip-8bit"')
    )
    with pytest.raises(RecipeError, match="with groups"):
        toy.build(recipe, tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("stop = 'flip'", "serves selection only"),
        ("stepp = 1.0", "recipe.attack: stepp is unknown; did you mean step?"),
        ("max_steps = 0", "max_steps must be above 0"),
    ],
)
def test_a_wrong_option_is_told_in_words(tmp_path, change, message):
    recipe = linear.write(tmp_path, WHOLE + change, pictures=PICTURES)
    with pytest.raises(RecipeError) as caught:
        toy.build(recipe, tmp_path / "set")
    assert message in str(caught.value)


def test_two_classifiers_need_two_sets(tmp_path):
    more = '[[classifier]]\nfunction = "linear.py:build"\nname = "other"'
    recipe = linear.write(tmp_path, WHOLE, pictures=PICTURES, more=more)
    text = recipe.read_text().replace("[classifier]\n", "[[classifier]]\n", 1)
    recipe.write_text(text)
    with pytest.raises(RecipeError, match="about one classifier, got 2"):
        toy.build(recipe, tmp_path / "set")


def test_the_check_repeats_predictions_on_adversarial_bytes(tmp_path):
    recipe = linear.write(tmp_path, WHOLE, pictures=PICTURES)
    opened = toy.build(recipe, tmp_path / "set").set
    assert not check_set(opened.folder).problems
    lines = (opened.folder / "manifest.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    changed = next(r for r in records if r["method"] == "ifgsm")
    changed["predictions"][0]["classes"] = ["0", "1", "2"]
    (opened.folder / "manifest.jsonl").write_text(
        "\n".join(json.dumps(r) for r in records) + "\n"
    )
    (problem,) = check_set(opened.folder).problems
    assert "now says class 1, the set has 0" in problem


def test_attention_shows_pixels_of_the_attacked_image_and_hides_the_rest(tmp_path):
    for i in range(12):
        linear.paint_patches(tmp_path / f"photos/red/{i}.png", (190, 180, 20), seed=i)
    text = WHOLE.replace('displays = ["whole"]', "colour = [255, 0, 255]")
    text = text.replace("max_images = 10", "max_images = 6")
    explained = (
        "[recipe.explanation]\nn_samples = 40\nk = 2\n"
        '[recipe.explanation.segmentation]\nmethod = "slic"\nn_segments = 4\n'
    )
    # r - 3b is 130 where g is 180: all wrong; three bytes of blue are red enough.
    for path in Path(tmp_path / "photos/red").iterdir():
        pixels = decode_png(path.read_bytes()).copy()
        pixels[..., 2] = 1
        path.write_bytes(encode_png(pixels))
    recipe = linear.write(tmp_path, text + explained)
    opened = toy.build(recipe, tmp_path / "set").set
    whole = {s.source: s for s in opened.stimuli() if s.method == "ifgsm"}
    seen = [s for s in opened.stimuli() if s.parameters.get("form") == "attention"]
    assert seen
    for shown in seen:
        pixels = decode_png(opened.image_path(shown.id).read_bytes())
        source = decode_png(opened.image_path(whole[shown.source].id).read_bytes())
        is_hidden = (pixels == [255, 0, 255]).all(-1)
        assert np.array_equal(pixels[~is_hidden], source[~is_hidden])
        assert 1 - is_hidden.mean() == pytest.approx(shown.facts["area"])
        assert len(shown.facts["superpixels"]) == len(shown.facts["weights"]) <= 2
        assert shown.facts["weights"] == sorted(shown.facts["weights"], reverse=True)


def test_the_set_is_plain_json(tmp_path):
    recipe = linear.write(tmp_path, WHOLE, pictures=PICTURES)
    built = toy.build(recipe, tmp_path / "set")
    stored = json.loads((tmp_path / "set/summary.json").read_text())
    assert stored["settings"]["recipe"]["attack"]["space"] == "normalised"
    assert stored["settings"]["recipe"]["explanation"]["sigma"] == 0.25
    assert stored["kind"] == "adversarial"
    assert built.is_new


def norms_of(opened: StimulusSet) -> list[tuple[float, float]]:
    """Largest change of each attacked image, from its own bytes and as reported."""
    found = []
    for stimulus in opened.stimuli():
        if "linf_norm_8_bits" in stimulus.facts:
            shown = decode_png(opened.image_path(stimulus.id).read_bytes()).astype(
                float
            )
            plain = PICTURES[stimulus.source]
            found.append(
                (
                    float(np.abs(shown - plain).max() / 255),
                    stimulus.facts["linf_norm_8_bits"],
                )
            )
    return found


@pytest.mark.parametrize("method", sorted(ATTACKS))
def test_a_recipe_takes_any_attack_that_is_listed(tmp_path, method):
    text = WHOLE.replace(f"step = {STEP!r}", f'method = "{method}"\nstep = 0.06')
    if method == "pgd":
        text += "epsilon = 0.047\n"
    built = toy.build(linear.write(tmp_path, text, pictures=PICTURES), tmp_path / "set")
    found = [s for s in built.set.stimuli() if s.method == method]
    assert found
    assert all(s.parameters["method"] == method for s in found)
    for real, reported in norms_of(built.set):
        assert reported == pytest.approx(real, rel=1e-5)
    if method == "pgd":
        # 0.047 is 11.985 grey levels, of which the bytes use eleven.
        assert {round(real * 255) for real, _ in norms_of(built.set)} == {11}


def test_what_an_attack_draws_depends_on_seed_and_image_alone(tmp_path):
    # Two pictures that flip wherever in the ball they start.
    text = WHOLE.replace(
        f"step = {STEP!r}",
        'method = "pgd"\nepsilon = 0.05\nstep = 0.012\nmax_steps = 3',
    )
    first = {"red/three.png": (200, 188, 0)}
    drawn: dict[str, dict[str, bytes]] = {}
    for name, pictures, seed in (
        ("alone", first, 0),
        ("among", {"red/four.png": (200, 187, 0), **PICTURES}, 0),
        ("other", first, 1),
    ):
        (tmp_path / name).mkdir()
        recipe = linear.write(
            tmp_path / name,
            text.replace("max_images = 10", f"max_images = 10\nseed = {seed}"),
            pictures=pictures,
        )
        opened = toy.build(recipe, tmp_path / name / "set").set
        drawn[name] = {
            s.source: (
                decode_png(opened.image_path(s.id).read_bytes()).astype(int)
                - np.asarray(pictures[s.source])
            ).tobytes()
            for s in opened.stimuli()
            if s.method == "pgd"
        }
    three = {name: changes["red/three.png"] for name, changes in drawn.items()}
    assert three["alone"] == three["among"]
    assert three["alone"] != three["other"], "the seed changes nothing"
    assert three["among"] != drawn["among"]["red/four.png"], "images draw alike"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('method = "pdg"', "method: expected one of fgsm, ifgsm, pgd, got 'pdg'"),
        ('method = ""', "method: expected one of fgsm, ifgsm, pgd, got ''"),
        ('method = "pgd"\nspace = "pixel"', "space is unknown"),
        ('method = "pgd"\nnorm = "l2"', "needs an epsilon of its own"),
        ('method = "fgsm"\nmax_steps = 3', "max_steps is unknown"),
        ("epsilon = 0.003", "less than one grey level of 8 bits"),
    ],
)
def test_an_attack_looks_at_its_own_options(tmp_path, change, message):
    text = WHOLE.replace(f"step = {STEP!r}", change)
    with pytest.raises(RecipeError, match=message):
        toy.build(linear.write(tmp_path, text, pictures=PICTURES), tmp_path / "set")


@pytest.mark.parametrize("kind", ["adversarial", "pairs"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('stop = "flip"', "recipe.attack: stop = .* serves selection only"),
        ("epsilon = 0.003", "recipe.attack: epsilon = 0.003 is less than one grey"),
    ],
)
def test_what_nobody_could_see_is_refused_where_attacks_are_shown(
    tmp_path, kind, change, message
):
    text = f'kind = "{kind}"\n[recipe.attack]\n{change}\n'
    with pytest.raises(RecipeError, match=message):
        toy.build(linear.write(tmp_path, text, pictures=PICTURES), tmp_path / "set")
