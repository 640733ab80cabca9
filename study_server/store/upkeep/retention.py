"""Queries on people whose names nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Assignment,
    Enrolment,
    Hit,
    ImportedSession,
    LedgerEntry,
    Participant,
    Recruitment,
    Session,
    Study,
)


def people_closed_before(tx: Transaction, before: datetime) -> Sequence[str]:
    """Random ids of people who are named, and whose last study was closed by then.

    Nobody with a session under way or held, with pay that is open, whom a simulation
    made up, or whom an imported file named.
    """
    query = select(Participant.public_id).where(*_is_done_with(before))
    return tx.scalars(query.order_by(Participant.id)).all()


def n_people_closed_before(tx: Transaction, before: datetime) -> int:
    """How many they are."""
    query = select(func.count(Participant.id)).where(*_is_done_with(before))
    return tx.scalar(query) or 0


def hold_if_closed_before(tx: Transaction, public_id: str, *, before: datetime) -> bool:
    """Whether a person still is one of them; held until the transaction ends."""
    of_person = Participant.public_id == public_id
    # Locked first and looked at afterwards: a condition beside the lock would see
    # what was so before whoever had it was done.
    tx.execute(select(Participant.id).where(of_person).with_for_update())
    found = select(Participant.id).where(of_person, *_is_done_with(before))
    return tx.scalar(found) is not None


def _is_done_with(before: datetime) -> tuple[ColumnElement[bool], ...]:
    going_on = _recruitments_going_on(before)
    took_part = Enrolment.participant_id == Participant.id
    handed_in = Assignment.worker_id == Participant.worker_id
    is_waiting = or_(Session.state == "started", Session.held_reason.is_not(None))
    return (
        Participant.worker_id.is_not(None),
        or_(exists().where(took_part), exists().where(handed_in)),
        ~exists().where(took_part, Enrolment.recruitment_id.in_(going_on)),
        ~exists().where(took_part, Session.enrolment_id == Enrolment.id, is_waiting),
        ~exists().where(
            handed_in,
            Hit.id == Assignment.hit_id,
            or_(Assignment.status == "submitted", Hit.account_id.in_(going_on)),
        ),
        ~exists().where(ImportedSession.participant_id == Participant.id),
    )


def _recruitments_going_on(before: datetime) -> Select[int]:
    """Recruitments whose people may still be paid or come again, or are made up."""
    unsettled = select(LedgerEntry.account_id).where(LedgerEntry.state == "intended")
    posted = select(Hit.account_id).where(Hit.state.in_(("intended", "posted")))
    return (
        select(Recruitment.id)
        .join(Study, Study.id == Recruitment.study_id)
        .where(
            or_(
                Study.state != "closed",
                Study.closed_at.is_(None),
                Study.closed_at > before,
                Recruitment.environment == "simulated",
                Recruitment.id.in_(unsettled),
                Recruitment.id.in_(posted),
            )
        )
    )
