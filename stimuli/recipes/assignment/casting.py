"""Which classes take part: those that every condition can be built for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from stimuli.recipes.assignment.records import (
    CONDITIONS,
    Cast,
    ClassSupply,
    Condition,
    TrialImage,
)

Fallback = Literal["report", "leave-out"]
FindNear = Callable[[Sequence[TrialImage], Sequence[TrialImage]], frozenset[str]]


def cast_classes(
    supplies: Sequence[ClassSupply],
    *,
    conditions: Sequence[Condition] = CONDITIONS,
    fallback: Fallback = "report",
    find_near: FindNear | None = None,
) -> Cast:
    """Leave out of all conditions what one of them cannot have.

    Args:
        supplies: One per class.
        conditions: What the study varies.
        fallback: "leave-out" also leaves out classes with any image that does
            not meet its method's rule; "report" keeps and counts them.
        find_near: Gives the stimulus ids of those targets that are
            near-duplicates of an image shown; without it only equal bytes and
            equal sources are told.

    Returns:
        The classes that take part, their targets free of (near-)duplicates of
        any image shown by any class under any condition.
    """
    reasons = {s.class_id: _reason(s, conditions, fallback) for s in supplies}
    kept = [s for s in supplies if not reasons[s.class_id]]
    unfit = _find_unfit(kept, find_near)
    cleared = tuple(
        replace(s, targets=tuple(t for t in s.targets if t.stimulus not in unfit))
        for s in kept
    )
    n_before = sum(len(supply.targets) for supply in kept)
    return Cast(
        supplies=cleared,
        left_out={class_id: why for class_id, why in reasons.items() if why},
        n_fallbacks={
            c.name: sum(s.groups[c.name].n_fallbacks for s in kept) for c in conditions
        },
        n_targets_dropped=n_before - sum(len(supply.targets) for supply in cleared),
    )


def _find_unfit(
    supplies: Sequence[ClassSupply], find_near: FindNear | None
) -> frozenset[str]:
    shown = tuple(exhibit for supply in supplies for exhibit in supply.shown())
    known = {e.stimulus for e in shown} | {e.source_sha256 for e in shown}
    targets = tuple(target for supply in supplies for target in supply.targets)
    same = {t.stimulus for t in targets if known & {t.stimulus, t.source_sha256}}
    return frozenset(same | (find_near(targets, shown) if find_near else set()))


def _reason(
    supply: ClassSupply, conditions: Sequence[Condition], fallback: Fallback
) -> str:
    for condition in conditions:
        group = supply.groups.get(condition.name)
        if group is None:
            why = supply.shortages.get(condition.name, "no images")
            return f"{condition.name}: {why}"
        counts = (len(group.prototypes), len(group.criticisms))
        if counts != (condition.n_prototypes, condition.n_criticisms):
            return f"{condition.name}: {counts[0]} prototypes, {counts[1]} criticisms"
        if fallback == "leave-out" and group.n_fallbacks:
            return f"{condition.name}: {group.n_fallbacks} images by fallback"
    return ""
