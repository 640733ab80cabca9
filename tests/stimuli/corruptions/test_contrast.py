from __future__ import annotations

import numpy as np
import pytest

from stimuli.methods.corruptions import CORRUPTIONS, LessContrast, to_bytes, to_unit

RNG = np.random.default_rng(0)


def test_a_third_of_the_contrast_worked_by_hand():
    # (1 - .3) / 2 + .3 * 200 / 255 = .35 + .235294 = .585294; * 255 = 149.25 -> 149.
    # 0 -> .35 * 255 = 89.25 -> 89; 255 -> .65 * 255 = 165.75 -> 166.
    pixels = np.array([[[200, 0, 255]]], dtype=np.uint8)
    made = to_bytes(LessContrast()(to_unit(pixels), 0.3, rng=RNG))
    assert made.tolist() == [[[149, 89, 166]]]


def test_full_contrast_keeps_every_byte():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, 2)
    assert (to_bytes(LessContrast()(to_unit(pixels), 1.0, rng=RNG)) == pixels).all()


def test_grey_is_the_luminance_of_the_three():
    # .2125 * 255 = 54.19, .7154 * 255 = 182.43, .0721 * 255 = 18.39.
    pure = np.diag([255, 255, 255]).astype(np.uint8)[None]
    grey = to_bytes(to_unit(pure, is_grey=True))
    assert grey[0].tolist() == [[54] * 3, [182] * 3, [18] * 3]


@pytest.mark.parametrize(
    ("level", "name"), [(1.0, "c100"), (0.3, "c30"), (0.05, "c05"), (0.025, "c2.5")]
)
def test_levels_are_called_by_their_per_cent(level, name):
    assert LessContrast().level_name(level) == name


@pytest.mark.parametrize("level", [0.0, 1.01, -0.3])
def test_what_is_no_contrast_is_said(level):
    assert f"got {level:g}" in LessContrast().level_problem(level)


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_every_corruption_keeps_shape_and_range_and_repeats_itself(name):
    method = CORRUPTIONS[name]
    picture = np.random.default_rng(1).random((8, 9, 3))
    assert method.name == name
    for level in method.usual_levels:
        assert method.level_problem(level) == ""
        first, again = (
            method(picture, level, rng=np.random.default_rng(2)) for _ in range(2)
        )
        assert first.shape == picture.shape
        assert 0 <= first.min() <= first.max() <= 1
        assert (first == again).all()
