"""Adversarial examples as model criticism: who withstands an attack, who does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from stimuli.methods.selection._base import Candidates, check_supply
from stimuli.methods.selection._ranking import (
    Order,
    RankedSelector,
    Ranking,
    Rankings,
    order_by,
)


@dataclass(frozen=True, kw_only=True)
class AdversarialCritic(RankedSelector):
    """Prototypes survive the whole attack, criticisms flip at its first step.

    Only images that the classifier gets right take part. Where too few pass,
    the rest is taken by steps to flip (prototypes: most first; criticisms:
    fewest first), ties by the remaining margin, then by index; each such image
    is listed in `fallbacks`. `outcome` holds `n_right`, `n_survivors` and
    `n_first_step_flips`; `facts` each image's `steps_to_flip` and `margin`.

    Attributes:
        order: Among more than are wanted, "ranked" takes those with the
            largest (criticisms: smallest) margin, "drawn" draws. The paper
            does not say.
        has_fallback: False refuses instead of falling back.

    Source: Stock and Cisse 2018, section 3.3.
    """

    name: ClassVar[str] = "adversarial"

    order: Order = "ranked"
    has_fallback: bool = True

    @property
    def needs(self) -> frozenset[str]:
        """The attack's trajectory."""
        return frozenset({"steps_to_flip", "n_steps", "margins"})

    def rank(self, candidates: Candidates, *, n_wanted: int) -> Rankings:
        """Those classified right, by steps to flip."""
        attack = _read(candidates)
        right = np.flatnonzero(attack.steps > 0)
        check_supply(
            candidates,
            n_there=len(right),
            n_wanted=n_wanted,
            what="images classified right",
        )
        steps, margins = attack.steps[right], attack.margins[right]
        strong = Ranking(
            best_first=right[order_by(-steps, -margins)],
            passes=attack.steps == attack.n_steps + 1,
            rule=f"that survive all {attack.n_steps} steps",
        )
        weak = Ranking(
            best_first=right[order_by(steps, margins)],
            passes=attack.steps == 1,
            rule="that flip at step 1",
        )
        return Rankings(
            strong=strong,
            weak=weak,
            reason=attack.describe,
            facts=attack.facts,
            outcome={
                "n_right": len(right),
                "n_survivors": int(strong.passes.sum()),
                "n_first_step_flips": int(weak.passes.sum()),
            },
            parameters={"n_steps": attack.n_steps},
        )


@dataclass(frozen=True, kw_only=True)
class _Attack:
    steps: NDArray[np.int64]
    margins: NDArray[np.float64]
    n_steps: int

    def describe(self, index: int) -> str:
        """What happened to an image, as the reason of a fallback."""
        step = int(self.steps[index])
        if step == self.n_steps + 1:
            return f"survives all {self.n_steps} steps"
        return f"flips at step {step} of {self.n_steps}"

    def facts(self, index: int) -> dict[str, Any]:
        """What belongs into the manifest."""
        return {
            "steps_to_flip": int(self.steps[index]),
            "margin": float(self.margins[index]),
        }


def _read(candidates: Candidates) -> _Attack:
    steps = np.asarray(candidates.steps_to_flip, dtype=np.int64)
    n_steps = candidates.n_steps or 0
    if n_steps < 1 or steps.min() < 0 or steps.max() > n_steps + 1:
        raise ValueError(
            f"{candidates.name}: steps_to_flip must lie in 0..{n_steps + 1} (M + 1 for "
            f"{n_steps} steps), got {steps.min()}..{steps.max()}"
        )
    margins = np.asarray(candidates.margins, dtype=np.float64)
    return _Attack(steps=steps, margins=margins, n_steps=n_steps)
