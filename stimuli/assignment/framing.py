"""Items to trials: slots, key and truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from stimuli.assignment.records import (
    CONDITIONS,
    Cast,
    Condition,
    Exhibit,
    Group,
    Item,
)
from stimuli.manifest import Trial, trial_id

QUESTION: Final = "assignment"
QUESTION_TOLD_APART: Final = "assignment-told-apart"

KeyedRng = Callable[..., np.random.Generator]


def build_trials(
    items: Sequence[Item],
    cast: Cast,
    *,
    rng_for: KeyedRng,
    conditions: Sequence[Condition] = CONDITIONS,
    is_told_apart: bool = False,
) -> list[Trial]:
    """Every item under every condition, items in order, conditions within.

    Args:
        items: From `draw_items`.
        cast: The same.
        rng_for: Called with (purpose, item id, condition name), gives the
            generator that shuffles inside the groups.
        conditions: What the study varies.
        is_told_apart: Whether people see which images are criticisms.
    """
    supplies = {supply.class_id: supply for supply in cast.supplies}
    trials = []
    for item in items:
        for condition in conditions:
            rng = rng_for("assignment order", item.id, condition.name)
            groups = [supplies[c].groups[condition.name] for c in item.classes]
            shown = [_arrange(g, rng=rng, is_told_apart=is_told_apart) for g in groups]
            is_told = is_told_apart and condition.n_criticisms > 0
            question = QUESTION_TOLD_APART if is_told else QUESTION
            trials.append(_trial(item, condition, shown=shown, question=question))
    return trials


def _arrange(
    group: Group, *, rng: np.random.Generator, is_told_apart: bool
) -> list[Exhibit]:
    piles = [group.prototypes, group.criticisms]
    if not is_told_apart:
        piles = [group.prototypes + group.criticisms]
    return [pile[place] for pile in piles for place in rng.permutation(len(pile))]


def _trial(
    item: Item,
    condition: Condition,
    *,
    shown: Sequence[Sequence[Exhibit]],
    question: str,
) -> Trial:
    slots = {
        f"group_{k}_{i}": exhibit.stimulus
        for k, group in enumerate(shown, start=1)
        for i, exhibit in enumerate(group, start=1)
    }
    slots["target"] = item.target.stimulus
    classes = tuple(sorted(item.classes))
    sources = {e.source_sha256 for group in shown for e in group}
    key = str(item.right_group)
    return Trial(
        id=trial_id(slots, question, classes=classes),
        slots=slots,
        question=question,
        classes=classes,
        role="main",
        sources=tuple(sorted(sources | {item.target.source_sha256})),
        key={"group": key},
        condition=condition.name,
        truth={"item": item.id, "groups": list(item.classes), "group": key},
    )
