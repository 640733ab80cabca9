"""Queries on sessions and the trials in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import case, exists, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from study_server.database.engine import Transaction
from study_server.store import blocks
from study_server.store.tables import (
    Enrolment,
    Participant,
    Response,
    Session,
    SessionTrial,
    SurveyResponse,
    Trial,
)

EXPIRED: Final = "expired"


@dataclass(frozen=True, kw_only=True)
class PlacedTrial:
    """A trial at its place in a session, and whether it has a response."""

    place: SessionTrial
    trial: Trial
    is_done: bool


@dataclass(frozen=True, kw_only=True)
class SessionGroup:
    """How many sessions ended in the same way."""

    state: str
    validity: str
    reason: str | None
    n_sessions: int


def add_session(
    tx: Transaction, session: Session, *, trials: Iterable[Mapping[str, Any]]
) -> None:
    """Add a session with its trials (rows of `SessionTrial` without the session)."""
    tx.add(session)
    tx.flush()
    rows = [{**row, "session_id": session.id} for row in trials]
    tx.execute(insert(SessionTrial), rows)


def last_session(
    tx: Transaction, enrolment_id: int, *, is_locked: bool = False
) -> Session:
    """The session an enrolment is in, or was in last."""
    query = (
        select(Session)
        .where(Session.enrolment_id == enrolment_id)
        .order_by(Session.number.desc())
        .limit(1)
    )
    if is_locked:
        query = query.with_for_update(key_share=True)
    return tx.scalars(query, execution_options={"populate_existing": True}).one()


def sessions_of(tx: Transaction, enrolment_id: int) -> Sequence[Session]:
    """Every session of an enrolment, locked, in order."""
    query = select(Session).where(Session.enrolment_id == enrolment_id)
    return tx.scalars(
        query.order_by(Session.number).with_for_update(key_share=True)
    ).all()


def count_sessions(tx: Transaction, enrolment_id: int) -> int:
    """How many blocks an enrolment has begun."""
    query = select(func.count()).where(Session.enrolment_id == enrolment_id)
    return tx.scalar(query) or 0


def visits_of(tx: Transaction, enrolment_id: int) -> Sequence[Mapping[str, Any]]:
    """The recruiter's names of every visit of an enrolment."""
    query = select(Session.recruiter_ids).where(Session.enrolment_id == enrolment_id)
    return tx.scalars(query.order_by(Session.number)).all()


def has_completed(tx: Transaction, enrolment_id: int) -> bool:
    """Whether an enrolment completed a block, valid or not, and none that is held."""
    query = exists().where(
        Session.enrolment_id == enrolment_id,
        Session.completed_at.is_not(None),
        Session.held_reason.is_(None),
    )
    return bool(tx.scalar(select(query)))


def last_code(tx: Transaction, enrolment_id: int) -> str | None:
    """The completion code of the last block that was done and is not held."""
    query = (
        select(Session.completion_code)
        .where(
            Session.enrolment_id == enrolment_id,
            Session.completed_at.is_not(None),
            Session.held_reason.is_(None),
        )
        .order_by(Session.number.desc())
        .limit(1)
    )
    return tx.scalar(query)


@dataclass(frozen=True, kw_only=True)
class CodedSession:
    """A completed session with its code, and whose it is."""

    session: Session
    participant: str


def coded_in(tx: Transaction, study_id: int, *, environment: str) -> list[CodedSession]:
    """Completed sessions with a code, oldest first."""
    query = (
        select(Session, Participant.public_id)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .join(Participant, Participant.id == Enrolment.participant_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment == environment,
            Session.completion_code.is_not(None),
        )
        .order_by(Session.completed_at, Session.id)
    )
    return [
        CodedSession(session=row[0], participant=row[1]) for row in tx.execute(query)
    ]


@dataclass(frozen=True, kw_only=True)
class SessionNames:
    """The public names of a session, and of whose it is."""

    session: str
    participant: str


def names_in(
    tx: Transaction, study_id: int, *, environment: str
) -> dict[int, SessionNames]:
    """The names of every completed session of a study, by its key."""
    query = (
        select(Session.id, Session.public_id, Participant.public_id)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .join(Participant, Participant.id == Enrolment.participant_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment == environment,
            Session.state == "completed",
        )
    )
    return {
        row[0]: SessionNames(session=row[1], participant=row[2])
        for row in tx.execute(query)
    }


def trials_given(tx: Transaction, enrolment_id: int) -> Sequence[int]:
    """Keys of the trials an enrolment was ever given."""
    query = select(SessionTrial.trial_id).join(
        Session, Session.id == SessionTrial.session_id
    )
    return tx.scalars(query.where(Session.enrolment_id == enrolment_id)).all()


def find_place(tx: Transaction, token: str, *, enrolment_id: int) -> PlacedTrial | None:
    """The trial of that public name, if it is this enrolment's."""
    query = (
        select(SessionTrial, Trial)
        .join(Session, Session.id == SessionTrial.session_id)
        .join(Trial, Trial.id == SessionTrial.trial_id)
        .where(SessionTrial.token == token, Session.enrolment_id == enrolment_id)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return PlacedTrial(place=row[0], trial=row[1], is_done=False)


def lock_session(tx: Transaction, session_id: int) -> Session:
    """The session, held until the transaction ends."""
    query = select(Session).where(Session.id == session_id)
    return tx.scalars(
        query.with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    ).one()


def placed_trials(
    tx: Transaction, session_id: int, *, kind: str, part: int | None = None
) -> list[PlacedTrial]:
    """The trials of one kind in a session, or in one of its parts, by position."""
    query = (
        select(SessionTrial, Trial, Response.id)
        .join(Trial, Trial.id == SessionTrial.trial_id)
        .outerjoin(Response, Response.session_trial_id == SessionTrial.id)
        .where(*_of(session_id, kind=kind, part=part))
        .order_by(SessionTrial.position)
    )
    return [
        PlacedTrial(place=row[0], trial=row[1], is_done=row[2] is not None)
        for row in tx.execute(query)
    ]


@dataclass(frozen=True, kw_only=True)
class SessionProgress:
    """How many trials of one kind a session has, and how many have a response."""

    n_trials: int
    n_done: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.n_done >= self.n_trials


def conditions_of(tx: Transaction, session_id: int) -> tuple[str, ...]:
    """The conditions of a session's trials, by name; none where nothing varies."""
    query = (
        select(Trial.condition)
        .join(SessionTrial, SessionTrial.trial_id == Trial.id)
        .where(SessionTrial.session_id == session_id, Trial.condition != "")
        .distinct()
    )
    return tuple(sorted(tx.scalars(query)))


def progress_of(
    tx: Transaction, session_id: int, *, kind: str, part: int | None = None
) -> SessionProgress:
    """How far a session is, or one of its parts."""
    query = (
        select(func.count(), func.count(Response.id))
        .select_from(SessionTrial)
        .outerjoin(Response, Response.session_trial_id == SessionTrial.id)
        .where(*_of(session_id, kind=kind, part=part))
    )
    row = tx.execute(query).one()
    return SessionProgress(n_trials=row[0], n_done=row[1])


def _of(
    session_id: int, *, kind: str, part: int | None
) -> tuple[ColumnElement[bool], ...]:
    """Which trials of a session are meant; those of every part where none is named."""
    whole = (SessionTrial.session_id == session_id, SessionTrial.kind == kind)
    return whole if part is None else (*whole, SessionTrial.part == part)


def count_part_orders(
    tx: Transaction, study_id: int, *, environment: str
) -> dict[str, int]:
    """Order of parts to the sessions that are valid or under way."""
    query = (
        select(Session.part_order, func.count())
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment == environment,
            Session.part_order.is_not(None),
            (Session.state == "started") | (Session.validity == "valid"),
        )
        .group_by(Session.part_order)
    )
    return {str(row[0]): int(row[1]) for row in tx.execute(query)}


def start(tx: Transaction, session_id: int, *, at: datetime) -> None:
    """Note when the trials were first shown; later times change nothing."""
    tx.execute(
        update(Session)
        .where(Session.id == session_id, Session.started_at.is_(None))
        .values(started_at=at),
        execution_options={"synchronize_session": False},
    )


def has_overdue(tx: Transaction, *, now: datetime) -> bool:
    """Whether a lease ended that nobody has noticed yet."""
    query = select(Session.id).where(_is_overdue(now)).limit(1)
    return tx.scalar(query) is not None


def expire_overdue(tx: Transaction, *, now: datetime) -> int:
    """End the sessions whose lease is over, give their places back; how many."""
    # Sessions that somebody is working on right now are skipped: waiting for
    # them while holding others could lock two transactions against each other.
    query = (
        select(Session)
        .where(_is_overdue(now))
        .order_by(Session.id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    overdue = tx.scalars(query).all()
    for session in overdue:
        _expire(session, now=now)
    tx.flush()
    tx.execute(
        update(Enrolment)
        .where(Enrolment.id.in_([session.enrolment_id for session in overdue]))
        .values(origin=None)
    )
    for block_id, n_sessions in sorted(Counter(s.block_id for s in overdue).items()):
        for _ in range(n_sessions):
            blocks.release(tx, block_id)
    return len(overdue)


def expire(tx: Transaction, session: Session, *, now: datetime) -> None:
    """End one session whose lease is over; the caller holds it."""
    _expire(session, now=now)
    tx.flush()
    blocks.release(tx, session.block_id)


def _expire(session: Session, *, now: datetime) -> None:
    session.state, session.validity = EXPIRED, "invalid"
    session.reason, session.judged_at = EXPIRED, now


def count_by_end(
    tx: Transaction, study_id: int, *, environment: str, now: datetime
) -> list[SessionGroup]:
    """How many sessions ended how; an ended lease counts as one, noticed or not."""
    has_lapsed = _is_overdue(now)
    sessions = (
        select(
            case((has_lapsed, EXPIRED), else_=Session.state).label("state"),
            case((has_lapsed, "invalid"), else_=Session.validity).label("validity"),
            case((has_lapsed, EXPIRED), else_=Session.reason).label("reason"),
        )
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .where(Enrolment.study_id == study_id, Enrolment.environment == environment)
        .subquery()
    )
    ending = (sessions.c.state, sessions.c.validity, sessions.c.reason)
    query = select(*ending, func.count()).group_by(*ending).order_by(*ending)
    return [
        SessionGroup(state=row[0], validity=row[1], reason=row[2], n_sessions=row[3])
        for row in tx.execute(query)
    ]


def count_holds(
    tx: Transaction, study_id: int, *, now: datetime, **only: str | int
) -> int:
    """Places held by people who have not agreed yet.

    Args:
        tx: The transaction.
        study_id: The study.
        now: Ended leases hold nothing.
        only: Columns of `Enrolment` and what they must be.
    """
    query = (
        select(func.count())
        .select_from(Session)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.consented_at.is_(None),
            Session.state == "started",
            Session.lease_ends_at > now,
            *(getattr(Enrolment, name) == value for name, value in only.items()),
        )
    )
    return tx.scalar(query) or 0


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    return (Session.state == "started") & (Session.lease_ends_at <= now)


def add_survey(
    tx: Transaction, session_id: int, *, values: Mapping[str, str], at: datetime
) -> None:
    """Keep what was filled in."""
    rows = [
        {"session_id": session_id, "field": field, "value": value, "received_at": at}
        for field, value in values.items()
    ]
    if rows:
        tx.execute(insert(SurveyResponse), rows)
