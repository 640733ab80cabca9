"""The fast gradient (sign) method: one step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from stimuli.methods.attacks._attack import Attack, AttackInput, MovedImages
from stimuli.methods.attacks._ball import Ball, Norm
from stimuli.methods.attacks._stepping import Space
from stimuli.methods.attacks.ifgsm import Ifgsm, Reduction


@dataclass(frozen=True, kw_only=True)
class Fgsm(Attack):
    """One step up the loss.

    Attributes:
        norm: "linf" steps along the sign of the gradient, "l2" along the
            gradient over its length.
        step: Its length, in units of `space`; 0.007 is that of the paper's panda.
        space: Where the step is measured, see `Ifgsm`.
        reduction: How the loss joins a batch, see `Ifgsm`.

    Raises:
        AttackError: If an option has no meaning.

    Source: Goodfellow, Shlens and Szegedy (2015).
    """

    name: ClassVar[str] = "fgsm"

    norm: Norm = "linf"
    step: float = 0.007
    space: Space = "pixel"
    reduction: Reduction = "sum"

    def __post_init__(self) -> None:
        self._as_iterated()

    @property
    def max_steps(self) -> int:
        """One."""
        return 1

    @property
    def ball(self) -> Ball:
        """None: the step alone bounds the change."""
        return Ball(norm=self.norm, epsilon=None)

    def run(self, given: AttackInput) -> MovedImages:
        """The step."""
        return self._as_iterated().run(given)

    def _as_iterated(self) -> Ifgsm:
        return Ifgsm(max_steps=1, **asdict(self))
