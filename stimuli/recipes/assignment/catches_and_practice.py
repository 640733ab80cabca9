"""Catches and practice for assignment trials: targets whose group is plain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from stimuli.manifest import Role, Trial
from stimuli.recipes.assignment.framing import KeyedRng, build_trials
from stimuli.recipes.assignment.records import (
    CONDITIONS,
    AssignmentItem,
    Cast,
    Condition,
    TrialImage,
)

CATCH: Final = "among_them"
"""The catch whose target is one of the images of its group."""

# How many blocks' worth of catches there are of every condition.
POOL: Final = 5


@dataclass(frozen=True, kw_only=True)
class TrialFrame:
    """What turns items into trials.

    Attributes:
        cast: Who takes part.
        rng_for: Called with a purpose and what it is for.
        conditions: What the study varies.
        is_told_apart: Whether people see which images are criticisms.
    """

    cast: Cast
    rng_for: KeyedRng
    conditions: Sequence[Condition] = CONDITIONS
    is_told_apart: bool = False

    def build(self, items: Sequence[AssignmentItem]) -> list[Trial]:
        """Every item under every condition."""
        return build_trials(
            items,
            self.cast,
            rng_for=self.rng_for,
            conditions=self.conditions,
            is_told_apart=self.is_told_apart,
        )

    def shown(self, item: AssignmentItem, condition: Condition) -> list[TrialImage]:
        """The images of an item's groups under a condition."""
        supplies = {supply.class_id: supply for supply in self.cast.supplies}
        groups = [supplies[name].groups[condition.name] for name in item.classes]
        return [exhibit for g in groups for exhibit in g.prototypes + g.criticisms]

    def build_known(
        self, item: AssignmentItem, condition: Condition, *, role: Role
    ) -> Trial:
        """One item under one condition, as a catch or for practice."""
        (trial,) = replace(self, conditions=(condition,)).build([item])
        truth = {name: v for name, v in (trial.truth or {}).items() if name != "item"}
        control = CATCH if role == "catch" else ""
        return replace(trial, role=role, control=control, truth=truth)


def build_catches(
    items: Sequence[AssignmentItem], frame: TrialFrame, *, n_per_block: int
) -> list[Trial]:
    """Trials whose target is one of the very images of its group.

    Whoever looks finds it; whoever does not, in one of six. Every condition has
    its own, with the class sets of its items and no target twice.

    Args:
        items: From `draw_items`.
        frame: What the main trials are built with.
        n_per_block: Catches a block gets; five times as many are made.
    """
    made = []
    for condition in frame.conditions:
        used: set[str] = set()
        for number in range(POOL * n_per_block):
            item = items[number % len(items)]
            free = [
                one for one in frame.shown(item, condition) if one.stimulus not in used
            ]
            if free:
                rng = frame.rng_for("catch", condition.name, str(number))
                target = free[int(rng.integers(len(free)))]
                used.add(target.stimulus)
                known = replace(item, target=target)
                made.append(frame.build_known(known, condition, role="catch"))
    return made


def build_practice(
    items: Sequence[AssignmentItem], frame: TrialFrame, *, n_trials: int
) -> list[Trial]:
    """Trials like the main ones, with images that no main trial asks about.

    The target is shown by its class under another condition; with one condition
    alone it is one of the images of its group. Practice belongs to no condition.

    Args:
        items: From `draw_items`.
        frame: What the main trials are built with.
        n_trials: How many.
    """
    made = []
    used: set[str] = set()
    for number in range(n_trials):
        item = items[number % len(items)]
        condition = frame.conditions[-1 - number % len(frame.conditions)]
        here = frame.shown(item, condition)
        taken = used | {one.stimulus for one in here}
        elsewhere = [
            one
            for other in frame.conditions
            for one in frame.shown(item, other)
            if one.stimulus not in taken
        ]
        choices = elsewhere or here
        rng = frame.rng_for("practice", str(number))
        target = choices[int(rng.integers(len(choices)))]
        used.add(target.stimulus)
        known = replace(item, target=target)
        trial = frame.build_known(known, condition, role="practice")
        made.append(replace(trial, condition=""))
    return made
