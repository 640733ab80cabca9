"""Explanations: one module each, a frozen dataclass that is called on a batch.

To add one, write a module and list its class in `EXPLANATIONS`; conformance tests
run on everything listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from stimuli.explanations._base import (
    Explained,
    Explainer,
    Explanation,
    ExplanationError,
)
from stimuli.explanations._lime_run import LimeExplanation
from stimuli.explanations.input_gradient import GradientExplanation, InputGradient
from stimuli.explanations.lime import Lime

EXPLANATIONS: Final[Mapping[str, type[Explainer]]] = MappingProxyType(
    {
        "input_gradient": InputGradient,
        "lime": Lime,
    }
)

__all__ = [
    "EXPLANATIONS",
    "Explained",
    "Explainer",
    "Explanation",
    "ExplanationError",
    "GradientExplanation",
    "InputGradient",
    "Lime",
    "LimeExplanation",
]
