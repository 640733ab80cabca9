"""Prototypes and criticisms: which images stand for a class, which it misses.

To add one, write a module with a frozen dataclass that fits `Selector` and list
it here; the conformance tests find it.
"""

from __future__ import annotations

from typing import Final

from stimuli.selection._base import (
    Candidates,
    Selection,
    SelectionError,
    Selector,
    take_last_known,
)
from stimuli.selection.adversarial import Adversarial
from stimuli.selection.mmd_critic import MmdCritic
from stimuli.selection.probability import Probability
from stimuli.selection.random_draw import RandomDraw

SELECTIONS: Final[dict[str, type[Selector]]] = {
    selection.name: selection
    for selection in (MmdCritic, Adversarial, Probability, RandomDraw)
}

__all__ = [
    "SELECTIONS",
    "Adversarial",
    "Candidates",
    "MmdCritic",
    "Probability",
    "RandomDraw",
    "Selection",
    "SelectionError",
    "Selector",
    "take_last_known",
]
