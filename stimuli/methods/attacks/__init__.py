"""Attacks: one module each, a frozen dataclass of options that is called on a batch.

To add one, write a module with a subclass of `Attack` and list it in `ATTACKS`;
conformance tests run on everything listed. Other packages join by an entry point of
"secondlook.attacks". `pgd` is a short one to begin from.
"""

from __future__ import annotations

from typing import Any, Final

from stimuli.methods.attacks._attack import Attack, AttackInput, MovedImages
from stimuli.methods.attacks._ball import Ball
from stimuli.methods.attacks._result import (
    AttackError,
    AttackResult,
    EightBit,
    GradientError,
)
from stimuli.methods.attacks.fgsm import Fgsm
from stimuli.methods.attacks.ifgsm import Ifgsm
from stimuli.methods.attacks.pgd import Pgd
from stimuli.plugins import Registry


def why_no_attack(thing: Any, name: str) -> str:  # noqa: ANN401 - whatever was loaded
    """Why an object is none of our attacks, in words; empty where it is one."""
    if not (isinstance(thing, type) and issubclass(thing, Attack)):
        return "expected a class that inherits from stimuli.methods.attacks.Attack"
    if "__dataclass_params__" not in vars(thing):
        return "expected a frozen dataclass, whose fields are its options"
    if lacking := sorted(thing.__abstractmethods__):
        return f"{thing.__name__} lacks {', '.join(lacking)}"
    if thing.__call__ is not Attack.__call__:
        return f"{thing.__name__} replaces __call__, which keeps bounds, ball and norms"
    # Recipes may leave out every option.
    own = thing().name
    return "" if own == name else f"the entry point calls it {name!r}, itself {own!r}"


ATTACKS: Final[Registry[type[Attack]]] = Registry(
    "attacks",
    {
        "fgsm": Fgsm,
        "ifgsm": Ifgsm,
        "pgd": Pgd,
    },
    check=why_no_attack,
)

__all__ = [
    "ATTACKS",
    "Attack",
    "AttackError",
    "AttackInput",
    "AttackResult",
    "Ball",
    "EightBit",
    "Fgsm",
    "GradientError",
    "Ifgsm",
    "MovedImages",
    "Pgd",
    "why_no_attack",
]
