"""Cutting trials into blocks, and a block into one person's session."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from study_server.errors import StudyDesignError
from study_server.services.blocks.crossing import cut_crossed
from study_server.services.blocks.dealing import deal_apart
from study_server.services.blocks.part_cutting import cut_for_parts
from study_server.services.blocks.parts import PartPlan
from study_server.store.trials import PoolTrial

PRACTICE: Final = "practice"


@dataclass(frozen=True, kw_only=True)
class BlockPlan:
    """Main trials that go together, and how many valid sessions are wanted."""

    condition: str
    n_wanted: int
    trials: tuple[PoolTrial, ...]


@dataclass(frozen=True, kw_only=True)
class BlockDesign:
    """How blocks are cut.

    Attributes:
        n_responses: Valid responses wanted per trial.
        n_main: Main trials per block at most.
        is_fresh: Whether every response gets its own cut.
        is_crossed: Whether a block has trials of every condition, each item in one
            of them; else blocks are of one condition.
        parts: Parts that name conditions; a block then has the trials of each.
    """

    n_responses: int
    n_main: int
    is_fresh: bool
    is_crossed: bool = False
    parts: tuple[PartPlan, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SessionDeal:
    """What one session is made of, before anything is shuffled.

    Attributes:
        main: The block's trials.
        pools: Role to every trial that may be drawn.
        n_drawn: Control name to how many of it a block gets.
        n_practice: Practice trials; 0 after the first block.
        seen: Source images this person may not be given again.
        given: Keys of the trials this person was given before.
    """

    main: Sequence[PoolTrial]
    pools: Mapping[str, Sequence[PoolTrial]]
    n_drawn: Mapping[str, int]
    n_practice: int
    seen: frozenset[str]
    given: frozenset[int] = frozenset()

    def is_new(self, trial: PoolTrial) -> bool:
        """Whether the person may be given this trial."""
        return trial.id not in self.given and self.seen.isdisjoint(trial.sources)

    def has_enough(self) -> bool:
        """Whether every catch and control that a block should have is still new."""
        return self._has_of_role("catch") and self._has_of_role("control")

    def has_catches(self) -> bool:
        """Whether a block can still be given as many catches as it should have."""
        return self._has_of_role("catch")

    def _has_of_role(self, role: str) -> bool:
        pool = self.pools.get(role, ())
        left = Counter(trial.control for trial in pool if self.is_new(trial))
        wanted = {trial.control for trial in pool} & set(self.n_drawn)
        return all(left[control] >= self.n_drawn[control] for control in wanted)


@dataclass(frozen=True, kw_only=True)
class DealtTrial:
    """A trial at its place.

    `class_order` lists indexes into the trial's classes in the order shown; `part` is
    the number of its part in the study file, and `part_position` its place there.
    """

    trial: PoolTrial
    role: str
    kind: str
    position: int
    class_order: tuple[int, ...]
    part: int | None = None
    part_position: int | None = None


def seed_from(*parts: object) -> int:
    """A seed in [0, 2**63) that follows from these parts alone."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def per_block_counts(summary: Mapping[str, object]) -> dict[str, int]:
    """How many of each catch and control a block gets, practice left out.

    Raises:
        StudyDesignError: If the set's summary.json states anything but counts.
    """
    written = summary.get("controls", {})
    if not isinstance(written, Mapping):
        raise _malformed([f"controls: expected a table of counts, got {written!r}"])
    problems = [
        f"controls.{name}: expected a whole number from 0, got {count!r}"
        for name, count in written.items()
        if type(count) is not int or count < 0
    ]
    if problems:
        raise _malformed(problems)
    return {
        str(name): count
        for name, count in written.items()
        if name != PRACTICE and count > 0
    }


def cut_blocks(
    trials: Sequence[PoolTrial], design: BlockDesign, *, rng: np.random.Generator
) -> list[BlockPlan]:
    """Cut main trials into blocks, never two of one source image in a block.

    "fresh" shuffles and cuts anew for each wanted response, so that images do
    not share the same few people; "shared" cuts once. Blocks of several
    conditions carry none in their name.
    """
    n_cuts = design.n_responses if design.is_fresh else 1
    n_wanted = 1 if design.is_fresh else design.n_responses
    cut = _cut_crossed if design.is_crossed else _cut_by_condition
    cut = _cut_by_parts if design.parts else cut
    return [
        BlockPlan(condition=condition, n_wanted=n_wanted, trials=tuple(block))
        for _ in range(n_cuts)
        for condition, block in cut(trials, design, rng=rng)
    ]


def deal_session(deal: SessionDeal, *, rng: np.random.Generator) -> list[DealtTrial]:
    """One person's session: practice, then main, catch and control trials mixed.

    Catches and controls are drawn for each session from their pools, without a
    source image that is in the block or that the person was given before. Nothing
    ever comes again: a pool that is used up gives fewer. A block of several
    conditions gets its controls from each of them in turn.
    """
    taken = {source for trial in deal.main for source in trial.sources}
    mixed = [(trial, "main") for trial in deal.main]
    mixed += draw_checks(deal, taken=taken, rng=rng)
    practice = draw_practice(deal, taken=taken, rng=rng)
    return [
        *place([(trial, PRACTICE) for trial in practice], kind=PRACTICE, rng=rng),
        *place(mixed, kind="trials", rng=rng),
    ]


def draw_checks(
    deal: SessionDeal, *, taken: set[str], rng: np.random.Generator
) -> list[tuple[PoolTrial, str]]:
    """A session's catches and controls with their roles; `taken` sources grow."""
    found: list[tuple[PoolTrial, str]] = []
    # A control of one display means nothing among trials of another.
    conditions = {"", *(trial.condition for trial in deal.main)}
    for role in ("catch", "control"):
        for control in sorted(deal.n_drawn):
            pool = [
                t
                for t in deal.pools.get(role, ())
                if t.control == control and t.condition in conditions
            ]
            drawn = _draw(
                _in_turn(_in_order(pool, deal, rng=rng), by="condition"),
                n_wanted=deal.n_drawn[control],
                taken=taken,
            )
            found += [(trial, role) for trial in drawn]
    return found


def _cut_by_parts(
    trials: Sequence[PoolTrial], design: BlockDesign, *, rng: np.random.Generator
) -> Iterator[tuple[str, list[PoolTrial]]]:
    for block in cut_for_parts(trials, design.parts, rng=rng):
        yield "", block


def _cut_by_condition(
    trials: Sequence[PoolTrial], design: BlockDesign, *, rng: np.random.Generator
) -> Iterator[tuple[str, list[PoolTrial]]]:
    for condition in sorted({trial.condition for trial in trials}):
        of_it = [trial for trial in trials if trial.condition == condition]
        for block in deal_apart(of_it, n_most=design.n_main, rng=rng):
            yield condition, block


def _cut_crossed(
    trials: Sequence[PoolTrial], design: BlockDesign, *, rng: np.random.Generator
) -> Iterator[tuple[str, list[PoolTrial]]]:
    for block in cut_crossed(trials, n_main=design.n_main, rng=rng):
        yield "", block


def _malformed(problems: list[str]) -> StudyDesignError:
    listed = "\n".join(f"  {problem}" for problem in problems)
    return StudyDesignError(
        "the stimulus set's summary.json does not say how many catch and control "
        "trials a block gets; build the set anew with `secondlook stimuli build`:\n"
        + listed
    )


def _in_order(
    pool: Sequence[PoolTrial], deal: SessionDeal, *, rng: np.random.Generator
) -> list[PoolTrial]:
    """What of the pool is new to the person, shuffled."""
    shuffled = [pool[index] for index in rng.permutation(len(pool))]
    return [trial for trial in shuffled if deal.is_new(trial)]


def _draw(
    ordered: Iterable[PoolTrial], *, n_wanted: int, taken: set[str]
) -> list[PoolTrial]:
    drawn: list[PoolTrial] = []
    for trial in ordered:
        if len(drawn) == n_wanted:
            break
        if taken.isdisjoint(trial.sources):
            drawn.append(trial)
            taken.update(trial.sources)
    return drawn


def draw_practice(
    deal: SessionDeal, *, taken: set[str], rng: np.random.Generator
) -> list[PoolTrial]:
    """Practice trials whose keys differ as evenly as the pool allows; `taken` grows."""
    pool = deal.pools.get(PRACTICE, ())
    in_turn = _in_turn(
        sorted(_in_order(pool, deal, rng=rng), key=lambda trial: trial.key), by="key"
    )
    return _draw(in_turn, n_wanted=deal.n_practice, taken=taken)


def _in_turn(
    trials: Iterable[PoolTrial], *, by: Literal["key", "condition"]
) -> list[PoolTrial]:
    """One of each kind after the other, kinds in the order they come."""
    lines: dict[str, list[PoolTrial]] = {}
    for trial in trials:
        lines.setdefault(getattr(trial, by), []).append(trial)
    longest = max(map(len, lines.values()), default=0)
    return [line[n] for n in range(longest) for line in lines.values() if n < len(line)]


def place(
    trials: Sequence[tuple[PoolTrial, str]], *, kind: str, rng: np.random.Generator
) -> list[DealtTrial]:
    """Trials with their roles in a random order, and their classes in another."""
    return [
        DealtTrial(
            trial=trials[index][0],
            role=trials[index][1],
            kind=kind,
            position=position,
            class_order=tuple(
                int(place) for place in rng.permutation(trials[index][0].n_classes)
            ),
        )
        for position, index in enumerate(rng.permutation(len(trials)))
    ]
