"""Attacks on a sum of pixels, whose steps can be counted by hand.

Images are 2 x 2 with three channels: 12 values. Class 0 scores their sum, class 1
a constant 0.05 below the sum of the image, so class 0 is left once the sum has
fallen by more than 0.05 (a tie goes to class 0, the lower index).
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from stimuli.classifiers.batching import MemoryShortageError
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks import AttackError, Fgsm, Ifgsm
from tests.stimuli.tiny_networks import (
    Cramped,
    Sum,
    convolutional,
    eight_bit_images,
    predicted,
    summing,
)

GREY = 128 / 255
LEAD = 0.05
MODEL = summing(12 * GREY - LEAD)
PIXEL = Ifgsm(space="pixel", max_steps=20)


def grey(n: int = 1, level: float = GREY) -> Tensor:
    return torch.full((n, 3, 2, 2), level)


def zeros(n: int) -> Tensor:
    return torch.zeros(n, dtype=torch.int64)


def test_sign_steps_flip_when_twelve_pixels_have_fallen_far_enough():
    # Each step takes 12 x 0.001 off the sum: 0.05 / 0.012 = 4.17, so the fifth.
    result = PIXEL(MODEL, grey(), labels=zeros(1))
    assert result.steps_to_flip.tolist() == [5]
    assert result.labels[0].tolist() == [0] * 5 + [1] * 16
    # The margin is the lead: 0.05 - 0.012 t.
    expected = LEAD - 0.012 * torch.arange(21)
    torch.testing.assert_close(result.margins[0], expected, atol=2e-5, rtol=0)
    # Two classes: the loss is log(1 + exp(-margin)).
    torch.testing.assert_close(
        result.losses[0], torch.log1p(torch.exp(-expected)), atol=2e-5, rtol=0
    )
    assert result.linf_norms.item() == pytest.approx(0.02, abs=1e-6)
    assert result.l2_norms.item() == pytest.approx(0.02 * 12**0.5, abs=1e-5)


def test_normalised_gradient_steps_are_shorter_per_pixel():
    # A step of length 0.001 along (1, ..., 1) / sqrt(12) takes 0.001 sqrt(12) =
    # 0.003464 off the sum: 0.05 / 0.003464 = 14.4, so the fifteenth.
    result = replace(PIXEL, norm="l2")(MODEL, grey(), labels=zeros(1))
    assert result.steps_to_flip.tolist() == [15]
    assert result.l2_norms.item() == pytest.approx(0.02, abs=1e-6)


NORMALISED = PixelModel(
    Sum(12 * GREY - LEAD, weights=(0.5, 0.25, 0.1)).eval(), std=(0.5, 0.25, 0.1)
)


def test_a_step_in_normalised_space_is_scaled_by_each_channels_deviation():
    # The score is still the sum of pixels. A sign step moves channel c by
    # 0.001 std_c: 4 x 0.001 x (0.5 + 0.25 + 0.1) = 0.0034 off the sum;
    # 0.05 / 0.0034 = 14.7, so the fifteenth.
    attack = replace(PIXEL, space="normalised")
    result = attack(NORMALISED, grey(), labels=zeros(1))
    assert result.steps_to_flip.tolist() == [15]
    change = (grey() - result.images)[0, :, 0, 0]
    assert change.tolist() == pytest.approx([0.01, 0.005, 0.002], abs=1e-6)


def test_an_l2_step_in_normalised_space_follows_the_gradient_there():
    # In normalised units the gradient is std_c per value, of length
    # 2 sqrt(0.25 + 0.0625 + 0.01) = 1.13578. A step moves the pixels by
    # 0.001 std_c^2 / 1.13578, the sum by 0.001 x 1.13578: 0.05 / 0.00113578 =
    # 44.02, so the forty-fifth.
    attack = replace(PIXEL, space="normalised", norm="l2", max_steps=60)
    result = attack(NORMALISED, grey(), labels=zeros(1))
    assert result.steps_to_flip.tolist() == [45]


def test_a_ball_holds_the_image_back():
    result = replace(PIXEL, epsilon=0.004)(MODEL, grey(), labels=zeros(1))
    # 12 x 0.004 = 0.048 is not enough.
    assert result.steps_to_flip.tolist() == [21]
    assert result.is_survivor.tolist() == [True]
    assert result.linf_norms.item() == pytest.approx(0.004, abs=1e-6)
    round_ball = replace(PIXEL, norm="l2", epsilon=0.01)
    result = round_ball(MODEL, grey(), labels=zeros(1))
    assert result.l2_norms.item() == pytest.approx(0.01, abs=1e-6)


def test_images_never_leave_black_and_white():
    result = PIXEL(summing(0.5), grey(level=0.004), labels=zeros(1))
    assert result.images.min().item() == 0
    # White stays white where the loss asks for more light.
    towards_light = PIXEL(summing(12.5), grey(level=1.0), labels=zeros(1) + 1)
    assert towards_light.images.max().item() == 1
    assert towards_light.linf_norms.item() == 0


def test_a_wrong_image_has_flipped_before_the_first_step():
    result = PIXEL(summing(7.0), grey(), labels=zeros(1))
    assert result.steps_to_flip.tolist() == [0]
    assert result.labels[0, 0].item() == 1


def test_a_targeted_attack_goes_towards_the_target():
    attack = replace(PIXEL, is_targeted=True)
    result = attack(MODEL, grey(), labels=zeros(1), targets=zeros(1) + 1)
    assert result.steps_to_flip.tolist() == [5]
    # The loss is that of the target, so it falls.
    assert bool((result.losses[0].diff() < 0).all())
    already = attack(MODEL, grey(), labels=zeros(1), targets=zeros(1))
    assert already.steps_to_flip.tolist() == [0]


def test_one_large_step_is_fgsm():
    near = Fgsm(step=0.004)(MODEL, grey(), labels=zeros(1))
    far = Fgsm(step=0.005)(MODEL, grey(), labels=zeros(1))
    # 12 x 0.004 < 0.05 < 12 x 0.005
    assert (near.steps_to_flip.item(), far.steps_to_flip.item()) == (2, 1)
    assert far.labels.tolist() == [[0, 1]]


def test_stopping_at_the_flip_gives_the_clean_image_back_in_eight_bits():
    # The lead of 0.01 is gone after one step of 12 x 0.001. The image has moved
    # by 0.255 of a grey level then: rounding undoes that.
    model = summing(12 * GREY - 0.01)
    stopped = replace(PIXEL, stop="flip")(model, grey(), labels=zeros(1))
    assert stopped.steps_to_flip.tolist() == [1]
    assert stopped.labels[0].tolist() == [0, 1] + [-1] * 19
    assert stopped.final_labels.tolist() == [1]
    assert stopped.eight_bit is not None
    assert stopped.eight_bit.is_same.tolist() == [True]
    assert stopped.eight_bit.labels.tolist() == [0]
    assert stopped.eight_bit.is_storable.tolist() == [False]


def test_stopping_at_the_flip_of_the_bytes_waits_for_the_next_grey_level():
    # Half a grey level is 0.5 / 255 = 0.00196, so the bytes change at step two,
    # and 12 / 255 = 0.047 is more than the lead of 0.01.
    model = summing(12 * GREY - 0.01)
    stopped = replace(PIXEL, stop="flip-8bit")(model, grey(), labels=zeros(1))
    assert stopped.steps_to_flip.tolist() == [2]
    assert stopped.labels[0].tolist() == [0, 0, 1] + [-1] * 18
    assert stopped.eight_bit is not None
    assert stopped.eight_bit.pixels.unique().tolist() == [127]
    assert stopped.eight_bit.is_storable.tolist() == [True]


def test_all_steps_survive_eight_bits():
    # Ten steps are 2.55 grey levels: 128 becomes 125.
    result = replace(PIXEL, max_steps=10)(
        summing(12 * GREY - 0.01), grey(), labels=zeros(1)
    )
    assert result.eight_bit is not None
    assert result.eight_bit.pixels.unique().tolist() == [125]
    assert result.eight_bit.is_storable.tolist() == [True]


def test_the_image_at_its_flip_is_kept_beside_the_last():
    result = replace(PIXEL, keeps_first_flip=True)(MODEL, grey(), labels=zeros(1))
    assert result.first_flipped is not None
    moved = (grey() - result.first_flipped).unique().tolist()
    assert moved == pytest.approx([0.005] * len(moved), abs=1e-6)
    survivor = replace(PIXEL, keeps_first_flip=True, max_steps=3)
    result = survivor(MODEL, grey(), labels=zeros(1))
    assert result.first_flipped is not None
    torch.testing.assert_close(result.first_flipped, result.images)


@pytest.mark.parametrize("batch_size", [1, 3, None])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_stopping_finds_the_same_steps_as_going_on(batch_size, reduction):
    model, images = convolutional(), eight_bit_images(16)
    labels = predicted(model, images)
    attack = Ifgsm(step=0.004, batch_size=batch_size, reduction=reduction)
    on = attack(model, images, labels=labels)
    stopped = replace(attack, stop="flip")(model, images, labels=labels)
    assert 0 < int((on.steps_to_flip <= 10).sum()) < 16, "a test needs both kinds"
    assert stopped.steps_to_flip.tolist() == on.steps_to_flip.tolist()
    n_needed = int(on.steps_to_flip.clamp(max=10).sum())
    assert n_needed <= stopped.n_gradients <= n_needed + 16
    for row, step in enumerate(on.steps_to_flip.clamp(max=10).tolist()):
        assert stopped.labels[row, : step + 1].tolist() == (
            on.labels[row, : step + 1].tolist()
        )


def test_a_gradient_that_is_not_a_number_names_the_image():
    class Distance(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            # The square root has no derivative at zero: grey is the bad image.
            away = (images - GREY).square().sum((1, 2, 3)).sqrt()
            return torch.stack([1 - away, away], dim=1)

    images = torch.cat([grey(level=0.6), grey(), grey(level=0.4)])
    with pytest.raises(AttackError, match=r"for cat/2\.jpg \(gradient at step 0\)\."):
        PIXEL(
            PixelModel(Distance().eval()),
            images,
            labels=zeros(3),
            names=["cat/1.jpg", "cat/2.jpg", "cat/3.jpg"],
        )


@pytest.mark.parametrize("stop", ["never", "flip", "flip-8bit"])
def test_a_full_device_halves_the_batch_and_goes_on(stop):
    model, images = convolutional(), eight_bit_images(8)
    labels = predicted(model, images)
    attack = Ifgsm(step=0.004, stop=stop)
    whole = attack(model, images, labels=labels)
    cramped = PixelModel(
        Cramped(model.module, limit=2).eval(),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
    )
    result = attack(cramped, images, labels=labels)
    assert result.halved_to == (4, 2)
    assert result.steps_to_flip.tolist() == whole.steps_to_flip.tolist()
    torch.testing.assert_close(result.images, whole.images, atol=1e-5, rtol=0)


def test_a_device_too_small_for_one_image_says_so():
    model = PixelModel(Cramped(Sum(1.0), limit=0).eval())
    with pytest.raises(MemoryShortageError, match="batch of one image"):
        PIXEL(model, grey(4), labels=zeros(4))


def test_images_outside_zero_and_one_are_refused():
    with pytest.raises(AttackError, match=r"must lie in \[0, 1\], got \[128, 128\]"):
        PIXEL(MODEL, grey(level=128.0), labels=zeros(1))
    with pytest.raises(AttackError, match=r"got torch\.uint8; divide by 255"):
        PIXEL(MODEL, grey().to(torch.uint8), labels=zeros(1))
    with pytest.raises(AttackError, match=r"got \[nan, nan\]"):
        PIXEL(MODEL, grey(level=float("nan")), labels=zeros(1))


def test_everything_wrong_is_said_at_once():
    model = summing(1.0).train()
    with pytest.raises(AttackError) as refusal:
        PIXEL(model, grey(2), labels=torch.zeros(3), targets=zeros(2))
    message = str(refusal.value)
    assert "labels must be int64 of shape (2,)" in message
    assert "targets and is_targeted go together" in message
    assert "training mode; call eval()" in message


def test_options_without_meaning_are_refused():
    with pytest.raises(AttackError, match="step must be above 0, got -1"):
        Ifgsm(step=-1)
    with pytest.raises(AttackError, match="stop must be one of never, flip, flip-8bit"):
        Ifgsm(stop="sometimes")  # type: ignore[arg-type]
    with pytest.raises(AttackError, match="norm must be one of linf, l2"):
        Fgsm(norm="l1")  # type: ignore[arg-type]


def test_normalised_space_needs_a_mean_and_deviation():
    model = PixelModel(Sum(1.0).eval(), transform=lambda images: images * 2)
    with pytest.raises(AttackError, match='use space = "pixel"'):
        Ifgsm()(model, grey(), labels=zeros(1))
