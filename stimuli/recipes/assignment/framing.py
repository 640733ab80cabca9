"""Items to trials: slots, key and truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stimuli.manifest import Trial, trial_id
from stimuli.recipes.assignment.records import (
    CONDITIONS,
    AssignmentItem,
    Cast,
    Condition,
    ImageGroup,
    TrialImage,
)
from stimuli.recipes.questions import GROUP, GROUP_TOLD_APART

KeyedRng = Callable[..., np.random.Generator]


def build_trials(
    items: Sequence[AssignmentItem],
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
            question = GROUP_TOLD_APART if is_told else GROUP
            trials.append(_trial(item, condition, shown=shown, question=question))
    return trials


def _arrange(
    group: ImageGroup, *, rng: np.random.Generator, is_told_apart: bool
) -> list[TrialImage]:
    piles = [group.prototypes, group.criticisms]
    if not is_told_apart:
        piles = [group.prototypes + group.criticisms]
    return [pile[place] for pile in piles for place in rng.permutation(len(pile))]


def _trial(
    item: AssignmentItem,
    condition: Condition,
    *,
    shown: Sequence[Sequence[TrialImage]],
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
