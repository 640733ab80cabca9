"""Attacks: one module each, a frozen dataclass that is called on a batch.

To add one, write a module and list its class in `ATTACKS`; conformance tests run
on everything listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from torch import Tensor

from stimuli.attacks._result import AttackError, AttackResult, EightBit
from stimuli.attacks.fgsm import Fgsm
from stimuli.attacks.ifgsm import Ifgsm
from stimuli.pixel_model import PixelModel


class Attack(Protocol):
    """Moves images so that a network errs; its fields are its options."""

    @property
    def name(self) -> str:
        """What recipes and manifests call it."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        ...

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Tensor,
        targets: Tensor | None = None,
        names: Sequence[str] | None = None,
    ) -> AttackResult:
        """Attack `(n, 3, height, width)` images in [0, 1] of classes `labels`."""
        ...


ATTACKS: Final[Mapping[str, type[Attack]]] = MappingProxyType(
    {
        "fgsm": Fgsm,
        "ifgsm": Ifgsm,
    }
)

__all__ = [
    "ATTACKS",
    "Attack",
    "AttackError",
    "AttackResult",
    "EightBit",
    "Fgsm",
    "Ifgsm",
]
