"""A plain draw: what every other selection is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stimuli.methods.selection._base import Candidates, Selection, check_request


@dataclass(frozen=True)
class RandomDraw:
    """Images drawn without replacement, whatever the classifier says of them.

    Source: Stock and Cisse 2018, section 3.3, the random baseline.
    """

    name: ClassVar[str] = "random"

    @property
    def needs(self) -> frozenset[str]:
        """Nothing but how many there are."""
        return frozenset()

    def select(
        self,
        candidates: Candidates,
        *,
        n_prototypes: int,
        n_criticisms: int,
        rng: np.random.Generator,
    ) -> Selection:
        """Draw; "criticisms" are drawn like prototypes.

        Raises:
            SelectionError: If there are too few images.
        """
        check_request(
            candidates,
            needs=self.needs,
            n_prototypes=n_prototypes,
            n_criticisms=n_criticisms,
        )
        drawn = rng.choice(candidates.n, n_prototypes + n_criticisms, replace=False)
        indices = tuple(drawn.tolist())
        return Selection(
            prototypes=indices[:n_prototypes], criticisms=indices[n_prototypes:]
        )
