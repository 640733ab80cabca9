"""The fast gradient (sign) method: one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from stimuli.attacks._result import AttackResult
from stimuli.attacks._steps import Norm, Space
from stimuli.attacks.ifgsm import Ifgsm, Reduction
from stimuli.pixel_model import PixelModel


@dataclass(frozen=True, kw_only=True)
class Fgsm:
    """One step up the loss.

    Attributes:
        norm: "linf" steps along the sign of the gradient, "l2" along the
            gradient over its length.
        step: Its length, in units of `space`; 0.007 is that of the paper's panda.
        space: Where the step is measured, see `Ifgsm`.
        is_targeted: Go towards `targets` instead of away from the labels.
        reduction: How the loss joins a batch, see `Ifgsm`.
        batch_size: Images per pass; None takes all that are given.
        checks_eight_bit: Predict once more on what 8 bits keep.

    Raises:
        AttackError: If an option has no meaning.

    Source: Goodfellow, Shlens and Szegedy (2015).
    """

    norm: Norm = "linf"
    step: float = 0.007
    space: Space = "pixel"
    is_targeted: bool = False
    reduction: Reduction = "sum"
    batch_size: int | None = None
    checks_eight_bit: bool = True

    def __post_init__(self) -> None:
        self._as_iterated()

    @property
    def name(self) -> str:
        """What manifests call it."""
        return "fgsm"

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        return asdict(self)

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Tensor,
        targets: Tensor | None = None,
        names: Sequence[str] | None = None,
    ) -> AttackResult:
        """Attack a batch; arguments and errors as for `Ifgsm`."""
        attack = self._as_iterated()
        return attack(model, images, labels=labels, targets=targets, names=names)

    def _as_iterated(self) -> Ifgsm:
        return Ifgsm(max_steps=1, **asdict(self))
