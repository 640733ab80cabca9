"""Projected gradient descent from a point drawn inside the ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from stimuli.methods.attacks._attack import Attack, AttackInput, MovedImages
from stimuli.methods.attacks._ball import Ball, Norm, lengths
from stimuli.methods.attacks._result import AttackError
from stimuli.methods.attacks._stepping import AllSteps, make_rule

_LINF_EPSILON, _LINF_STEP = 8 / 255, 2 / 255


@dataclass(frozen=True, kw_only=True)
class Pgd(Attack):
    """Steps up the loss that start anywhere in the ball, and never leave it.

    Step 0 of the trace is the source, not the point drawn.

    Attributes:
        norm: Of the ball. "linf" steps along the sign of the gradient, "l2" along
            the gradient over its length.
        epsilon: Radius of the ball, in pixels where white is 1.
        step: Length of a step, in the same units.
        max_steps: M.
        is_random_start: Start at a point drawn uniformly from the ball; at the
            source otherwise.

    Raises:
        AttackError: If an option has no meaning.

    Source: Madry, Makelov, Schmidt, Tsipras and Vladu (2018), "Towards deep
    learning models resistant to adversarial attacks", section 2.1.
    """

    name: ClassVar[str] = "pgd"

    norm: Norm = "linf"
    epsilon: float = _LINF_EPSILON
    step: float = _LINF_STEP
    max_steps: int = 10
    is_random_start: bool = True

    def __post_init__(self) -> None:
        self.check_options("epsilon", "step", "max_steps", norm=Norm)
        # The same number is a strong attack in one norm and none in the other.
        if self.norm == "l2" and self.epsilon == _LINF_EPSILON:
            raise AttackError(
                'norm = "l2" needs an epsilon of its own, a length over all values of '
                "an image, and a step to go with it; for example 0.5 and 0.1"
            )

    @property
    def is_random(self) -> bool:
        """Where it draws its start."""
        return self.is_random_start

    @property
    def ball(self) -> Ball:
        """`epsilon` around the source."""
        return Ball(norm=self.norm, epsilon=self.epsilon)

    def run(self, given: AttackInput) -> MovedImages:
        """All steps with every image."""
        return AllSteps(
            given=given,
            rule=make_rule(given, ball=self.ball, step=self.step, space="pixel"),
            origins=self._draw(given) if self.is_random_start else None,
        ).run()

    def _draw(self, given: AttackInput) -> Tensor:
        """A point of each image's ball, of [0, 1]."""
        shape = given.clean.shape[1:]
        drawn = torch.stack([self._offset(shape, g) for g in given.generators])
        offsets = drawn.to(given.clean)
        return self.ball.keep(given.clean + offsets, given.clean)

    def _offset(self, shape: torch.Size, generator: torch.Generator) -> Tensor:
        if self.norm == "linf":
            return (torch.rand(shape, generator=generator) * 2 - 1) * self.epsilon
        ahead = torch.randn(shape, generator=generator)
        # Of a ball in d dimensions the share r^d lies within r of the centre.
        share = torch.rand((), generator=generator) ** (1 / ahead.numel())
        return ahead / lengths(ahead[None])[0] * share * self.epsilon
