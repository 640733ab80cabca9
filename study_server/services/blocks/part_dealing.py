"""One person's session in parts: which trial falls into which, at which place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from study_server.services.blocks.cutting import (
    PRACTICE,
    DealtTrial,
    SessionDeal,
    draw_checks,
    draw_practice,
    place,
)
from study_server.services.blocks.parts import PartPlan
from study_server.store.trials import PoolTrial

_Roles = list[tuple[PoolTrial, str]]
_TRIALS: Final = "trials"


@dataclass(frozen=True, kw_only=True)
class DealtParts:
    """A session in parts.

    Attributes:
        order: Numbers of the parts that the session has, in the order they come; a part
            that the block has no main trial for is left out.
        trials: Practice and trials of all parts; positions run through the session.
    """

    order: tuple[int, ...]
    trials: list[DealtTrial]


def deal_in_parts(
    deal: SessionDeal, parts: Sequence[PartPlan], *, rng: np.random.Generator
) -> DealtParts:
    """Deal a block's trials to the parts of a session.

    Catches and controls are drawn for the whole session and fall where parts have the
    fewest of them for their main trials, a control of one condition only among main
    trials of it.

    Args:
        deal: What there is; its `n_practice` counts only as more than 0 or not.
        parts: In the order in which they come.
        rng: Decides every random order.
    """
    taken = {source for trial in deal.main for source in trial.sources}
    main = _main_by_part(deal.main, parts, rng=rng)
    present = [part for part in parts if main[part.number]]
    mixed = {
        part.number: [(trial, "main") for trial in main[part.number]]
        for part in present
    }
    for check in draw_checks(deal, taken=taken, rng=rng):
        _spread(check, mixed, main=main)
    practice = _practice(present, deal, taken=taken, rng=rng)
    order = tuple(part.number for part in present)
    return DealtParts(
        order=order,
        trials=[
            *_placed(practice, order, kind=PRACTICE, rng=rng),
            *_placed(mixed, order, kind=_TRIALS, rng=rng),
        ],
    )


def _main_by_part(
    trials: Sequence[PoolTrial],
    parts: Sequence[PartPlan],
    *,
    rng: np.random.Generator,
) -> dict[int, list[PoolTrial]]:
    """Main trials by part; parts of the same conditions share them by their sizes."""
    found: dict[int, list[PoolTrial]] = {part.number: [] for part in parts}
    for conditions in dict.fromkeys(part.conditions for part in parts):
        alike = [part for part in parts if part.conditions == conditions]
        own = [t for t in trials if not conditions or t.condition in conditions]
        for trial, number in zip(
            (own[index] for index in rng.permutation(len(own))),
            _seats(alike, n=len(own)),
            strict=True,
        ):
            found[number].append(trial)
    return found


def _seats(parts: Sequence[PartPlan], *, n: int) -> list[int]:
    """A part's number for each of `n` trials, in proportion to the parts' sizes."""
    seats = {part.number: 0 for part in parts}
    for _ in range(n):
        emptiest = min(parts, key=lambda part: (seats[part.number] + 1) / part.n_main)
        seats[emptiest.number] += 1
    return [number for number, count in seats.items() for _ in range(count)]


def _spread(
    check: tuple[PoolTrial, str],
    mixed: Mapping[int, _Roles],
    *,
    main: Mapping[int, Sequence[PoolTrial]],
) -> None:
    """Put a catch or control among the main trials that have the fewest of them."""
    condition = check[0].condition
    open_to_it = [
        number
        for number in mixed
        if not condition or any(t.condition == condition for t in main[number])
    ]
    chosen = min(open_to_it, key=lambda number: len(mixed[number]) / len(main[number]))
    mixed[chosen].append(check)


def _practice(
    parts: Sequence[PartPlan],
    deal: SessionDeal,
    *,
    taken: set[str],
    rng: np.random.Generator,
) -> dict[int, _Roles]:
    """Each part's own practice trials, of its conditions; none comes twice."""
    found: dict[int, _Roles] = {}
    given = set(deal.given)
    for part in parts:
        pool = [t for t in deal.pools.get(PRACTICE, ()) if part.takes(t.condition)]
        own = replace(
            deal,
            pools={PRACTICE: pool},
            n_practice=part.n_practice if deal.n_practice else 0,
            given=frozenset(given),
        )
        drawn = draw_practice(own, taken=taken, rng=rng)
        given.update(trial.id for trial in drawn)
        found[part.number] = [(trial, PRACTICE) for trial in drawn]
    return found


def _placed(
    trials: Mapping[int, _Roles],
    order: Sequence[int],
    *,
    kind: str,
    rng: np.random.Generator,
) -> list[DealtTrial]:
    """The trials of all parts, each part shuffled by itself."""
    found: list[DealtTrial] = []
    for number in order:
        first = len(found)
        found += [
            replace(
                entry,
                position=first + entry.position,
                part=number,
                part_position=entry.position,
            )
            for entry in place(trials[number], kind=kind, rng=rng)
        ]
    return found
