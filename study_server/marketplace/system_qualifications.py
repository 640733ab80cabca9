"""Qualifications that every worker has by what they did and who they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from study_server.database.engine import Transaction
from study_server.marketplace.store import qualifications
from study_server.marketplace.store.tables import QualificationType, Worker

MASTERS: Final = "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6"
MASTERS_LIVE: Final = "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH"
PERCENT_APPROVED: Final = "000000000000000000L0"
NUMBER_APPROVED: Final = "00000000000000000040"
LOCALE: Final = "00000000000000000071"
ADULT: Final = "00000000000000000060"
# Below so many submissions the share approved says nothing and counts as 100.
_MIN_HISTORY: Final = 100

_TYPES: Final = {
    MASTERS: ("Masters", "Workers with long and outstanding work (sandbox id)"),
    MASTERS_LIVE: ("Masters (live)", "Workers with long and outstanding work"),
    PERCENT_APPROVED: (
        "Worker_PercentAssignmentsApproved",
        "Share of a worker's submissions that were approved, in percent",
    ),
    NUMBER_APPROVED: (
        "Worker_NumberHITsApproved",
        "Number of a worker's submissions that were approved",
    ),
    LOCALE: ("Worker_Locale", "Where a worker lives"),
    ADULT: ("Worker_Adult", "Whether a worker is of age and accepts adult content"),
}

_PLAIN_NAMES: Final = {
    MASTERS: "Masters",
    MASTERS_LIVE: "Masters",
    PERCENT_APPROVED: "Approval rate in percent",
    NUMBER_APPROVED: "HITs approved",
    LOCALE: "Location",
    ADULT: "Adult content",
}


@dataclass(frozen=True, kw_only=True)
class QualificationValue:
    """A worker's Qualification.

    Attributes:
        number: Its score, where it has one.
        country: ISO 3166, of the locale only.
        subdivision: ISO 3166-2 without the country, of the locale only.
    """

    number: int | None = None
    country: str | None = None
    subdivision: str | None = None


def plain_name(qualification_type_id: str) -> str:
    """What workers read instead of a system type's name; "" for other types."""
    return _PLAIN_NAMES.get(qualification_type_id, "")


def is_for_masters(qualification_type_id: str) -> bool:
    """Whether the id is one of the two that mean Masters."""
    return qualification_type_id in (MASTERS, MASTERS_LIVE)


def is_system_type(qualification_type_id: str) -> bool:
    """Whether the marketplace itself knows every worker's value."""
    return qualification_type_id in _TYPES


def system_value(
    qualification_type_id: str, worker: Worker
) -> QualificationValue | None:
    """A worker's value of a system type; None where they lack it."""
    if is_for_masters(qualification_type_id):
        return QualificationValue(number=1) if worker.is_master else None
    if qualification_type_id == LOCALE:
        return QualificationValue(
            country=worker.country, subdivision=worker.subdivision
        )
    if qualification_type_id == ADULT:
        return QualificationValue(number=int(worker.is_adult))
    n_approved = worker.n_approved + worker.n_approved_before
    if qualification_type_id == NUMBER_APPROVED:
        return QualificationValue(number=n_approved)
    return QualificationValue(number=percent_approved(worker))


def percent_approved(worker: Worker) -> int:
    """Share of decided work that was approved, 0 to 100; 100 below 100 submissions."""
    n_approved = worker.n_approved + worker.n_approved_before
    n_decided = n_approved + worker.n_rejected + worker.n_rejected_before
    if n_decided < _MIN_HISTORY:
        return 100
    return n_approved * 100 // n_decided


def ensure_system_types(tx: Transaction, *, at: datetime) -> None:
    """Have the system's types in the database."""
    for public_id, (name, description) in _TYPES.items():
        if qualifications.find_type(tx, public_id) is None:
            kind = QualificationType(
                public_id=public_id,
                requester_id=None,
                name=name,
                description=description,
                status="Active",
                is_requestable=False,
                created_at=at,
            )
            qualifications.add_type(tx, kind)
