"""What selections by rank repeat: those that pass a rule, then the nearest to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from stimuli.methods.selection._base import (
    Candidates,
    Selection,
    check_request,
    check_supply,
)

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
class Rankings:
    """What a rule makes of the candidates.

    Attributes:
        strong: Who may be a prototype.
        weak: Who may be a criticism.
        reason: Of an image that does not pass its side's rule, why it was taken.
        facts: Of an image, what belongs into the manifest.
        outcome: What the rule found out about all.
        parameters: What the manifest records beside the options.
    """

    strong: Ranking
    weak: Ranking
    reason: Callable[[int], str]
    facts: Callable[[int], dict[str, Any]]
    outcome: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RankedSelector(ABC):
    """Prototypes from the strong end, then criticisms from the weak one.

    A subclass is a frozen dataclass with `needs`, `rank` and the options `order` and
    `has_fallback`.
    """

    @property
    @abstractmethod
    def order(self) -> Order:
        """Among more than are wanted, the best ("ranked") or any ("drawn")."""

    @property
    @abstractmethod
    def has_fallback(self) -> bool:
        """Whether those that do not pass are taken where too few do."""

    @property
    @abstractmethod
    def needs(self) -> frozenset[str]:
        """Attributes of `Candidates` that must not be None."""

    @abstractmethod
    def rank(self, candidates: Candidates, *, n_wanted: int) -> Rankings:
        """Both sides of the candidates, which have what is needed.

        Raises:
            SelectionError: If too few take part.
        """

    @final
    def select(
        self,
        candidates: Candidates,
        *,
        n_prototypes: int,
        n_criticisms: int,
        rng: np.random.Generator,
    ) -> Selection:
        """Choose; `rng` is read only with `order = "drawn"`.

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
        ranks = self.rank(candidates, n_wanted=n_prototypes + n_criticisms)
        strong, weak = ranks.strong, ranks.weak
        if not self.has_fallback:
            strong.check_strict(candidates, n_prototypes)
            weak.check_strict(candidates, n_criticisms)
        first = strong.choose(n_prototypes, order=self.order, rng=rng)
        then = weak.choose(n_criticisms, order=self.order, rng=rng, taken=first)
        missed = [i for i in first if not strong.passes[i]]
        missed += [i for i in then if not weak.passes[i]]
        return Selection(
            prototypes=first,
            criticisms=then,
            fallbacks={i: ranks.reason(i) for i in missed},
            facts={i: ranks.facts(i) for i in first + then},
            parameters=asdict(self) | dict(ranks.parameters),
            outcome=ranks.outcome,
        )


def order_by(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """Indices by the first key ascending, ties by the next, then lowest index."""
    return np.lexsort(keys[::-1]).astype(np.int64)
