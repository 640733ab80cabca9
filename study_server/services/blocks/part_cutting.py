"""Blocks that hold, for each part that names conditions, its own number of trials.

Every trial lies in one block, no block shows a source image twice, and no block holds
more trials of a part's conditions than the part takes. Where every image is there under
every condition, the images of one block under one condition are those of another block
under the next: a Latin square of images by conditions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from study_server.services.blocks.parts import PartPlan
from study_server.store.trials import PoolTrial


@dataclass(kw_only=True)
class _Hand:
    """A block that grows: its trials, their sources, and how many of each group."""

    trials: list[PoolTrial] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    n_of: Counter[frozenset[str]] = field(default_factory=Counter)

    def takes(self, trial: PoolTrial, group: frozenset[str], *, n_most: int) -> bool:
        return self.n_of[group] < n_most and self.sources.isdisjoint(trial.sources)

    def add(self, trial: PoolTrial, group: frozenset[str]) -> None:
        self.trials.append(trial)
        self.sources.update(trial.sources)
        self.n_of[group] += 1


def cut_for_parts(
    trials: Sequence[PoolTrial],
    parts: Sequence[PartPlan],
    *,
    rng: np.random.Generator,
) -> list[list[PoolTrial]]:
    """Every trial whose condition a part names, in one block.

    Where some conditions have relatively fewer trials than others, blocks get fewer
    of them than their part takes.

    Args:
        trials: Main trials of all conditions.
        parts: All of which name conditions.
        rng: Decides which images come together.
    """
    room: Counter[frozenset[str]] = Counter()
    for part in parts:
        room[part.conditions] += part.n_main
    groups = _grouped(trials, list(room), rng=rng)
    hands = [_Hand() for _ in range(_n_blocks(groups, room))]
    offset = 0
    for conditions, group in groups.items():
        for place, trial in enumerate(group):
            _put(trial, conditions, hands, at=place + offset, n_most=room[conditions])
        # The same image under the next condition falls into the next block.
        offset += max(_times_shown(group).values(), default=1)
    return [hand.trials for hand in hands if hand.trials]


def _grouped(
    trials: Sequence[PoolTrial],
    conditions: Sequence[frozenset[str]],
    *,
    rng: np.random.Generator,
) -> dict[frozenset[str], list[PoolTrial]]:
    """Trials by whose conditions they are of, in one random order of source images."""
    shuffled = [trials[index] for index in rng.permutation(len(trials))]
    rank: dict[tuple[str, ...], int] = {}
    for trial in shuffled:
        rank.setdefault(trial.sources[:1], len(rank))
    shuffled.sort(key=lambda trial: rank[trial.sources[:1]])
    found: dict[frozenset[str], list[PoolTrial]] = {names: [] for names in conditions}
    for trial in shuffled:
        for names in conditions:
            if trial.condition in names:
                found[names].append(trial)
    return found


def _n_blocks(
    groups: dict[frozenset[str], list[PoolTrial]], room: Counter[frozenset[str]]
) -> int:
    """As many as the fullest group needs, and as the image shown most often does."""
    by_room = max(ceil(len(group) / room[names]) for names, group in groups.items())
    every = [trial for group in groups.values() for trial in group]
    return max(by_room, *_times_shown(every).values(), 0)


def _times_shown(trials: Sequence[PoolTrial]) -> dict[str, int]:
    """Source image to the trials that show it."""
    found: dict[str, int] = defaultdict(int)
    for trial in trials:
        for source in set(trial.sources):
            found[source] += 1
    return found


def _put(
    trial: PoolTrial,
    group: frozenset[str],
    hands: list[_Hand],
    *,
    at: int,
    n_most: int,
) -> None:
    """Into the block that is its turn, else into the emptiest that takes it."""
    turn = hands[at % len(hands)]
    if turn.takes(trial, group, n_most=n_most):
        turn.add(trial, group)
        return
    by_room = sorted(hands, key=lambda hand: hand.n_of[group])
    open_to_it = (hand for hand in by_room if hand.takes(trial, group, n_most=n_most))
    chosen = next(open_to_it, None)
    if chosen is None:
        chosen = _Hand()
        hands.append(chosen)
    chosen.add(trial, group)
