"""The parts that a study file describes, as blocks and sessions need them.

Where a session is in them, and the break before the next, is said here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from study_server.services.blocks.parts import (
    PartPlan,
    latin_square,
    read_order,
    written_order,
)
from study_server.services.study_files.parts import PartOrder, PartSection
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction
from study_server.store.participation import people, sessions
from study_server.store.tables import Enrolment, Session

ORDER_IN_WORDS: Final[Mapping[PartOrder, str]] = {
    "fixed": "in this order",
    "counterbalanced": "in an order that a Latin square over people gives: every part "
    "comes at every place, and after every other part, equally often",
    "parity": "in this order for the 1st, 3rd, … person who enrols, the other way round "
    "for the 2nd, 4th, …",
}


def part_plans(file: StudyFile) -> tuple[PartPlan, ...]:
    """The parts as the study file lists them; none where it has no parts."""
    return tuple(
        PartPlan(
            number=number,
            conditions=frozenset(part.conditions),
            n_main=part.n_trials,
            n_practice=part.n_practice,
        )
        for number, part in enumerate(file.design.parts)
    )


def cut_by_parts(file: StudyFile) -> tuple[PartPlan, ...]:
    """The parts that decide what a block holds: those that name conditions."""
    return tuple(plan for plan in part_plans(file) if plan.conditions)


def in_order(
    tx: Transaction, file: StudyFile, *, enrolment: Enrolment
) -> tuple[PartPlan, ...]:
    """The parts in the order in which this person gets them now.

    Of a Latin square the order comes next that the fewest sessions have which are valid
    or under way, so that people who leave do not tip the balance. The caller holds the
    study's lock.
    """
    plans = part_plans(file)
    if not plans or file.design.part_order == "fixed":
        return plans
    if file.design.part_order == "parity":
        n_before = people.count_enrolled_before(tx, enrolment)
        return plans if n_before % 2 == 0 else plans[::-1]
    n_with = sessions.count_part_orders(
        tx, enrolment.study_id, environment=enrolment.environment
    )
    rows = latin_square(len(plans))
    chosen = min(rows, key=lambda row: n_with.get(written_order(row), 0))
    return tuple(plans[number] for number in chosen)


def part_names(file: StudyFile) -> tuple[str, ...]:
    """What each part is called, by its number."""
    return tuple(part.name for part in file.design.parts)


def parts_in_words(file: StudyFile) -> list[str]:
    """A line for each part, as the study file lists them."""
    lines = []
    for number, part in enumerate(file.design.parts, start=1):
        of = f" of {', '.join(part.conditions)}" if part.conditions else ""
        said = [f"{part.n_trials} main trials{of}"]
        if part.n_practice:
            said.append(f"{part.n_practice} practice trials first")
        if part.feedback:
            said.append("with feedback")
        if part.has_break:
            least = f" of at least {part.break_seconds} s" if part.break_seconds else ""
            said.append(f"a break{least} {part.break_at} it")
        lines.append(f"part {number}, {part.name}: {'; '.join(said)}")
    return lines


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A break between two parts.

    Attributes:
        texts: What is read in it, Markdown; may be empty.
        seconds: How long it lasts at least.
    """

    texts: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, kw_only=True)
class PartPlace:
    """Where in its parts a session is.

    Attributes:
        place: How many parts are done.
        order: The parts of this session in the order they come, as written in the
            study file.
        numbers: Their numbers there.
    """

    place: int
    order: tuple[PartSection, ...]
    numbers: tuple[int, ...]

    @property
    def part(self) -> PartSection | None:
        """The part somebody is in; None where a study has none."""
        return self.order[self.place] if self.order else None

    @property
    def number(self) -> int | None:
        """Its number in the study file."""
        return self.numbers[self.place] if self.order else None

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after this part."""
        return self.place + 1 >= len(self.order)

    @property
    def pause(self) -> Pause | None:
        """The break before this part; the first part has none."""
        if not self.order or self.place == 0:
            return None
        before, here = self.order[self.place - 1], self.order[self.place]
        asked = [
            part
            for part, at in ((before, "after"), (here, "before"))
            if part.has_break and part.break_at == at
        ]
        if not asked:
            return None
        return Pause(
            texts=tuple(part.break_text for part in asked if part.break_text.strip()),
            seconds=max(part.break_seconds for part in asked),
        )


def place_of(file: StudyFile, session: Session) -> PartPlace:
    """Where a session is in its parts."""
    numbers = read_order(session.part_order)
    return PartPlace(
        place=session.part_place if numbers else 0,
        order=tuple(file.design.parts[number] for number in numbers),
        numbers=numbers,
    )
