"""Prototypes the classifier is sure of, criticisms it would not have thought of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stimuli.selection._base import Candidates, Selection, check_request
from stimuli.selection._ranking import Order, Ranking, choose_pair, order_by


@dataclass(frozen=True, kw_only=True)
class Probability:
    """Prototypes above one probability of their class, criticisms below another.

    All images of the class take part, also those the classifier gets wrong:
    below 0.1 hardly another is found. Where too few pass, the rest is taken by
    probability, then by index; each such image is listed in `fallbacks`.

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

    def select(
        self,
        candidates: Candidates,
        *,
        n_prototypes: int,
        n_criticisms: int,
        rng: np.random.Generator,
    ) -> Selection:
        """Choose; `rng` is read only with `order = "drawn"`.

        Returns:
            `outcome` holds `n_above` and `n_below`; `facts` each image's
            `probability`.

        Raises:
            SelectionError: If there are too few images, or too few pass where
                there is no falling back.
        """
        check_request(
            candidates,
            needs=self.needs,
            n_prototypes=n_prototypes,
            n_criticisms=n_criticisms,
        )
        sureness = np.asarray(candidates.probabilities, dtype=np.float64)
        strong, weak = self._rank(sureness)
        if not self.has_fallback:
            strong.check_strict(candidates, n_prototypes)
            weak.check_strict(candidates, n_criticisms)
        pair = choose_pair(
            strong,
            weak,
            n_prototypes=n_prototypes,
            n_criticisms=n_criticisms,
            order=self.order,
            rng=rng,
        )
        chosen = pair.prototypes + pair.criticisms
        return Selection(
            prototypes=pair.prototypes,
            criticisms=pair.criticisms,
            fallbacks={i: f"probability {sureness[i]:.3g}" for i in pair.missed},
            facts={i: {"probability": float(sureness[i])} for i in chosen},
            parameters=asdict(self),
            outcome={
                "n_above": int(strong.passes.sum()),
                "n_below": int(weak.passes.sum()),
            },
        )

    def _rank(self, sureness: NDArray[np.float64]) -> tuple[Ranking, Ranking]:
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
        return strong, weak
