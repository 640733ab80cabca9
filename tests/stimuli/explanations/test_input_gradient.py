"""The input gradient of networks whose gradient is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations import ExplanationError, InputGradient
from stimuli.methods.explanations.input_gradient import draw_gradient
from tests.stimuli.tiny_networks import Sum


def test_the_gradient_of_a_sum_is_the_same_for_every_pixel():
    # Class 0 scores 1 r + 2 g + 3 b summed over 4 pixels: with light 0.5 that is
    # 12, and class 1 scores 12, so both have probability 1/2. The loss of class 0
    # falls by 1/2 x weight; the sum over channels is (1 + 2 + 3) / 2 = 3.
    model = PixelModel(Sum(12.0, weights=(1, 2, 3)).eval())
    result = InputGradient()(
        model,
        torch.full((1, 3, 2, 2), 0.5),
        labels=[(0, 1)],
        image_ids=["a"],
        seed=0,
    )
    one = result.explanations[0]
    np.testing.assert_allclose(one.maps[0], 3.0, atol=1e-6)
    np.testing.assert_allclose(one.maps[1], -3.0, atol=1e-6)
    assert one.losses == pytest.approx((np.log(2), np.log(2)))


def test_zero_is_mid_grey_and_the_clip_is_black_and_white():
    # Three values: -1, 0, 1 in equal shares: deviation sqrt(2/3) = 0.8165.
    gradient = np.array([-1, 0, 1], np.float32).reshape(1, 1, 3).repeat(3, axis=0)
    # Clipped at one deviation everything but zero is at the end of the scale.
    assert draw_gradient(gradient, clip_sd=1)[0, :, 0].tolist() == [0, 128, 255]
    # At three: 127.5 (1 -+ 1 / 2.449) = 75.4 and 179.6.
    assert draw_gradient(gradient, clip_sd=3)[0, :, 0].tolist() == [75, 128, 180]


def test_no_gradient_at_all_is_plain_grey_and_said():
    result = InputGradient()(
        PixelModel(Sum(1.0, weights=(0, 0, 0)).eval()),
        torch.full((1, 3, 2, 2), 0.5),
        labels=[(0,)],
        image_ids=["a"],
        seed=0,
    )
    one = result.explanations[0]
    assert np.unique(one.pictures).tolist() == [128]
    assert one.facts["is_zero"] == [True]


def test_options_without_meaning_are_refused():
    with pytest.raises(ExplanationError, match=r"clip_sd must be above 0, got 0"):
        InputGradient(clip_sd=0)
