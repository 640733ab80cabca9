"""Attacks that break a promise, each found by the check of that promise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from stimuli.methods.attacks import (
    Attack,
    AttackError,
    AttackInput,
    AttackResult,
    Ball,
    MovedImages,
)
from tests.stimuli.attacks import promises
from tests.stimuli.attacks.promises import PROMISES

EPSILON = 0.02


@dataclass(frozen=True, kw_only=True)
class Sound(Attack):
    """A change drawn inside the ball, or of the same everywhere; breaks nothing."""

    name: ClassVar[str] = "sound"
    max_steps: ClassVar[int] = 1
    draws: ClassVar[bool] = True

    @property
    def ball(self) -> Ball:
        return Ball(norm="linf", epsilon=EPSILON)

    @property
    def is_random(self) -> bool:
        return self.draws

    def run(self, given: AttackInput) -> MovedImages:
        return MovedImages(images=given.clean + self.offsets(given))

    def offsets(self, given: AttackInput) -> Tensor:
        shape = given.clean.shape[1:]
        drawn = [torch.rand(shape, generator=g) for g in given.generators]
        return torch.stack(drawn) * EPSILON


@dataclass(frozen=True, kw_only=True)
class Bypassing(Sound):
    """Replaces what keeps the promises; no registry would take it."""

    def __call__(self, *given: Any, **named: Any) -> AttackResult:  # type: ignore[misc]
        return self.spoil(super().__call__(*given, **named))

    def spoil(self, result: AttackResult) -> AttackResult:
        return result


class LeavesTheBall(Bypassing):
    def spoil(self, result):
        far = result.images + 0.1 * (result.images < 0.5)
        change = far - result.images
        return replace(
            result,
            images=far,
            linf_norms=result.linf_norms + change.abs().amax((1, 2, 3)),
        )


class LeavesBlackAndWhite(Bypassing):
    def spoil(self, result):
        return replace(result, images=result.images + 0.001)


class LeavesTheBallInBytes(Bypassing):
    def spoil(self, result):
        far = (result.eight_bit.pixels.int() + 9).clamp(max=255).to(torch.uint8)
        return replace(result, eight_bit=replace(result.eight_bit, pixels=far))


class ReportsOtherNorms(Bypassing):
    def spoil(self, result):
        return replace(result, l2_norms=result.l2_norms * 0.99)


class ReportsOtherNormsOfBytes(Bypassing):
    def spoil(self, result):
        stored = result.eight_bit
        return replace(
            result, eight_bit=replace(stored, linf_norms=stored.linf_norms + 1 / 255)
        )


class ReportsOtherLabels(Sound):
    def run(self, given):
        moved = MovedImages(images=super().run(given).images.clamp(0, 1))
        for step, images in enumerate((given.clean, moved.images)):
            given.trace.note(given.model(images), rows=slice(None), steps=step)
        given.trace.labels[:, 1] = (given.trace.labels[:, 1] + 1) % 5
        return moved


class WritesIntoTheCallersImages(Bypassing):
    def __call__(self, model, images, **named):  # type: ignore[misc]
        result = super().__call__(model, images, **named)
        images.mul_(0.5)
        return result


class LeavesTrainingModeOn(Sound):
    def run(self, given):
        moved = super().run(given)
        given.model.module[2].train()
        return moved


class WritesIntoWeights(Sound):
    def run(self, given):
        with torch.no_grad():
            next(given.model.parameters()).add_(0.1)
        return super().run(given)


class WritesIntoWeightsUnseen(Sound):
    def run(self, given):
        next(given.model.parameters()).data.add_(0.1)
        return super().run(given)


class WritesIntoBuffers(Sound):
    def run(self, given):
        given.model.module[2].running_mean.add_(0.1)
        return super().run(given)


class LeavesAHook(Sound):
    def run(self, given):
        given.model.module[0].register_forward_hook(lambda *_: None)
        return super().run(given)


class TakesHooksOff(Sound):
    def run(self, given):
        given.model.module._forward_hooks.clear()
        return super().run(given)


class LeavesGradients(Sound):
    def run(self, given):
        given.model.requires_grad_()
        return super().run(given)


class IgnoresItsGenerators(Sound):
    def offsets(self, given):
        return torch.full_like(given.clean, EPSILON)


class DrawsGlobally(Sound):
    def offsets(self, given):
        return torch.rand(given.clean.shape) * EPSILON


class DrawsUnsaid(Sound):
    draws = False


class DrawsFromTheFirstAlone(Sound):
    def offsets(self, given):
        first = given.generators[0]
        return torch.rand(given.clean.shape, generator=first) * EPSILON


TICKS: Iterator[int] = itertools.count(1)


class TellsTheTime(Sound):
    def offsets(self, given):
        return super().offsets(given) / next(TICKS)


class OtherType(Bypassing):
    def spoil(self, result):
        return replace(result, images=result.images.double())


def broken(attack: Attack) -> set[str]:
    """The promises that an attack breaks."""
    found = set()
    for promise in PROMISES:
        try:
            promise(attack)
        except (AssertionError, AttackError):
            found.add(promise.__name__)
    return found


def test_a_sound_attack_breaks_no_promise():
    assert broken(Sound()) == set()


@pytest.mark.parametrize(
    ("attack", "promise", "said"),
    [
        (LeavesTheBall, promises.keeps_its_ball, "left the ball"),
        (LeavesBlackAndWhite, promises.keeps_its_bounds, r"left \[0, 1\]"),
        (LeavesTheBallInBytes, promises.keeps_its_ball_in_bytes, "bytes left"),
        (ReportsOtherNorms, promises.reports_the_real_norms, r"wrong norm \(l2\)"),
        (ReportsOtherNormsOfBytes, promises.reports_the_real_norms, "linf of the byt"),
        (
            ReportsOtherLabels,
            promises.reports_what_the_network_says,
            "another prediction",
        ),
        (OtherType, promises.keeps_shapes_and_dtypes, "another type"),
        (WritesIntoTheCallersImages, promises.leaves_the_images_alone, "caller's"),
        (LeavesTrainingModeOn, promises.leaves_the_network_alone, "training mode"),
        (WritesIntoWeights, promises.leaves_the_network_alone, "its weights"),
        (WritesIntoWeightsUnseen, promises.leaves_the_network_alone, "the weights: "),
        (WritesIntoBuffers, promises.leaves_the_network_alone, "running_mean"),
        (LeavesAHook, promises.leaves_the_network_alone, "its hooks"),
        (TakesHooksOff, promises.leaves_the_network_alone, "hooks"),
        (LeavesGradients, promises.leaves_the_network_alone, "requires_grad"),
        (TellsTheTime, promises.gives_the_same_again, "for the same input"),
        (DrawsGlobally, promises.gives_the_same_again, "for the same input"),
        (DrawsGlobally, promises.draws_from_its_generators_alone, "the global"),
        (IgnoresItsGenerators, promises.draws_from_its_generators_alone, "ignored"),
        (DrawsUnsaid, promises.draws_from_its_generators_alone, "does not say so"),
        (
            DrawsFromTheFirstAlone,
            promises.treats_an_image_alike_in_any_batch,
            "depends on the batch",
        ),
    ],
)
def test_a_broken_promise_is_found_by_its_check(
    attack: type[Attack], promise: Callable[[Attack], None], said: str
):
    with pytest.raises((AssertionError, AttackError), match=said):
        promise(attack())
