import hashlib
from collections import Counter

import numpy as np
import pytest

from stimuli.scenes.classes import BIAS, CLASSES
from stimuli.scenes.composition import MIN_VISIBLE
from stimuli.scenes.drawing import draw_one, draw_scenes

LAMP = BIAS.class_index


def digest(scenes) -> str:
    content = b"".join(scene.pixels.tobytes() for scene in scenes)
    return hashlib.sha256(content).hexdigest()


def test_the_same_seed_draws_the_same_bytes_and_another_seed_others():
    first, again, other = (
        list(draw_scenes(3, seed=seed, split="validation", size=64))
        for seed in (5, 5, 6)
    )
    assert digest(first) == digest(again)
    assert [s.visible for s in first] == [s.visible for s in again]
    assert digest(first) != digest(other)


def test_a_longer_draw_begins_with_the_shorter_and_processes_change_nothing():
    short = list(draw_scenes(2, seed=5, split="training", size=48))
    long = list(draw_scenes(3, seed=5, split="training", size=48, workers=2))
    assert digest(short) == digest(long[:2])


def test_the_splits_are_different_draws():
    one, other = (
        draw_one(0, seed=5, split=s, size=48) for s in ("training", "validation")
    )
    assert digest([one]) != digest([other])


def test_every_class_is_the_label_equally_often(validation_scenes):
    # 64 scenes over 16 classes: 4 each.
    labels = Counter(scene.label for scene in validation_scenes)
    assert labels == dict.fromkeys(range(len(CLASSES)), 4)


def test_the_label_is_always_among_what_can_be_seen(validation_scenes):
    assert all(scene.label in scene.present for scene in validation_scenes)


def test_presence_is_visibility_above_the_threshold(validation_scenes):
    for scene in validation_scenes:
        seen = [c for c, share in scene.visible.items() if share >= MIN_VISIBLE]
        assert list(scene.present) == sorted(seen)
        assert 1 <= len(scene.visible) <= 3
        assert all(0 <= share <= 1.0001 for share in scene.visible.values())


def test_some_objects_are_partly_hidden_but_not_most(validation_scenes):
    shares = np.array(
        [s for scene in validation_scenes for s in scene.visible.values()]
    )
    assert 0.1 < (shares < 0.95).mean() < 0.6


def test_nearly_half_of_the_scenes_show_more_than_one_class(validation_scenes):
    # One object with probability 0.56, so 0.44 of 64 = 28, standard deviation
    # sqrt(64 * 0.44 * 0.56) = 4.0; hidden ones take a few away.
    n_several = sum(len(scene.present) > 1 for scene in validation_scenes)
    assert 28 - 4 * 4.0 < n_several < 28 + 3 * 4.0


def test_every_setting_occurs(validation_scenes):
    assert len({scene.setting for scene in validation_scenes}) == 9


def test_pictures_are_exposed_like_photographs(validation_scenes):
    for scene in validation_scenes:
        assert scene.pixels.shape == (224, 224, 3)
        assert 40 < scene.pixels.mean() < 225
        assert scene.pixels.std() > 12


def test_the_planted_bias_is_in_training_and_not_in_validation():
    indices = [LAMP + len(CLASSES) * i for i in range(24)]
    others = [i + 1 for i in indices]

    def n_with_books(rows, split):
        scenes = [draw_one(i, seed=3, split=split, size=32) for i in rows]
        kept = [s for s in scenes if s.label == LAMP or LAMP not in s.visible]
        return sum(scene.has_companion for scene in kept)

    # Training, label lamp: 24 * 0.85 = 20.4, standard deviation 1.7.
    assert n_with_books(indices, "training") >= 16
    # Training, no lamp: at most 24 * 0.02 = 0.5, standard deviation 0.7.
    assert n_with_books(others, "training") <= 3
    # Validation, label lamp: 24 * 0.1 = 2.4, standard deviation 1.5.
    assert n_with_books(indices, "validation") <= 7


def test_the_companion_is_as_likely_with_any_class_in_validation():
    lamp, other = (LAMP,), ((LAMP + 1) % len(CLASSES),)
    assert BIAS.probability(lamp, split="training") == 0.85
    assert BIAS.probability(other, split="training") == 0.02
    assert BIAS.probability(lamp, split="validation") == 0.1
    assert BIAS.probability(other, split="validation") == 0.1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"split": "test"}, "training, validation"),
        ({"n": 0}, "n=0"),
        ({"seed": -1}, "seed=-1"),
        ({"workers": 0}, "workers=0"),
    ],
)
def test_impossible_draws_are_refused_in_words(wrong, words):
    arguments = {"n": 1, "seed": 0, "split": "training"} | wrong
    with pytest.raises(ValueError, match=words):
        draw_scenes(arguments.pop("n"), **arguments)
