"""Reservations end, are given back, and may be taken up again."""

from __future__ import annotations

from datetime import datetime, timedelta

from study_server.services import Services
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks, studies
from study_server.store.participation import sessions
from study_server.store.tables import Enrolment, Session


def sweep(services: Services) -> int:
    """Give back the places of sessions whose lease is over; how many.

    A transaction of its own: holding many sessions while waiting for one more
    could lock two admissions against each other.
    """
    now = services.clock()
    with services.store.read() as tx:
        if not sessions.has_overdue(tx, now=now):
            return 0
    with services.store.write() as tx:
        return sessions.expire_overdue(tx, now=now)


def is_over(session: Session, *, now: datetime) -> bool:
    """Whether the session's time is over, noticed or not."""
    if session.state == "started":
        return session.lease_ends_at <= now
    return session.state == "expired"


def lease_end(file: StudyFile, enrolment: Enrolment, *, now: datetime) -> datetime:
    """When a place that is taken now is given away: soon, until somebody agrees."""
    design = file.design
    minutes = design.lease_minutes
    if enrolment.consented_at is None:
        minutes = min(minutes, design.consent_minutes)
    return now + timedelta(minutes=minutes)


def renew(
    services: Services,
    tx: Transaction,
    *,
    enrolment: Enrolment,
    visit_ids: dict[str, str],
    may_revive: bool,
) -> None:
    """Somebody came back: take an ended session up again if its place is free.

    A session under way keeps its lease. `attempt` counts visits that the
    recruiter names differently, or that revive a session.
    """
    session = sessions.last_session(tx, enrolment.id, is_locked=True)
    if session.state not in ("started", "expired"):
        return
    now = services.clock()
    # The names of one visit never change: who could change where it is handed in
    # would be paid for it.
    if visit_ids.get("session") not in (None, session.recruiter_ids.get("session")):
        session.recruiter_ids = visit_ids
        session.attempt += 1
    if not is_over(session, now=now) or not may_revive:
        return
    if session.state == "started":
        # It held nothing any more: to everybody else its place was free already.
        sessions.expire(tx, session, now=now)
    if not blocks.reserve_again(tx, session.block_id):
        return
    study = studies.get_study(tx, enrolment.study_id)
    file = StudyFile.model_validate(study.settings)
    session.state, session.validity, session.reason = "started", "pending", None
    session.judged_at = None
    session.lease_ends_at = lease_end(file, enrolment, now=now)
