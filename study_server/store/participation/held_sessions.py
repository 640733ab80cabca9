"""Queries on sessions that wait for a person to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Enrolment,
    Participant,
    Response,
    Session,
    SessionTrial,
    Trial,
)


@dataclass(frozen=True, kw_only=True)
class HeldSession:
    """A session, whose it is, its main trials and those with a response."""

    session: Session
    participant: str
    n_main: int
    n_given: int


def count_main(tx: Transaction, session_id: int) -> int:
    """How many main trials a session has."""
    query = (
        select(func.count())
        .select_from(SessionTrial)
        .join(Trial, Trial.id == SessionTrial.trial_id)
        .where(
            SessionTrial.session_id == session_id,
            SessionTrial.kind == "trials",
            Trial.role == "main",
        )
    )
    return tx.scalar(query) or 0


def held_in(tx: Transaction, study_id: int, *, environment: str) -> list[HeldSession]:
    """What is held in a study, oldest first."""
    query = (
        select(
            Session,
            Participant.public_id,
            func.count(SessionTrial.id),
            func.count(Response.id).filter(Response.payload.is_not(None)),
        )
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .join(Participant, Participant.id == Enrolment.participant_id)
        .join(SessionTrial, SessionTrial.session_id == Session.id)
        .join(Trial, Trial.id == SessionTrial.trial_id)
        .outerjoin(Response, Response.session_trial_id == SessionTrial.id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment == environment,
            Session.held_reason.is_not(None),
            SessionTrial.kind == "trials",
            Trial.role == "main",
        )
        .group_by(Session.id, Participant.id)
        .order_by(Session.id)
    )
    return [
        HeldSession(session=row[0], participant=row[1], n_main=row[2], n_given=row[3])
        for row in tx.execute(query)
    ]


def held_of(tx: Transaction, study_id: int, *, participant: str) -> Sequence[int]:
    """Keys of a person's sessions that are held."""
    query = (
        select(Session.id)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .join(Participant, Participant.id == Enrolment.participant_id)
        .where(
            Enrolment.study_id == study_id,
            Participant.public_id == participant,
            Session.held_reason.is_not(None),
        )
    )
    return tx.scalars(query.order_by(Session.id)).all()
