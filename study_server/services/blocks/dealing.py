"""Dealing out what shows source images, so that none comes twice in a hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil
from typing import Protocol, TypeVar

import numpy as np


class HasSources(Protocol):
    """Something that shows source images."""

    @property
    def sources(self) -> tuple[str, ...]:
        """SHA-256 of each."""


ShownT = TypeVar("ShownT", bound=HasSources)


def deal_apart(
    things: Sequence[ShownT],
    *,
    n_most: int,
    rng: np.random.Generator,
    kind: Callable[[ShownT], str] = lambda _thing: "",
) -> list[list[ShownT]]:
    """Hands of nearly equal size, never two of one source image in a hand.

    Args:
        things: Trials, or items of several.
        n_most: Things per hand at most.
        rng: Shuffles them.
        kind: What every hand should have equally much of, as far as it goes.
    """
    shuffled = [things[index] for index in rng.permutation(len(things))]
    # Those of one source image stand next to each other and are dealt out in
    # turn, so that they fall into different hands.
    rank = {thing.sources[:1]: place for place, thing in enumerate(shuffled)}
    shuffled.sort(key=lambda thing: (kind(thing), rank[thing.sources[:1]]))
    most = max(Counter(s for t in things for s in set(t.sources)).values(), default=0)
    n_hands = max(ceil(len(shuffled) / n_most), most)
    dealt = [shuffled[first::n_hands] for first in range(n_hands)]
    return _without_conflicts(dealt, n_most=n_most)


def _without_conflicts(hands: list[list[ShownT]], *, n_most: int) -> list[list[ShownT]]:
    """Move what shows a source of its hand again (several sources only)."""
    kept: list[list[ShownT]] = [[] for _ in hands]
    sources: list[set[str]] = [set() for _ in hands]
    left = []
    for number, hand in enumerate(hands):
        for thing in hand:
            if sources[number].isdisjoint(thing.sources):
                kept[number].append(thing)
                sources[number].update(thing.sources)
            else:
                left.append(thing)
    for thing in left:
        number = next(
            (
                n
                for n, hand in enumerate(kept)
                if len(hand) < n_most and sources[n].isdisjoint(thing.sources)
            ),
            len(kept),
        )
        if number == len(kept):
            kept.append([])
            sources.append(set())
        kept[number].append(thing)
        sources[number].update(thing.sources)
    return [hand for hand in kept if hand]
