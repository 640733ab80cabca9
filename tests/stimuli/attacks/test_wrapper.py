"""What calling an attack does with the images it returns, worked by hand.

Images are 2 x 2 with three channels: 12 values. Class 0 scores their sum, class 1 a
constant, so class 0 is left once the sum has fallen by more than `LEAD`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from stimuli.methods.attacks import (
    Attack,
    AttackError,
    AttackInput,
    Ball,
    GradientError,
    Ifgsm,
    MovedImages,
    Pgd,
    why_no_attack,
)
from tests.stimuli.attacks.promises import PROMISES, generators
from tests.stimuli.tiny_networks import convolutional, eight_bit_images, summing

GREY = 128 / 255
LEAD = 0.05
MODEL = summing(12 * GREY - LEAD)


def grey(n: int = 1, level: float = GREY) -> Tensor:
    return torch.full((n, 3, 2, 2), level)


@dataclass(frozen=True, kw_only=True)
class Returns(Attack):
    """Gives back what it is told to."""

    name: ClassVar[str] = "returns"

    norm: str = "linf"
    epsilon: float | None = None
    move: Callable[[AttackInput], Tensor] = field(default=lambda given: given.clean)

    @property
    def max_steps(self) -> int:
        return 1

    @property
    def ball(self) -> Ball:
        return Ball(norm=self.norm, epsilon=self.epsilon)  # type: ignore[arg-type]

    def run(self, given: AttackInput) -> MovedImages:
        return MovedImages(images=self.move(given))


def call(attack: Attack, images: Tensor, model=MODEL):
    labels = torch.zeros(len(images), dtype=torch.int64)
    return attack(model, images, labels=labels)


def test_what_leaves_the_ball_is_put_on_its_edge_and_asked_again():
    def run_far(given: AttackInput) -> Tensor:
        far = given.clean - 0.1
        # 12 x 0.1 is more than the lead, so the network says 1 of these.
        given.trace.note(given.model(given.clean), rows=slice(None), steps=0)
        given.trace.note(given.model(far), rows=slice(None), steps=1)
        return far

    result = call(Returns(epsilon=0.004, move=run_far), grey())
    # 12 x 0.004 = 0.048 is not.
    assert result.labels.tolist() == [[0, 0]]
    assert result.steps_to_flip.tolist() == [2]
    assert result.margins[0].tolist() == pytest.approx([0.05, 0.002], abs=1e-5)
    assert result.linf_norms.item() == pytest.approx(0.004, abs=1e-7)
    assert result.l2_norms.item() == pytest.approx(0.004 * 12**0.5, abs=1e-7)


def test_a_length_beyond_the_ball_is_cut():
    result = call(
        Returns(norm="l2", epsilon=0.01, move=lambda given: given.clean - 0.1), grey()
    )
    assert result.l2_norms.item() == pytest.approx(0.01, abs=1e-7)
    moved = (grey() - result.images).flatten().tolist()
    assert moved == pytest.approx([0.01 / 12**0.5] * 12, abs=1e-7)


def test_what_leaves_black_and_white_is_brought_back():
    result = call(Returns(move=lambda given: given.clean + 2), grey())
    assert result.images.unique().tolist() == [1]
    assert result.linf_norms.item() == pytest.approx(1 - GREY, abs=1e-6)


def test_an_attack_that_notes_nothing_is_told_by_its_images():
    result = call(Returns(move=lambda given: given.clean - 0.1), grey(2))
    assert result.labels.tolist() == [[0, 1], [0, 1]]
    assert result.steps_to_flip.tolist() == [1, 1]
    still = call(Returns(), grey())
    assert still.labels.tolist() == [[0, -1]]
    assert still.final_labels.tolist() == [0]
    assert still.is_survivor.tolist() == [True]


def test_one_changed_byte_makes_an_image_another():
    def change(given: AttackInput) -> Tensor:
        images = given.clean.clone()
        images[1, 2, 1, 1] += 1 / 255
        # Less than half a grey level is no other byte.
        images[2, 0, 0, 0] += 0.4 / 255
        return images

    found = call(Returns(move=change), grey(3)).eight_bit
    assert found.is_same.tolist() == [True, False, True]


def test_an_attack_may_write_into_what_it_is_given():
    images = grey()
    result = call(Returns(move=lambda given: given.clean.sub_(0.1)), images)
    assert result.linf_norms.item() == pytest.approx(0.1, abs=1e-7)
    assert torch.equal(images, grey())


@pytest.mark.parametrize(
    ("move", "said"),
    [
        (
            lambda given: given.clean[:1],
            r"returned torch\.float32 of shape \(1, 3, 2, 2\)",
        ),
        (lambda given: given.clean.double(), r"float64 .* expected torch\.float32"),
        (lambda given: given.clean.mul(255).to(torch.uint8), r"torch\.uint8"),
    ],
)
def test_what_is_no_image_like_those_given_is_refused(move, said):
    with pytest.raises(AttackError, match=said):
        call(Returns(move=move), grey(2))


def test_values_that_are_no_numbers_name_their_image():
    def spoil(given: AttackInput) -> Tensor:
        images = given.clean.clone()
        images[1, 0, 0, 0] = torch.nan
        return images

    with pytest.raises(GradientError, match=r"not finite for image 1 \(1 of 3\)"):
        call(Returns(move=spoil), grey(3))


def test_an_attack_that_changes_the_network_is_stopped():
    def train(given: AttackInput) -> Tensor:
        given.model.train()
        return given.clean

    with pytest.raises(AttackError, match=r"returns changed the network .*training"):
        call(Returns(move=train), grey(), model=convolutional())


@pytest.mark.parametrize("n_given", [0, 1, 3])
def test_an_attack_that_draws_needs_a_generator_for_each_image(n_given):
    with pytest.raises(AttackError, match=rf"needs 2 generators.* got {n_given}"):
        Pgd()(
            MODEL,
            grey(2),
            labels=torch.zeros(2, dtype=torch.int64),
            generators=generators(n_given),
        )


def test_rounding_to_bytes_does_not_leave_the_ball():
    # 0.01 is 2.55 grey levels: rounded 3, which is 0.0118. The bytes keep to 2.
    attack = Ifgsm(space="pixel", step=0.01, max_steps=1, epsilon=0.01)
    stored = call(attack, grey()).eight_bit
    assert stored is not None
    assert stored.pixels.unique().tolist() == [126]
    assert stored.linf_norms.item() == pytest.approx(2 / 255)
    # Without a ball nothing is promised, and 128 - 2.55 rounds to 125.
    free = call(Ifgsm(space="pixel", step=0.01, max_steps=1), grey()).eight_bit
    assert free is not None
    assert free.pixels.unique().tolist() == [125]


@pytest.mark.parametrize("levels", [1, 2, 8, 16])
def test_a_ball_of_whole_grey_levels_is_used_to_its_edge(levels):
    attack = Ifgsm(space="pixel", step=0.1, max_steps=1, epsilon=levels / 255)
    stored = call(attack, grey()).eight_bit
    assert stored is not None
    assert stored.pixels.unique().tolist() == [128 - levels]


def test_a_length_in_bytes_gives_back_what_rounding_took_out_furthest():
    # Changes of 1.6 levels in nine values and 0.9 in three: the length is
    # sqrt(9 x 2.56 + 3 x 0.81) = 5.046 levels. Rounded they are 2 and 1, of length
    # sqrt(36 + 3) = 6.24. A change of 1.6 went out by 0.4, one of 0.9 by 0.1, so the
    # former go back, each by 4 - 1 = 3 squares: 39 - 3 n <= 25.46 takes n = 5.
    wanted = torch.tensor([1.6] * 9 + [0.9] * 3).view(1, 3, 2, 2)
    epsilon = (9 * 1.6**2 + 3 * 0.9**2) ** 0.5 / 255
    pixels = Ball(norm="l2", epsilon=epsilon).store(grey() + wanted / 255, grey())
    change = (pixels.int() - 128).flatten().tolist()
    assert change == [1] * 5 + [2] * 4 + [1] * 3


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    norm=st.sampled_from(["linf", "l2"]),
    epsilon=st.floats(0.001, 0.2),
    is_on_the_grid=st.booleans(),
)
def test_bytes_lie_inside_the_ball_of_the_sources_bytes(
    seed, norm, epsilon, is_on_the_grid
):
    rng = np.random.default_rng(seed)
    clean = torch.from_numpy(rng.random((3, 3, 5, 5), dtype=np.float32))
    if is_on_the_grid:
        clean = (clean * 255).round() / 255
    noise = torch.from_numpy(rng.normal(0, epsilon, clean.shape)).float()
    ball = Ball(norm=norm, epsilon=epsilon)
    pixels = ball.store(ball.keep(clean + noise, clean), clean)
    change = (pixels.double() - (clean * 255).round().double()) / 255
    sizes = change.abs().amax((1, 2, 3))
    if norm == "l2":
        sizes = change.square().sum((1, 2, 3)).sqrt()
    assert float(sizes.max()) <= epsilon + 1e-6


def test_stopping_at_the_flip_of_the_bytes_looks_at_the_bytes_of_the_ball():
    # The lead of 0.13 takes 2.76 grey levels of twelve values; 0.011 is 2.8, so that
    # the floats flip, and the bytes, which keep to two levels, do not.
    model = summing(12 * GREY - 0.13)
    attack = Ifgsm(
        space="pixel", step=0.011, max_steps=3, epsilon=0.011, stop="flip-8bit"
    )
    result = call(attack, grey(), model=model)
    assert result.is_survivor.tolist() == [True]
    assert result.eight_bit is not None
    assert result.eight_bit.pixels.unique().tolist() == [126]
    assert result.eight_bit.labels.tolist() == [0]


def test_a_random_start_lies_anywhere_in_the_ball():
    # One step of next to nothing leaves the images where they were drawn.
    attack = Pgd(epsilon=0.02, step=1e-7, max_steps=1)
    images = eight_bit_images(40, side=8).clamp(0.1, 0.9)
    result = attack(
        convolutional(),
        images,
        labels=torch.zeros(40, dtype=torch.int64),
        generators=generators(40),
    )
    offsets = (result.images - images).flatten() / 0.02
    # 7,680 uniform numbers of [-1, 1]: mean 0 (standard error 0.0066), variance 1/3.
    assert float(offsets.mean()) == pytest.approx(0, abs=0.03)
    assert float(offsets.var()) == pytest.approx(1 / 3, abs=0.02)
    assert torch.equal(result.labels[:, 0], convolutional()(images).argmax(1))


def test_step_0_is_the_source_wherever_the_steps_start():
    # Twelve uniform offsets of up to 0.2 have a sum of standard deviation 0.4, so
    # that nearly half of the starts have lost the lead of 0.05 already.
    result = Pgd(epsilon=0.2, step=1e-7, max_steps=1)(
        MODEL,
        grey(60),
        labels=torch.zeros(60, dtype=torch.int64),
        generators=generators(60),
    )
    assert bool((result.labels[:, 0] == 0).all())
    torch.testing.assert_close(
        result.margins[:, 0], torch.full((60,), LEAD), atol=1e-5, rtol=0
    )
    assert 10 < int((result.labels[:, 1] == 1).sum()) < 50


def test_a_random_start_of_a_length_fills_the_ball():
    attack = Pgd(norm="l2", epsilon=0.3, step=1e-7, max_steps=1)
    result = attack(
        MODEL,
        grey(400),
        labels=torch.zeros(400, dtype=torch.int64),
        generators=generators(400),
    )
    # In 12 dimensions the mean distance from the centre is 12 / 13 of the radius
    # (standard deviation 0.071).
    shares = result.l2_norms / 0.3
    assert float(shares.max()) <= 1 + 1e-5
    assert float(shares.mean()) == pytest.approx(12 / 13, abs=4 * 0.071 / 20)


def test_steps_from_a_random_start_end_on_the_same_edge():
    # Every value falls by steps of 0.01 until the ball holds it, wherever it began.
    result = Pgd(epsilon=0.02, step=0.01, max_steps=4)(
        MODEL,
        grey(5),
        labels=torch.zeros(5, dtype=torch.int64),
        generators=generators(5),
    )
    torch.testing.assert_close(result.images, grey(5) - 0.02, atol=1e-6, rtol=0)
    assert bool((result.labels[:, 0] == 0).all())
    assert bool((result.final_labels == 1).all())


def test_without_a_random_start_it_is_the_iterated_method():
    images = eight_bit_images(4)
    options: dict[str, Any] = {"epsilon": 0.02, "step": 0.006, "max_steps": 5}
    model, labels = convolutional(), torch.tensor([0, 1, 2, 3])
    ours = Pgd(is_random_start=False, **options)(model, images, labels=labels)
    same = Ifgsm(space="pixel", **options)(model, images, labels=labels)
    assert torch.equal(ours.images, same.images)
    assert torch.equal(ours.labels, same.labels)


def test_a_length_needs_a_radius_of_its_own():
    with pytest.raises(AttackError, match="needs an epsilon of its own"):
        Pgd(norm="l2")


class NoDataclass(Returns):
    pass


@dataclass(frozen=True, kw_only=True)
class Unfinished(Attack):
    name: ClassVar[str] = "returns"


@dataclass(frozen=True, kw_only=True)
class Escaping(Returns):
    def __call__(self, *given, **named):  # type: ignore[misc]
        return None


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (Returns, ""),
        (Returns(), "inherits from stimuli.methods.attacks.Attack"),
        (dict, "inherits from stimuli.methods.attacks.Attack"),
        (NoDataclass, "a frozen dataclass, whose fields are its options"),
        (Unfinished, "Unfinished lacks ball, max_steps, run"),
        (Escaping, "Escaping replaces __call__"),
    ],
)
def test_what_another_package_calls_an_attack_is_looked_at(thing, said):
    found = why_no_attack(thing, "returns")
    assert said in found
    assert bool(found) == bool(said)
    assert "itself 'returns'" in why_no_attack(Returns, "other")


def test_the_attack_that_the_documentation_writes_keeps_every_promise(repository):
    text = (repository / "docs/stimuli.md").read_text("utf-8")
    (code,) = (
        c for c in re.findall(r"```python\n(.*?)```", text, re.S) if "Noise" in c
    )
    written: dict[str, Any] = {"__name__": __name__}
    exec(code, written)  # noqa: S102 - our own documentation
    noise = written["Noise"]
    assert why_no_attack(noise, "noise") == ""
    for promise in PROMISES:
        promise(noise())
