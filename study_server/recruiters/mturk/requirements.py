"""Whom a posting is open to, in the market's own ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from study_server.recruiters.market import Requirement
from study_server.recruiters.mturk.section import MTurkSection

# The id of one environment names nothing in the other.
MASTERS: Final = {
    True: "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH",
    False: "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6",
}
PERCENT_APPROVED: Final = "000000000000000000L0"
N_APPROVED: Final = "00000000000000000040"
LOCALE: Final = "00000000000000000071"


def requirements(
    section: MTurkSection, *, is_live: bool, absent: tuple[str, ...]
) -> tuple[Requirement, ...]:
    """Every requirement of the section, and the qualifications nobody may have."""
    return (*_own(section, is_live=is_live), *_of_others(section), *_absent(absent))


def _own(section: MTurkSection, *, is_live: bool) -> Iterator[Requirement]:
    if section.masters:
        yield Requirement(qualification_id=MASTERS[is_live], comparator="Exists")
    for qualification_id, least in (
        (PERCENT_APPROVED, section.min_percent_approved),
        (N_APPROVED, section.min_n_approved),
    ):
        if least is not None:
            yield Requirement(
                qualification_id=qualification_id,
                comparator="GreaterThanOrEqualTo",
                values=(least,),
            )
    if section.locales:
        yield Requirement(
            qualification_id=LOCALE, comparator="In", locales=section.locales
        )


def _of_others(section: MTurkSection) -> Iterator[Requirement]:
    for rule in section.qualifications:
        yield Requirement(
            qualification_id=rule.id,
            comparator=rule.comparator,
            values=rule.values,
            guards=rule.guards,
        )


def _absent(qualification_ids: tuple[str, ...]) -> Iterator[Requirement]:
    for qualification_id in qualification_ids:
        yield Requirement(
            qualification_id=qualification_id,
            comparator="DoesNotExist",
            guards="DiscoverPreviewAndAccept",
        )
