"""Queries on responses and display events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from study_server.database.engine import Transaction
from study_server.store.tables import (
    DisplayEvent,
    Enrolment,
    Response,
    Session,
    SessionTrial,
    Trial,
)


def response_to(tx: Transaction, session_trial_id: int) -> Response | None:
    """The response to a trial of a session."""
    query = select(Response).where(Response.session_trial_id == session_trial_id)
    return tx.scalar(query)


def response_under(tx: Transaction, session_id: int, *, key: str) -> Response | None:
    """The response that a session sent under this key."""
    query = select(Response).where(
        Response.session_id == session_id, Response.client_key == key
    )
    return tx.scalar(query)


def add_response(
    tx: Transaction, response: Response, *, events: Iterable[Mapping[str, Any]]
) -> None:
    """Add a response with its display events (rows without the response)."""
    tx.add(response)
    tx.flush()
    rows = [
        {**event, "response_id": response.id, "number": number}
        for number, event in enumerate(events)
    ]
    if rows:
        tx.execute(insert(DisplayEvent), rows)


@dataclass(frozen=True, kw_only=True)
class JudgedTrial:
    """A trial handed out, with as much of its response as judging needs.

    Attributes:
        session_id: The session.
        enrolment_id: Whose it is.
        trial_id: The trial's key.
        question: What the trial asks.
        role: The trial's role.
        control: Which catch or control; empty otherwise.
        position: Place in the session, from 0.
        response_id: None where there is no response.
        class_order: Indexes of its classes or groups in the order shown.
        payload: The response; None where an image failed to show.
        is_right: Graded responses only.
        rt_ms: Milliseconds.
        wall_ms: Milliseconds; None where the page did not say.
        visible_ms: Milliseconds; None where the page did not say.
        missed_frames: By which the picture's exposure missed what was meant; None
            where it stayed until the response.
        n_display_failures: Images that failed to show.
        exclusion_reason: What was found when it was judged last.
    """

    session_id: int
    enrolment_id: int
    trial_id: int
    question: str
    role: str
    control: str
    position: int
    response_id: int | None
    class_order: Sequence[int]
    payload: Mapping[str, Any] | None
    is_right: bool | None
    rt_ms: float | None
    wall_ms: float | None
    visible_ms: float | None
    missed_frames: int | None
    n_display_failures: int
    exclusion_reason: str | None


@dataclass(frozen=True, kw_only=True)
class JudgedSession:
    """A completed session as judging it needs.

    Attributes:
        id: Its key.
        duration_s: From the first trial handed out to the last response.
        is_simulated: Whether a program took part.
        reason: What was found when it was judged last.
    """

    id: int
    duration_s: float | None
    is_simulated: bool
    reason: str | None


def judged_session(tx: Transaction, session: Session) -> JudgedSession:
    """The session as judging it needs."""
    environment = tx.get_one(Enrolment, session.enrolment_id).environment
    return _judged(session, environment=environment)


def completed_in(
    tx: Transaction, study_id: int, *, environment: str
) -> list[JudgedSession]:
    """Every completed session, in order."""
    query = (
        select(Session)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment == environment,
            Session.state == "completed",
        )
        .order_by(Session.id)
    )
    return [_judged(row, environment=environment) for row in tx.scalars(query)]


def _judged(session: Session, *, environment: str) -> JudgedSession:
    started, completed = session.started_at, session.completed_at
    duration_s = None
    if started is not None and completed is not None:
        duration_s = (completed - started).total_seconds()
    return JudgedSession(
        id=session.id,
        duration_s=duration_s,
        is_simulated=environment == "simulated",
        reason=session.reason,
    )


def given_in(tx: Transaction, session_id: int) -> list[JudgedTrial]:
    """What was given on the trials of a session, practice left out."""
    return _given(tx, SessionTrial.session_id == session_id)


def given_in_study(
    tx: Transaction, study_id: int, *, environment: str
) -> list[JudgedTrial]:
    """The same for every completed session of a study."""
    return _given(
        tx,
        Enrolment.study_id == study_id,
        Enrolment.environment == environment,
        Session.state == "completed",
    )


def _given(tx: Transaction, *conditions: ColumnElement[bool]) -> list[JudgedTrial]:
    query = (
        select(
            SessionTrial.session_id,
            Session.enrolment_id,
            SessionTrial.trial_id,
            Trial.question,
            Trial.role,
            Trial.control,
            SessionTrial.position,
            Response.id.label("response_id"),
            SessionTrial.class_order,
            Response.payload,
            Response.is_right,
            Response.rt_ms,
            Response.wall_ms,
            Response.visible_ms,
            Response.missed_frames,
            func.coalesce(Response.n_display_failures, 0).label("n_display_failures"),
            Response.exclusion_reason,
        )
        .select_from(SessionTrial)
        .join(Session, Session.id == SessionTrial.session_id)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .join(Trial, Trial.id == SessionTrial.trial_id)
        .outerjoin(Response, Response.session_trial_id == SessionTrial.id)
        .where(SessionTrial.kind == "trials", *conditions)
        .order_by(SessionTrial.session_id, SessionTrial.position)
    )
    return [JudgedTrial(**row) for row in tx.execute(query).mappings()]


def set_reasons(tx: Transaction, reasons: Mapping[int, str | None]) -> None:
    """Write down, by response, which rules of its own it breaks."""
    rows = [{"id": key, "exclusion_reason": why} for key, why in reasons.items()]
    if rows:
        tx.execute(update(Response), rows)


def valid_per_trial(
    tx: Transaction, study_id: int, *, environment: str
) -> dict[int, int]:
    """Main trial key to its number of valid responses, 0 included."""
    valid = (
        select(SessionTrial.trial_id, func.count().label("n_valid"))
        .join(Response, Response.session_trial_id == SessionTrial.id)
        .join(Session, Session.id == SessionTrial.session_id)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment == environment,
            Session.validity == "valid",
            Response.payload.is_not(None),
            Response.exclusion_reason.is_(None),
        )
        .group_by(SessionTrial.trial_id)
        .subquery()
    )
    query = (
        select(Trial.id, func.coalesce(valid.c.n_valid, 0))
        .outerjoin(valid, valid.c.trial_id == Trial.id)
        .where(Trial.study_id == study_id, Trial.role == "main")
        .order_by(Trial.trial_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}
