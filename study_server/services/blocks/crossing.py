"""Blocks in which a person meets every condition, each item in one of them.

An *item* is what is judged and asked: the same classes and source images, once
under every condition. Items are dealt into groups of a block's size, and a group
into as many blocks as there are conditions: a Latin square of items by blocks, in
which every item goes through all conditions and every block has each condition
equally often, or once more or less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from study_server.services.blocks.dealing import deal_apart
from study_server.store.trials import PoolTrial


@dataclass(frozen=True, kw_only=True)
class CrossedItem:
    """The trials of one item, one per condition, in the conditions' order."""

    sources: tuple[str, ...]
    trials: tuple[PoolTrial, ...]


@dataclass(frozen=True, kw_only=True)
class SortedItems:
    """Trials by item.

    Attributes:
        items: Those under every condition.
        rest: Trials whose item lacks a condition.
    """

    items: tuple[CrossedItem, ...]
    rest: tuple[PoolTrial, ...]


def sort_into_items(trials: Sequence[PoolTrial]) -> SortedItems:
    """Put trials that differ in nothing but their condition together.

    Where two trials of a condition show the same source and classes (two attacks
    on one image), they belong to two items.
    """
    conditions = sorted({trial.condition for trial in trials})
    alike: dict[tuple[tuple[str, ...], ...], dict[str, list[PoolTrial]]] = {}
    for trial in trials:
        found = alike.setdefault((trial.classes, trial.sources), defaultdict(list))
        found[trial.condition].append(trial)
    items: list[CrossedItem] = []
    rest: list[PoolTrial] = []
    for (_, sources), found in alike.items():
        n_whole = min(len(found.get(name, ())) for name in conditions)
        items += [
            CrossedItem(
                sources=sources, trials=tuple(found[name][n] for name in conditions)
            )
            for n in range(n_whole)
        ]
        rest += [trial for each in found.values() for trial in each[n_whole:]]
    return SortedItems(items=tuple(items), rest=tuple(rest))


def cut_crossed(
    trials: Sequence[PoolTrial], *, n_main: int, rng: np.random.Generator
) -> list[list[PoolTrial]]:
    """Every trial in one block; no block shows a source, or an item, twice.

    Trials whose item lacks a condition are dealt out by themselves, so that what a
    top-up recuts fills whole blocks.

    Args:
        trials: Main trials of all conditions.
        n_main: Trials per block at most.
        rng: Decides which item begins with which condition.
    """
    found = sort_into_items(trials)
    blocks = [
        block
        for group in deal_apart(found.items, n_most=n_main, rng=rng)
        for block in _square(group, rng=rng)
    ]
    left = deal_apart(
        found.rest, n_most=n_main, rng=rng, kind=lambda trial: trial.condition
    )
    return [*blocks, *left]


def _square(
    items: Sequence[CrossedItem], *, rng: np.random.Generator
) -> list[list[PoolTrial]]:
    """As many blocks as conditions: item j in block b has condition b + shift[j]."""
    n_conditions = len(items[0].trials)
    shifts = rng.permutation(np.arange(len(items)) % n_conditions)
    return [
        [
            item.trials[(block + int(shift)) % n_conditions]
            for item, shift in zip(items, shifts, strict=True)
        ]
        for block in range(n_conditions)
    ]
