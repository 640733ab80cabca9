"""Input gradients of two linear models, worked out by hand."""

import json

import numpy as np
import pytest
from PIL import Image

from hit_templates.prefer.paradigm import paradigm
from stimuli.errors import StimuliError
from stimuli.files.images import open_image
from stimuli.rendering.contact_sheet import write_sheet
from tests.stimuli import toy

from . import linear

# Red and green are named right, and what is blue is red by its label.
PICTURES = {
    "red/a.png": (160, 120, 3),
    "red/wrong.png": (150, 90, 215),
    "green/c.png": (140, 163, 4),
}
# Says the same as the linear model, but looks at the left half alone.
LEFT = '''

class Left(Linear):
    def forward(self, images):
        return super().forward(images[..., :8])


def build_left():
    return Left(), SETTINGS


class Flat(Linear):
    """Its gradient is zero where red is 140."""
    def forward(self, images):
        means = images.mean((2, 3), keepdim=True)
        is_flat = (means[:, :1] * 255 - 140).abs() < 0.5
        return super().forward(torch.where(is_flat, images.detach(), images))


def build_flat():
    return Flat(), SETTINGS


class Hole(Linear):
    """Its gradient is no number where red is 140: the root of zero."""

    def forward(self, images):
        away = (images.mean((2, 3))[:, :1] * 255).round() - 140
        slope = images.mean((2, 3))[:, :1] * 0
        return super().forward(images) + (away.abs() + slope).sqrt() * 0


def build_hole():
    return Hole(), SETTINGS
'''


def write(folder, recipe="", *, second="build_left", more="", masks=False):
    path = linear.write(folder, 'kind = "gradients"\n' + recipe, pictures=PICTURES)
    (folder / "linear.py").write_text(linear.MODEL + LEFT)
    text = path.read_text().split("[classifier]")[0]
    text = text.replace("[controls]\nknown_yes = 0\nknown_no = 0\npractice = 0\n", "")
    tables = [
        f'[[classifier]]\nname = "{name}"\nfunction = "linear.py:{build}"\n'
        for name, build in (("whole", "build"), ("half", second))
    ]
    path.write_text(text + "".join(tables) + more)
    if masks:
        for name in PICTURES:
            left = np.zeros((16, 16), np.uint8)
            left[:, :8] = 255
            (folder / "masks" / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(left).save(folder / "masks" / name)
    return path


def test_the_pictures_are_the_gradients_and_zero_is_mid_grey(tmp_path):
    opened = toy.build(write(tmp_path, "clip_sd = 1.0"), tmp_path / "set").set
    trial = next(iter(opened.trials()))
    assert trial.classes == ("half", "whole")
    assert set(trial.slots) == {"option1", "option2", "target"}
    with open_image(opened.image_path(trial.slots["option1"])) as picture:
        half = np.asarray(picture)
    # Right of the middle nothing counts.
    assert (half[:, 8:] == 128).all()
    # One step of the loss is the same at every pixel of the left half.
    assert (half[:, :8] == half[0, 0]).all()
    assert (half[0, 0] != 128).any()


def test_on_the_object_is_the_share_of_the_gradient_less_that_of_the_area(tmp_path):
    recipe = write(tmp_path, 'masks = "masks"\nnoise = 0.25', masks=True)
    opened = toy.build(recipe, tmp_path / "set").set
    for trial in opened.trials():
        assert trial.truth is not None
        # All of it on half of the area, and half of it.
        assert trial.truth["on_object"] == pytest.approx({"half": 0.5, "whole": 0.0})
        assert trial.truth["worth"] == pytest.approx({"half": 2.0, "whole": 0.0})
    found = opened.summary()["gradients"]["on_object"]
    assert found["half"]["mean"] == pytest.approx(0.5)
    assert found["whole"]["n"] == 2
    facts = [s.facts for s in opened.stimuli() if s.facts.get("classifier") == "half"]
    assert {f["object_area"] for f in facts} == {0.5}


def test_trials_are_what_the_preference_question_takes(tmp_path):
    opened = toy.build(write(tmp_path, 'masks = "masks"', masks=True), tmp_path / "set")
    trials = list(opened.set.trials())
    assert len(trials) == 2  # one image is named wrong
    for trial in trials:
        assert not list(paradigm.trial_problems(trial))
        response = paradigm.simulate(
            trial, competence="careful", rng=np.random.default_rng(1)
        )
        # Ten times the noise: who looks for the object takes the half.
        assert response == {"best": "1"}


def test_accuracy_after_a_step_has_an_interval_and_differences_too(tmp_path):
    # Green beats red by a step of the sign: r - 1, g + 1, b + 1 byte makes the
    # loss of red rise; 20 bytes turn r - 3b = 151 into 71, below g = 120 + 20.
    recipe = write(tmp_path, f"fgsm_step = {20 / 255}")
    opened = toy.build(recipe, tmp_path / "set").set
    step = opened.summary()["gradients"]["fgsm"]
    assert step["n"] == 3
    whole = step["classifiers"]["whole"]
    assert (whole["n_right"], whole["accuracy"], whole["low"]) == (0, 0.0, 0.0)
    # Clopper and Pearson of 0 in 3: 1 - 0.025 ** (1 / 3).
    assert whole["high"] == pytest.approx(0.708, abs=1e-3)
    (difference,) = step["differences"]
    assert difference["is_noise"]
    assert any("within noise" in note for note in opened.summary()["notes"])


def test_a_small_step_changes_nothing(tmp_path):
    opened = toy.build(write(tmp_path, "fgsm_step = 1e-6"), tmp_path / "set").set
    step = opened.summary()["gradients"]["fgsm"]
    assert step["classifiers"]["whole"]["n_right"] == 2


def test_the_gradient_of_the_score_is_another_picture(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = (
        toy.build(
            write(tmp_path / name, f'of = "{of}"\nclip_sd = 1.0'),
            tmp_path / f"{name}-set",
        ).set
        for name, of in (("one", "loss"), ("two", "score"))
    )
    ids = [{s.id for s in opened.stimuli()} for opened in (one, two)]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("second", "what"),
    [("build_flat", "zero everywhere"), ("build_hole", "not finite")],
)
def test_an_image_without_a_gradient_is_left_out_with_a_word(second, what, tmp_path):
    opened = toy.build(write(tmp_path, second=second), tmp_path / "set").set
    found = opened.summary()["gradients"]
    assert found["n_trials"] == 1
    assert found["troubles"] == [f"green/c.png: the gradient of half is {what}"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"second": "build_two"}, "classes"),
        ({"recipe": 'asks = "best-and-worst"'}, "compares 3 to 4 classifiers, got 2"),
        ({"recipe": "clip_sd = 0"}, "clip_sd"),
        ({"recipe": 'masks = "masks"'}, "no mask of .* can be read"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(change, message, tmp_path):
    with pytest.raises(StimuliError, match=message):
        toy.build(write(tmp_path, **change), tmp_path / "set")


def test_an_image_whose_picture_another_has_as_well_is_left_out(tmp_path):
    recipe = write(tmp_path)
    # Of a linear model every red image has the same gradient.
    linear.paint_plain(tmp_path / "photos/red/b.png", (170, 130, 4))
    opened = toy.build(recipe, tmp_path / "set").set
    found = opened.summary()["gradients"]
    assert found["n_trials"] == 2
    assert found["troubles"] == [
        "red/b.png: has a picture that red/a.png has as well",
    ]


def test_a_sheet_shows_the_gradients_beside_each_other(tmp_path):
    opened = toy.build(write(tmp_path), tmp_path / "set").set
    assert write_sheet(opened.folder, tmp_path / "sheet.png", n=9) == 2
    with open_image(tmp_path / "sheet.png") as sheet:
        assert sheet.width >= 300
    json.dumps(opened.summary(), allow_nan=False)
