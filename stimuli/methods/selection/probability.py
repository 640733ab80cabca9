"""Prototypes the classifier is sure of, criticisms it would not have thought of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stimuli.methods.selection._base import Candidates
from stimuli.methods.selection._ranking import (
    Order,
    RankedSelector,
    Ranking,
    Rankings,
    order_by,
)


@dataclass(frozen=True, kw_only=True)
class ProbabilityCritic(RankedSelector):
    """Prototypes above one probability of their class, criticisms below another.

    All images of the class take part, also those the classifier gets wrong:
    below 0.1 hardly another is found. Where too few pass, the rest is taken by
    probability, then by index; each such image is listed in `fallbacks`. `outcome`
    holds `n_above` and `n_below`; `facts` each image's `probability`.

    Attributes:
        min_prototype: A prototype's probability is above this.
        max_criticism: A criticism's probability is below this.
        order: Among more than are wanted, "ranked" takes the most extreme,
            "drawn" draws. The paper does not say.
        has_fallback: False refuses instead of falling back.

    Source: Stock and Cisse 2018, section 3.3, the probability baseline.
    """

    name: ClassVar[str] = "probability"

    min_prototype: float = 0.9
    max_criticism: float = 0.1
    order: Order = "ranked"
    has_fallback: bool = True

    @property
    def needs(self) -> frozenset[str]:
        """The probability of each image's own class."""
        return frozenset({"probabilities"})

    def rank(self, candidates: Candidates, *, n_wanted: int) -> Rankings:
        """All of them, by the probability of their class."""
        sureness = np.asarray(candidates.probabilities, dtype=np.float64)
        strong = Ranking(
            best_first=order_by(-sureness),
            passes=sureness > self.min_prototype,
            rule=f"with a probability above {self.min_prototype:g}",
        )
        weak = Ranking(
            best_first=order_by(sureness),
            passes=sureness < self.max_criticism,
            rule=f"with a probability below {self.max_criticism:g}",
        )
        return Rankings(
            strong=strong,
            weak=weak,
            reason=lambda i: f"probability {sureness[i]:.3g}",
            facts=lambda i: {"probability": float(sureness[i])},
            outcome={
                "n_above": int(strong.passes.sum()),
                "n_below": int(weak.passes.sum()),
            },
        )
