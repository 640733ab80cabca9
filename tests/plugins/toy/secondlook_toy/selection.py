"""Prototypes and criticisms in the order the images came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stimuli.methods.selection import Candidates, Selection, check_request


@dataclass(frozen=True, kw_only=True)
class InOrder:
    """The first ones, whatever they show."""

    name: ClassVar[str] = "in_order"

    @property
    def needs(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()

    def select(
        self,
        candidates: Candidates,
        *,
        n_prototypes: int,
        n_criticisms: int,
        rng: np.random.Generator,
    ) -> Selection:
        """The first are prototypes, the next are criticisms."""
        check_request(
            candidates,
            needs=self.needs,
            n_prototypes=n_prototypes,
            n_criticisms=n_criticisms,
        )
        last = n_prototypes + n_criticisms
        return Selection(
            prototypes=tuple(range(n_prototypes)),
            criticisms=tuple(range(n_prototypes, last)),
        )
