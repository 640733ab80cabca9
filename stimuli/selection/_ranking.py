"""Images that pass a rule first, then the nearest to passing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stimuli.selection._base import Candidates, check_supply

Order = Literal["ranked", "drawn"]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """One side of a selection: who passes its rule, and who comes next.

    Attributes:
        best_first: Indices of the images that take part.
        passes: `(n,)`, whether an image meets the rule.
        rule: The rule, for messages ("that survive the attack").
    """

    best_first: NDArray[np.int64]
    passes: NDArray[np.bool_]
    rule: str

    def choose(
        self,
        n_wanted: int,
        *,
        order: Order,
        rng: np.random.Generator,
        taken: Sequence[int] = (),
    ) -> tuple[int, ...]:
        """Those that pass before all others.

        Args:
            n_wanted: How many.
            order: "ranked" takes the best of those that pass; "drawn" draws
                among them, and ranks only those that fall back.
            rng: Read only by "drawn".
            taken: Indices that are spoken for.
        """
        free = self.best_first[~np.isin(self.best_first, np.array(taken, dtype=int))]
        good, rest = free[self.passes[free]], free[~self.passes[free]]
        if order == "drawn":
            # Sorted first, so that the draw depends on who passes, not on ranks.
            good = rng.permutation(np.sort(good))
        return tuple(np.concatenate([good, rest])[:n_wanted].tolist())

    def check_strict(self, candidates: Candidates, n_wanted: int) -> None:
        """Refuse to fall back.

        Raises:
            SelectionError: If fewer images pass than are wanted.
        """
        n_there = int(self.passes[self.best_first].sum())
        what = f"images {self.rule}"
        check_supply(candidates, n_there=n_there, n_wanted=n_wanted, what=what)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Prototypes and criticisms by rank.

    Attributes:
        missed: Those of them that do not pass their own side's rule.
    """

    prototypes: tuple[int, ...]
    criticisms: tuple[int, ...]
    missed: tuple[int, ...]


def order_by(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """Indices by the first key ascending, ties by the next, then lowest index."""
    return np.lexsort(keys[::-1]).astype(np.int64)


def choose_pair(
    strong: Ranking,
    weak: Ranking,
    *,
    n_prototypes: int,
    n_criticisms: int,
    order: Order,
    rng: np.random.Generator,
) -> Pair:
    """Prototypes from the strong side, then criticisms from what is left."""
    prototypes = strong.choose(n_prototypes, order=order, rng=rng)
    criticisms = weak.choose(n_criticisms, order=order, rng=rng, taken=prototypes)
    missed = [i for i in prototypes if not strong.passes[i]]
    missed += [i for i in criticisms if not weak.passes[i]]
    return Pair(prototypes=prototypes, criticisms=criticisms, missed=tuple(missed))
