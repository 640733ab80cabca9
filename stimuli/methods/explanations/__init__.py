"""Explanations: one module each, a frozen dataclass that is called on a batch.

To add one, write a module and list its class in `EXPLANATIONS`; conformance tests
run on everything listed.
"""

from __future__ import annotations

from typing import Final

from stimuli.methods.explanations._base import (
    Explained,
    Explainer,
    Explanation,
    ExplanationError,
)
from stimuli.methods.explanations._lime_run import LimeExplanation
from stimuli.methods.explanations.input_gradient import (
    GradientExplanation,
    InputGradient,
)
from stimuli.methods.explanations.lime import Lime
from stimuli.plugins import Registry, is_dataclass_of

EXPLANATIONS: Final[Registry[type[Explainer]]] = Registry(
    "explanations",
    {
        "input_gradient": InputGradient,
        "lime": Lime,
    },
    check=is_dataclass_of("name", "__call__"),
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
