"""Prototypes and criticisms: which images stand for a class, which it misses.

To add one, write a module with a frozen dataclass that fits `Selector`, begins with
`check_request` and is listed here; the conformance tests find it. `random_draw` is a
short one to begin from.
"""

from __future__ import annotations

from typing import Final

from stimuli.methods.selection._base import (
    Candidates,
    Caution,
    Selection,
    SelectionError,
    Selector,
    check_request,
    take_last_known,
)
from stimuli.methods.selection.adversarial import AdversarialCritic
from stimuli.methods.selection.mmd_critic import MmdCritic
from stimuli.methods.selection.probability import ProbabilityCritic
from stimuli.methods.selection.random_draw import RandomDraw
from stimuli.plugins import Registry, is_dataclass_of

SELECTIONS: Final[Registry[type[Selector]]] = Registry(
    "selections",
    {
        selection.name: selection
        for selection in (MmdCritic, AdversarialCritic, ProbabilityCritic, RandomDraw)
    },
    check=is_dataclass_of("name", "needs", "select"),
)

__all__ = [
    "SELECTIONS",
    "AdversarialCritic",
    "Candidates",
    "Caution",
    "MmdCritic",
    "ProbabilityCritic",
    "RandomDraw",
    "Selection",
    "SelectionError",
    "Selector",
    "check_request",
    "take_last_known",
]
