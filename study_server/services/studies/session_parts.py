"""The parts that a study file describes, as blocks and sessions need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from study_server.services.blocks.parts import PartPlan, latin_square, written_order
from study_server.services.study_files.parts import PartOrder
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction
from study_server.store.participation import people, sessions
from study_server.store.tables import Enrolment

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
