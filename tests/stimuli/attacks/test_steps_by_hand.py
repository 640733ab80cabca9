"""Balls, single steps and the order of passes, each worked out by hand.

Images are `(n, 3, 1, 2)`: six values, written channel by channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from stimuli.classifiers.batching import Batches, MemoryShortageError
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks import AttackError, AttackInput, Ifgsm
from stimuli.methods.attacks._ball import (
    Ball,
    from_bytes,
    largest,
    lengths,
    squares,
    to_bytes,
)
from stimuli.methods.attacks._result import Trace
from stimuli.methods.attacks._stepping import StepRule, make_rule
from stimuli.methods.attacks.ifgsm import Reduction
from tests.stimuli.tiny_networks import Cramped, Sum

LINF = Ball(norm="linf", epsilon=0.1)
L2 = Ball(norm="l2", epsilon=0.5)
FREE = Ball(norm="linf", epsilon=None)
STD = (0.5, 0.25, 0.1)


def images(*values: Sequence[float]) -> Tensor:
    return torch.tensor(values).view(len(values), 3, 1, 2)


def close(found: Tensor, *expected: Sequence[float]) -> None:
    torch.testing.assert_close(found, images(*expected), atol=1e-6, rtol=0)


def test_a_ball_of_single_values_keeps_each_within_reach_and_in_the_picture():
    clean = images([0.5, 0.5, 0.5, 0.5, 0.05, 0.95])
    moved = images([0.65, 0.35, 0.55, 0.45, -0.05, 1.05])
    close(LINF.keep(moved, clean), [0.6, 0.4, 0.55, 0.45, 0.0, 1.0])


def test_a_ball_of_lengths_shortens_what_is_too_long_and_leaves_the_rest():
    clean = images([0.5] * 6, [0.5] * 6, [0.9] * 6)
    # Lengths 1 (0.6² + 0.8²), 0.5 (0.3² + 0.4²) and, past white, 1 again.
    moved = clean + images(
        [0.6, -0.8, 0, 0, 0, 0], [0, 0, 0.3, -0.4, 0, 0], [0.6, -0.8, 0, 0, 0, 0]
    )
    close(
        L2.keep(moved, clean),
        [0.8, 0.1, 0.5, 0.5, 0.5, 0.5],
        [0.5, 0.5, 0.8, 0.1, 0.5, 0.5],
        [1.0, 0.5, 0.9, 0.9, 0.9, 0.9],
    )
    # Past black: 0.2 - 0.5 · 0.8.
    dark = images([0.2] * 6)
    away = dark + images([0.6, -0.8, 0, 0, 0, 0])
    close(L2.keep(away, dark), [0.5, 0.0, 0.2, 0.2, 0.2, 0.2])
    close(L2.keep(images([0.5] * 6), images([0.5] * 6)), [0.5] * 6)


def test_without_a_radius_only_black_and_white_bound_an_image():
    clean = images([0.5] * 6)
    moved = images([1.5, -0.5, 1.0, 0.0, 0.2, 0.7])
    close(FREE.keep(moved.clone(), clean), [1.0, 0.0, 1.0, 0.0, 0.2, 0.7])
    held = FREE.hold(torch.cat([moved, clean]), torch.cat([clean, clean]))
    assert held.was_outside.tolist() == [True, False]
    close(held.images, [1.0, 0.0, 1.0, 0.0, 0.2, 0.7], [0.5] * 6)


def test_only_what_lies_outside_is_brought_back_and_what_was_given_stays():
    clean = images(*[[0.5] * 6] * 3, [0.95] * 6, [0.05] * 6)
    given = clean.clone()
    # On the edge; beyond it by rounding; beyond it by more; too white; too black.
    given[0, 0, 0, 0] += 0.1
    given[1, 0, 0, 0] += 0.1 + 1.5e-6
    given[2, 0, 0, 0] += 0.1 + 1e-4
    given[3, 2, 0, 1] = 1.001
    given[4, 2, 0, 1] = -0.001
    before = given.clone()
    held = LINF.hold(given, clean)
    assert held.was_outside.tolist() == [False, False, True, True, True]
    assert torch.equal(held.images[:2], before[:2])
    assert torch.equal(given, before)
    assert held.images[2, 0, 0, 0].item() == pytest.approx(0.6, abs=1e-7)
    assert held.images[3, 2, 0, 1].item() == 1.0
    assert held.images[4, 2, 0, 1].item() == 0.0
    inside = LINF.hold(given[:2], clean[:2])
    assert inside.images.data_ptr() == given.data_ptr(), "nothing had to be copied"


def test_black_and_white_themselves_are_inside():
    clean = images([0.0] * 6, [1.0] * 6)
    assert LINF.hold(clean.clone(), clean).was_outside.tolist() == [False, False]


def test_what_rounding_may_add_grows_with_the_radius():
    wide = Ball(norm="linf", epsilon=0.5)
    clean = images([0.25] * 6, [0.25] * 6)
    given = clean.clone()
    # 0.5 (1 + 1e-5) + 1e-6 is 0.500006.
    given[0, 0, 0, 0] += 0.500005
    given[1, 0, 0, 0] += 0.500008
    assert wide.hold(given, clean).was_outside.tolist() == [False, True]


def test_a_change_is_as_large_as_its_norm_says():
    change = images([0.3, -0.4, 0, 0, 0, 0], [0.1] * 6)
    assert LINF.measure(change).tolist() == pytest.approx([0.4, 0.1])
    assert L2.measure(change).tolist() == pytest.approx([0.5, 0.1 * sqrt(6)])
    assert largest(change).shape == L2.measure(change).shape == (2,)
    assert lengths(change).shape == (2, 1, 1, 1)


def test_squares_of_whole_levels_are_exact_beyond_sixteen_bits():
    change = torch.full((2, 3, 1, 2), -255, dtype=torch.int16)
    # 6 · 255² = 390,150, which 16 bits do not hold.
    assert squares(change).tolist() == [390150.0, 390150.0]
    assert squares(change).dtype == torch.float64


def test_bytes_are_the_nearest_and_are_read_back_where_white_is_one():
    levels = images([0, 1, 254, 255, 127.4, 127.6])
    pixels = to_bytes(levels / 255)
    assert pixels.dtype == torch.uint8
    assert pixels.flatten().tolist() == [0, 1, 254, 255, 127, 128]
    read = from_bytes(pixels, dtype=torch.float64)
    assert read.dtype == torch.float64
    assert (read.flatten() * 255).tolist() == pytest.approx([0, 1, 254, 255, 127, 128])


def store(ball: Ball, moved: Sequence[float], clean: Sequence[float]) -> list[int]:
    """Changes in levels of the stored bytes, of images given in levels."""
    pixels = ball.store(images(moved) / 255, images(clean) / 255)
    assert pixels.dtype == torch.uint8
    found: list[int] = (pixels.flatten() - to_bytes(images(clean) / 255).flatten()).to(
        torch.int8
    ).tolist()  # fmt: skip
    return found


def test_stored_values_stay_within_whole_levels_of_the_sources_bytes():
    two = Ball(norm="linf", epsilon=2.5 / 255)
    clean = [100, 100, 100, 100, 100.4, 100.4]
    # 102.5 is even at 102; 97.5 at 98. 102.9 and 97.1 are three levels off the byte
    # 100: cut to two. 102.6 of a source between two levels as well.
    moved = [102.4, 97.6, 102.9, 97.1, 102.6, 100.4]
    assert store(two, moved, clean) == [2, -2, 2, -2, 2, 0]
    assert store(FREE, moved, clean) == [2, -2, 3, -3, 3, 0]


def test_half_of_white_is_fewer_levels_than_half_of_256():
    # 127.5 levels, of which 127 are whole.
    ball = Ball(norm="linf", epsilon=0.5)
    assert store(ball, [250] * 6, [100] * 6) == [127] * 6


def test_a_single_level_that_rounding_added_can_be_given_back():
    # Six levels of one are sqrt(6) long; two of them go, and sqrt(4) is left.
    ball = Ball(norm="l2", epsilon=2 / 255)
    found = store(ball, [100.6] * 6, [100] * 6)
    assert sorted(found) == [0, 0, 1, 1, 1, 1]


def test_a_radius_of_whole_levels_reaches_that_level():
    eight = Ball(norm="linf", epsilon=8 / 255)
    assert store(eight, [108, 92, 109, 91, 100, 100], [100] * 6) == [8, -8, 8, -8, 0, 0]


def test_a_length_in_levels_gives_back_the_values_rounded_out_furthest():
    # Wanted 3.4, 2.6, -1.8, rounded to 3, 3, -2: squares 22, and 4.5² = 20.25. Out
    # went 0.4 of the second and 0.2 of the third; the second back to 2: 17.
    ball = Ball(norm="l2", epsilon=4.5 / 255)
    moved = [103.4, 102.6, 98.2, 100, 100, 100]
    assert store(ball, moved, [100] * 6) == [3, 2, -2, 0, 0, 0]
    # A little more room, and nothing has to go back.
    room = Ball(norm="l2", epsilon=4.7 / 255)
    assert store(room, moved, [100] * 6) == [3, 3, -2, 0, 0, 0]
    # Less: both go back, 9 + 4 + 1 = 14 of at most 3.8² = 14.44.
    less = Ball(norm="l2", epsilon=3.8 / 255)
    assert store(less, moved, [100] * 6) == [3, 2, -1, 0, 0, 0]
    # And where that is not enough, all are shortened: times 3 / sqrt(14), to 2, 1, 0.
    least = Ball(norm="l2", epsilon=3 / 255)
    assert store(least, moved, [100] * 6) == [2, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_step_follows_the_gradient_as_the_norm_and_the_space_say(norm):
    gradient = [3.0, -4.0, 0.0, 0.0, 0.0, 0.0]
    ball = Ball(norm=norm, epsilon=None)
    rule = StepRule(norm=norm, step=0.1, scale=None, ball=ball)
    clean = images([0.5] * 6)
    moved = rule.move(clean.clone(), images(gradient), clean=clean)
    along = [0.1, -0.1] if norm == "linf" else [0.06, -0.08]
    close(moved - 0.5, [*along, 0, 0, 0, 0])
    # In normalised units a value of the first channel counts half as much, in the
    # gradient and in the step: 0.1 · 0.5 · (1.5, -2) / 2.5 = (0.03, -0.04).
    scale = torch.tensor(STD).view(1, 3, 1, 1)
    scaled = replace(rule, scale=scale)
    moved = scaled.move(clean.clone(), images(gradient), clean=clean)
    along = [0.05, -0.05] if norm == "linf" else [0.03, -0.04]
    close(moved - 0.5, [*along, 0, 0, 0, 0])
    # Nothing to follow, nowhere to go; and the ball is kept.
    still = rule.move(clean.clone(), torch.zeros(1, 3, 1, 2), clean=clean)
    close(still, [0.5] * 6)
    held = replace(rule, ball=Ball(norm=norm, epsilon=0.01))
    moved = held.move(clean.clone(), images(gradient), clean=clean)
    assert held.ball.measure(moved - 0.5).item() == pytest.approx(0.01, abs=1e-6)


def test_a_rise_is_what_the_gradient_promises_of_a_step():
    gradient = images([3.0, -4.0, 0, 2.0, 0, 0], [1.0] * 6)
    rule = StepRule(norm="linf", step=0.1, scale=None, ball=FREE)
    # Sums of sizes 9 and 6; with deviations 7 · .5 + 2 · .25 = 4 and 2 · .85 = 1.7.
    assert rule.rise(gradient).tolist() == pytest.approx([0.9, 0.6])
    scale = torch.tensor(STD).view(1, 3, 1, 1)
    normalised = replace(rule, scale=scale)
    assert normalised.rise(gradient).tolist() == pytest.approx([0.4, 0.17])
    # Lengths sqrt(25 + 4) and sqrt(6); with deviations, of channels
    # (2.5, .5, 0) and sqrt(2) (.5, .25, .1).
    length = replace(rule, norm="l2")
    assert length.rise(gradient).tolist() == pytest.approx(
        [0.1 * sqrt(29), 0.1 * sqrt(6)]
    )
    assert replace(normalised, norm="l2").rise(gradient).tolist() == pytest.approx(
        [0.1 * sqrt(6.5), 0.1 * sqrt(2 * (0.25 + 0.0625 + 0.01))]
    )
    away = replace(rule, step=-0.1)
    assert away.rise(gradient).tolist() == pytest.approx([-0.9, -0.6])


class Passes(nn.Module):
    """Remembers of every pass the images' mean and whether a gradient was wanted."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner
        self.seen: list[tuple[bool, list[int]]] = []

    def forward(self, given: Tensor) -> Tensor:
        # Steps of 0.001 per value away from grey.
        steps = ((given.mean((1, 2, 3)) - 0.5) / 0.001).round().int().tolist()
        self.seen.append((given.requires_grad, steps))
        return self.inner(given)  # type: ignore[no-any-return]


def input_of(
    model: PixelModel, *, n: int = 1, is_targeted: bool = False, batch_size: int = 8
) -> AttackInput:
    truth = torch.zeros(n, dtype=torch.int64)
    trace = Trace(
        truth=truth,
        aim=truth + is_targeted,
        is_targeted=is_targeted,
        names=[str(i) for i in range(n)],
        max_steps=20,
    )
    return AttackInput(
        model=model,
        clean=torch.full((n, 3, 2, 2), 0.5),
        trace=trace,
        batches=Batches(size=batch_size),
    )


@pytest.mark.parametrize("is_targeted", [False, True])
def test_an_image_that_is_about_to_flip_is_looked_at_without_a_gradient(is_targeted):
    # The sum leads by 0.05 - 0.012 t. After the gradient at t = 3 the class has
    # 1 / (1 + exp(-0.014)) = 0.5035, and a step promises 1.2 · 12 · 0.001 · 0.4965 =
    # 0.00715 of the loss: 0.5035 exp(-0.00715) = 0.4999, less than the rest. At t = 2
    # it is 0.5065 exp(-0.00711) = 0.5029. So t = 4 is looked at first, is no flip, and
    # t = 5 is. Towards the target the same numbers are those of the other class.
    network = Passes(Sum(12 * 0.5 - 0.05))
    attack = Ifgsm(space="pixel", stop="flip", max_steps=20, is_targeted=is_targeted)
    given = input_of(PixelModel(network.eval()), is_targeted=is_targeted)
    moved = attack.run(given)
    down = [(True, 0), (True, -1), (True, -2), (True, -3)]
    expected = [*down, (False, -4), (True, -4), (False, -5)]
    assert [(wants, steps[0]) for wants, steps in network.seen] == expected
    assert moved.n_gradients == 5
    assert given.trace.steps_to_flip().tolist() == [5]
    assert given.trace.labels[0, :7].tolist() == [0, 0, 0, 0, 0, 1, -1]


def test_a_third_class_takes_its_share_of_what_the_loss_loses():
    class Three(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.two = Sum(12 * 0.5 - 0.05)

        def forward(self, given: Tensor) -> Tensor:
            two = self.two(given)
            return torch.cat([two, two[:, 1:] - 0.001], dim=1)

    # A third each, nearly: 0.3446 at the lead of 0.05. A step promises 1.2 · 0.012 ·
    # (1 - own) = 0.0094 of the loss, and half of what the class loses goes to the
    # next. At t = 3 own is .3366, later .3334, the next then .3319 · .6666 / .6634 =
    # .3335: about to flip; at t = 2 .3393 · exp(-.0095) = .3361 against .3321.
    network = Passes(Three())
    attack = Ifgsm(space="pixel", stop="flip", max_steps=20)
    attack.run(input_of(PixelModel(network.eval())))
    first_look = next(steps for wants, steps in network.seen if not wants)
    assert first_look == [-4]


def test_stopping_in_bytes_looks_after_every_step_and_the_last_needs_no_gradient():
    network = Passes(Sum(12 * 0.5 - 10))
    attack = Ifgsm(space="pixel", stop="flip-8bit", max_steps=20)
    given = input_of(PixelModel(network.eval()), batch_size=8)
    given.trace.max_steps = 3
    moved = attack.run(given)
    assert [wants for wants, _ in network.seen] == [True, False] * 3
    assert moved.n_gradients == 3
    assert moved.first_flipped is None


def test_images_share_batches_until_each_has_flipped_and_keep_their_own_place():
    given = input_of(PixelModel(Sum(5.95).eval()), n=5, batch_size=2)
    # Leads of 0.05, 0.01, -0.01, 0.03 and 0.05 flip at steps 5, 1, 0, 3 and 5.
    for row, less in enumerate((0.0, 0.04, 0.06, 0.02, 0.0)):
        given.clean[row, 0, 0, 0] -= less
    attack = Ifgsm(space="pixel", stop="flip", max_steps=20, keeps_first_flip=True)
    moved = attack.run(given)
    steps = [5, 1, 0, 3, 5]
    assert given.trace.steps_to_flip().tolist() == steps
    changed = (given.clean - moved.images).amax((1, 2, 3)).tolist()
    assert changed == pytest.approx([0.001 * step for step in steps], abs=1e-6)
    assert moved.first_flipped is moved.images


def test_all_steps_count_their_gradients_and_look_at_every_image():
    network = Passes(Sum(12 * 0.5 - 0.05))
    given = input_of(PixelModel(network.eval()), n=3, batch_size=2)
    moved = Ifgsm(space="pixel", max_steps=20).run(given)
    assert moved.n_gradients == 3 * 20
    assert [wants for wants, _ in network.seen] == ([True] * 20 + [False]) * 2
    assert [len(steps) for _, steps in network.seen] == [2] * 21 + [1] * 21
    assert given.trace.labels.tolist() == [[0] * 5 + [1] * 16] * 3


@pytest.mark.parametrize("stop", ["never", "flip"])
def test_a_mean_halves_the_gradients_of_two_and_the_smallest_round_to_zero(stop):
    # A weight of two of the smallest float32s, times -1/2 of the loss, is one of them;
    # half of that is none.
    def has_moved(reduction: Reduction, *, batch_size: int) -> bool:
        model = PixelModel(Sum(0.0, weights=[2 * 2.0**-149] * 3).eval())
        given = input_of(model, n=2, batch_size=batch_size)
        attack = Ifgsm(space="pixel", max_steps=20, stop=stop, reduction=reduction)
        moved = (attack.run(given).images != given.clean).flatten(1).any(1)
        assert len(set(moved.tolist())) == 1
        return bool(moved[0])

    assert has_moved("sum", batch_size=2)
    assert has_moved("sum", batch_size=1)
    assert has_moved("mean", batch_size=1)
    assert not has_moved("mean", batch_size=2)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_images_of_a_batch_are_about_to_flip_when_each_alone_would_be(reduction):
    # As worked out above for one image: looked at first after four steps.
    network = Passes(Sum(12 * 0.5 - 0.05))
    attack = Ifgsm(space="pixel", stop="flip", max_steps=20, reduction=reduction)
    attack.run(input_of(PixelModel(network.eval()), n=2))
    looks = [steps for wants, steps in network.seen if not wants]
    assert looks == [[-4, -4], [-5, -5]]


def test_an_image_far_from_flipping_does_not_wait_with_one_that_is_near():
    network = Passes(Sum(12 * 0.5 - 0.05))
    given = input_of(PixelModel(network.eval()), n=2)
    # A lead of 1.05 beside one of 0.05: twenty steps take 0.24 of it.
    given.clean[1] += 1 / 12
    Ifgsm(space="pixel", stop="flip", max_steps=20).run(given)
    assert given.trace.steps_to_flip().tolist() == [5, 21]
    assert [len(steps) for wants, steps in network.seen if not wants] == [1, 1, 1]


def test_the_last_step_is_looked_at_without_a_gradient():
    network = Passes(Sum(12 * 0.5 - 10))
    given = input_of(PixelModel(network.eval()))
    given.trace.max_steps = 3
    moved = Ifgsm(space="pixel", stop="flip", max_steps=3).run(given)
    assert [wants for wants, _ in network.seen] == [True] * 3 + [False]
    assert moved.n_gradients == 3


def test_what_is_wrong_from_the_start_costs_no_gradient():
    given = input_of(PixelModel(Sum(12 * 0.5 + 0.01).eval()))
    moved = Ifgsm(space="pixel", stop="flip", max_steps=20).run(given)
    assert moved.n_gradients == 0
    assert torch.equal(moved.images, given.clean)


def test_bytes_of_each_image_are_looked_at_for_that_image():
    # Steps of one level take 12 / 255 of leads of 7 / 255 and 25 / 255.
    given = input_of(PixelModel(Sum((12 * 128 - 7) / 255).eval()), n=2)
    given.clean.fill_(128 / 255)
    given.clean[1, 0, 0, 0] = 146 / 255
    attack = Ifgsm(space="pixel", stop="flip-8bit", step=1 / 255, max_steps=20)
    attack.run(given)
    assert given.trace.steps_to_flip().tolist() == [1, 3]


def test_the_first_flip_may_be_the_last_step_and_is_each_images_own():
    given = input_of(PixelModel(Sum(12 * 0.5 - 0.05).eval()), n=2, batch_size=1)
    # The second is of class 1, so that it is wrong from the start.
    given.trace.aim = torch.tensor([0, 1])
    given.trace.truth = torch.tensor([0, 1])
    given.trace.labels = given.trace.labels[:, :6]
    given.trace.max_steps = 5
    attack = Ifgsm(space="pixel", max_steps=5, keeps_first_flip=True)
    kept = attack.run(given).first_flipped
    assert kept is not None
    changed = (kept - given.clean).abs().amax((1, 2, 3)).tolist()
    assert changed == pytest.approx([0.005, 0.0], abs=1e-6)


def test_a_step_towards_a_target_goes_down_and_is_measured_as_the_space_says():
    model = PixelModel(Sum(1.0).eval(), std=STD)
    up = make_rule(input_of(model), ball=LINF, step=0.2, space="normalised")
    assert (up.norm, up.step, up.ball) == ("linf", 0.2, LINF)
    assert up.scale is not None
    assert up.scale.shape == (1, 3, 1, 1)
    assert up.scale.flatten().tolist() == pytest.approx(STD)
    assert up.scale.dtype == torch.float32
    given = input_of(model, is_targeted=True)
    down = make_rule(given, ball=L2, step=0.2, space="pixel")
    assert (down.norm, down.step, down.scale) == ("l2", -0.2, None)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("step", 0.0),
        ("max_steps", 0),
        ("epsilon", -0.1),
        ("norm", "l1"),
        ("space", "pixels"),
        ("stop", "sometimes"),
        ("reduction", "median"),
    ],
)
def test_every_option_without_a_meaning_is_named(option, value):
    with pytest.raises(AttackError, match=f"^{option} must be .*got {value!r}"):
        Ifgsm(**{option: value})


def test_the_scale_of_steps_has_the_precision_of_the_images():
    model = PixelModel(Sum(1.0).eval().double(), std=STD)
    given = replace(input_of(model), clean=torch.full((1, 3, 2, 2), 0.5).double())
    rule = make_rule(given, ball=LINF, step=0.2, space="normalised")
    assert rule.scale is not None
    assert rule.scale.dtype == torch.float64


@pytest.mark.parametrize("stop", ["flip", "never"])
def test_a_device_too_small_for_one_image_repeats_what_the_device_said(stop):
    cramped = PixelModel(Cramped(Sum(1.0), limit=0).eval())
    with pytest.raises(MemoryShortageError, match="tried to hold 1 images"):
        Ifgsm(space="pixel", stop=stop).run(input_of(cramped, n=2))
