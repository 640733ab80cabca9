"""Queries on work that was handed in on a market."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Assignment,
    Enrolment,
    Hit,
    LedgerEntry,
    Participant,
    Session,
    SessionTrial,
    Stimulus,
    TrialSource,
    Worker,
)


def n_recorded(tx: Transaction, account_id: int) -> dict[int, int]:
    """Posting to assignments known."""
    query = (
        select(Assignment.hit_id, func.count())
        .join(Hit, Hit.id == Assignment.hit_id)
        .where(Hit.account_id == account_id)
        .group_by(Assignment.hit_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def undecided_hits(tx: Transaction, account_id: int) -> set[int]:
    """Postings with work that is neither approved nor rejected."""
    query = (
        select(Assignment.hit_id)
        .join(Hit, Hit.id == Assignment.hit_id)
        .where(Hit.account_id == account_id, Assignment.status == "submitted")
    )
    return set(tx.scalars(query))


def assignments_named(
    tx: Transaction, hit_id: int, *, external_id: str, worker_id: int
) -> Sequence[Assignment]:
    """Work of one person under one name, by attempt."""
    query = select(Assignment).where(
        Assignment.hit_id == hit_id,
        Assignment.external_id == external_id,
        Assignment.worker_id == worker_id,
    )
    return tx.scalars(query.order_by(Assignment.attempt)).all()


def add_assignment(tx: Transaction, assignment: Assignment) -> Assignment:
    """Add work that was handed in."""
    tx.add(assignment)
    tx.flush()
    return assignment


def get_assignment(tx: Transaction, assignment_id: int) -> Assignment:
    """The work with that key, held until the transaction ends."""
    query = select(Assignment).where(Assignment.id == assignment_id)
    return tx.scalars(
        query.with_for_update(), execution_options={"populate_existing": True}
    ).one()


@dataclass(frozen=True, kw_only=True)
class HandedInWork:
    """Work with all that paying for it needs.

    Attributes:
        assignment: The row.
        hit: Its posting.
        worker: The market's name of the person; None after erasure.
        validity: Of the session; None without one.
        reason: Why the session is invalid.
        held_reason: Why a person has yet to decide whether it was work.
        duration_s: From coming in to completing, in seconds; None where unknown.
        n_bonus_minor: Bonuses intended or paid, without fees.
    """

    assignment: Assignment
    hit: Hit
    worker: str | None
    validity: str | None
    reason: str | None
    held_reason: str | None
    duration_s: float | None
    bonus_minor: int


def work_of(tx: Transaction, account_id: int) -> list[HandedInWork]:
    """Everything handed in, oldest first."""
    bonus = (
        select(
            LedgerEntry.assignment_id,
            func.sum(LedgerEntry.pay_minor).label("minor"),
        )
        .where(LedgerEntry.kind == "bonus", LedgerEntry.state != "refused")
        .group_by(LedgerEntry.assignment_id)
        .subquery()
    )
    query = (
        select(Assignment, Hit, Worker.external_id, Session, bonus.c.minor)
        .join(Hit, Hit.id == Assignment.hit_id)
        .outerjoin(Worker, Worker.id == Assignment.worker_id)
        .outerjoin(Session, Session.id == Assignment.session_id)
        .outerjoin(bonus, bonus.c.assignment_id == Assignment.id)
        .where(Hit.account_id == account_id)
        .order_by(Assignment.id)
    )
    return [
        HandedInWork(
            assignment=row[0],
            hit=row[1],
            worker=row[2],
            validity=None if row[3] is None else row[3].validity,
            reason=None if row[3] is None else row[3].reason,
            held_reason=None if row[3] is None else row[3].held_reason,
            duration_s=_duration_s(row[3]),
            bonus_minor=int(row[4] or 0),
        )
        for row in tx.execute(query)
    ]


def _duration_s(session: Session | None) -> float | None:
    if session is None or session.completed_at is None:
        return None
    return (session.completed_at - session.admitted_at).total_seconds()


def durations_s(
    tx: Transaction, study_id: int, *, environments: Collection[str]
) -> list[float]:
    """Seconds that completed sessions took, from coming in to the last response."""
    query = (
        select(Session)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment.in_(environments),
            Session.completed_at.is_not(None),
        )
    )
    found = (_duration_s(session) for session in tx.scalars(query))
    return [seconds for seconds in found if seconds is not None]


def free_session(tx: Transaction, enrolment_id: int, *, visit: str) -> Session | None:
    """The newest session under a visit's name that no work is bound to yet."""
    query = (
        select(Session)
        .where(
            Session.enrolment_id == enrolment_id,
            Session.id.not_in(
                select(Assignment.session_id).where(Assignment.session_id.is_not(None))
            ),
        )
        .order_by(Session.number.desc())
    )
    return next(
        (s for s in tx.scalars(query) if s.recruiter_ids.get("session") == visit), None
    )


def not_handed_in(tx: Transaction, recruitment_id: int) -> Sequence[Session]:
    """Completed sessions that the market knows nothing of."""
    bound = select(Assignment.session_id).where(Assignment.session_id.is_not(None))
    query = (
        select(Session)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .where(
            Enrolment.recruitment_id == recruitment_id,
            Session.state == "completed",
            Session.id.not_in(bound),
        )
    )
    return tx.scalars(query.order_by(Session.id)).all()


def ungranted(tx: Transaction, account_id: int) -> list[tuple[int, str]]:
    """Key and worker of work whose worker has not got the qualification yet."""
    query = (
        select(Assignment.id, Worker.external_id)
        .join(Hit, Hit.id == Assignment.hit_id)
        .join(Worker, Worker.id == Assignment.worker_id)
        .where(Hit.account_id == account_id, Assignment.is_granted.is_(False))
        .order_by(Assignment.id)
    )
    return [(row[0], row[1]) for row in tx.execute(query)]


def workers_with(tx: Transaction, recruitment_id: int, *, n_sessions: int) -> set[str]:
    """The market's names of people who began so many blocks or more."""
    query = (
        select(Worker.external_id)
        .join(Participant, Participant.worker_id == Worker.id)
        .join(Enrolment, Enrolment.participant_id == Participant.id)
        .join(Session, Session.enrolment_id == Enrolment.id)
        .where(Enrolment.recruitment_id == recruitment_id)
        .group_by(Worker.external_id)
        .having(func.count() >= n_sessions)
    )
    return set(tx.scalars(query))


def mark_granted(tx: Transaction, assignment_ids: Collection[int]) -> None:
    """Note that the qualification was given."""
    tx.execute(
        update(Assignment)
        .where(Assignment.id.in_(assignment_ids))
        .values(is_granted=True),
        execution_options={"synchronize_session": False},
    )


def sources_of(tx: Transaction, trial_keys: Collection[int]) -> dict[int, list[str]]:
    """Trial key to the source images it puts up for judgment."""
    query = select(TrialSource.trial_id, TrialSource.source_sha256).where(
        TrialSource.trial_id.in_(trial_keys)
    )
    found: dict[int, list[str]] = {}
    for trial_id, source in tx.execute(query):
        found.setdefault(trial_id, []).append(source)
    return found


def erased_name(seal: str) -> str:
    """What stands for the name of an erased person's work, so that it is known.

    Args:
        seal: Of the market's name, by a key: nobody else can try names out.
    """
    return f"erased-{seal[:32]}"


def _unkeyed_name(external_id: str) -> str:
    # What earlier versions wrote; work of those days may still be listed.
    return f"erased-{hashlib.sha256(external_id.encode()).hexdigest()[:24]}"


def forget_work(
    tx: Transaction, worker_id: int, *, rename: Callable[[str], str]
) -> None:
    """Take the name off a person's work; work still to be paid keeps its own."""
    query = select(Assignment).where(Assignment.worker_id == worker_id)
    for work in tx.scalars(query):
        work.worker_id, work.answer = None, ""
        if work.status != "submitted":
            work.external_id = rename(work.external_id)
    tx.flush()


def find_erased(
    tx: Transaction,
    hit_id: int,
    *,
    external_id: str,
    seals: Callable[[], Collection[str]],
    accepted_at: datetime,
) -> Assignment | None:
    """Work that is known, of somebody who was erased since.

    Args:
        tx: Where.
        hit_id: The posting.
        external_id: The market's name of the work.
        seals: Gives the seals of that name, by every key; asked only where
            somebody's work of that moment was erased.
        accepted_at: When it was begun.
    """
    query = select(Assignment).where(
        Assignment.hit_id == hit_id,
        Assignment.worker_id.is_(None),
        Assignment.accepted_at == accepted_at,
    )
    named = {work.external_id: work for work in tx.scalars(query)}
    plain = (external_id, _unkeyed_name(external_id))
    found = next((named[name] for name in plain if name in named), None)
    if found is not None or not named:
        return found
    erased = (erased_name(seal) for seal in seals())
    return next((named[name] for name in erased if name in named), None)


def place_tokens(tx: Transaction, session_id: int) -> dict[int, str]:
    """Trial key to its public name in a session."""
    query = select(SessionTrial.trial_id, SessionTrial.token).where(
        SessionTrial.session_id == session_id
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def stimuli_behind(tx: Transaction, tokens: Collection[str]) -> dict[str, str]:
    """Public name of an image to its stimulus id."""
    query = select(Stimulus.media_token, Stimulus.stimulus_id).where(
        Stimulus.media_token.in_(tokens)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def set_aside(tx: Transaction, account_id: int) -> list[int]:
    """Keys of work that could not be taken in, in the order it was handed in."""
    query = (
        select(Assignment.id)
        .join(Hit, Hit.id == Assignment.hit_id)
        .where(
            Hit.account_id == account_id,
            Assignment.label == "unknown",
            Assignment.worker_id.is_not(None),
        )
        .order_by(Assignment.submitted_at, Assignment.id)
    )
    return list(tx.scalars(query))


def n_recorded_at(tx: Transaction, hit_id: int) -> int:
    """Assignments known of one posting."""
    query = select(func.count()).where(Assignment.hit_id == hit_id)
    return tx.scalar(query) or 0


def person_of(tx: Transaction, assignment: Assignment) -> Participant | None:
    """Whose work it is; None after erasure."""
    query = select(Participant).where(Participant.worker_id == assignment.worker_id)
    return tx.scalar(query)
