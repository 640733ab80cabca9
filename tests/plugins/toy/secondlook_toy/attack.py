"""An attack of four steps, whatever the options of the others are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stimuli.methods.attacks import Attack, AttackInput, Ball, Ifgsm, MovedImages


@dataclass(frozen=True, kw_only=True)
class Nudge(Attack):
    """A few steps of I-FGSM, under a name of its own.

    Attributes:
        step: Length of a step, where white is 1.
    """

    name: ClassVar[str] = "nudge"

    step: float = 0.01

    @property
    def max_steps(self) -> int:
        """Four."""
        return 4

    @property
    def ball(self) -> Ball:
        """None: the steps alone bound the change."""
        return Ball(norm="linf", epsilon=None)

    def run(self, given: AttackInput) -> MovedImages:
        """The steps."""
        steps = Ifgsm(
            step=self.step,
            max_steps=self.max_steps,
            is_targeted=self.is_targeted,
            batch_size=self.batch_size,
        )
        return steps.run(given)
