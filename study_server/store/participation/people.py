"""Queries on people: who came, and whether they may."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, exists, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Enrolment,
    EnrolmentSource,
    Participant,
    Session,
    Study,
    Worker,
)

FAILED_CHECK: Final = "failed_comprehension"
NO_SCREEN: Final = "screen_not_measured"


def has_failed_check() -> ColumnElement[bool]:
    """Whether an enrolment did not pass the check, withdrawn afterwards or not."""
    return exists().where(
        Session.enrolment_id == Enrolment.id, Session.reason == FAILED_CHECK
    )


def find_participant(
    tx: Transaction, *, issuer: str, external_id: str
) -> Participant | None:
    """The person whom an issuer names so."""
    query = (
        select(Participant)
        .join(Worker, Worker.id == Participant.worker_id)
        .where(Worker.recruiter == issuer, Worker.external_id == external_id)
    )
    return tx.scalar(query)


def add_participant(
    tx: Transaction, participant: Participant, *, issuer: str, external_id: str | None
) -> Participant:
    """A new person; or the same one, if somebody else just added them."""
    if external_id is not None:
        named = {"recruiter": issuer, "external_id": external_id}
        _insert_new(tx, Worker, [named])
        query = select(Worker.id).where(
            Worker.recruiter == issuer, Worker.external_id == external_id
        )
        participant_row = {
            "public_id": participant.public_id,
            "created_at": participant.created_at,
            "worker_id": tx.scalars(query).one(),
        }
        _insert_new(tx, Participant, [participant_row])
        found = find_participant(tx, issuer=issuer, external_id=external_id)
        if found is None:
            raise RuntimeError("a participant vanished inside the transaction")
        return found
    tx.add(participant)
    tx.flush()
    return participant


def find_enrolment(
    tx: Transaction, token: str, *, is_locked: bool = False
) -> Enrolment | None:
    """The enrolment behind a public address; locked, its steps queue up here."""
    query = select(Enrolment).where(Enrolment.token == token)
    if is_locked:
        query = query.with_for_update(key_share=True)
    return tx.scalar(query, execution_options={"populate_existing": True})


def lock_enrolment(tx: Transaction, enrolment_id: int) -> Enrolment:
    """The enrolment, held until the transaction ends."""
    query = select(Enrolment).where(Enrolment.id == enrolment_id)
    return tx.scalars(
        query.with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    ).one()


def is_simulated(tx: Transaction, enrolment_id: int) -> bool:
    """Whether a program takes part, not a person."""
    return tx.get_one(Enrolment, enrolment_id).environment == "simulated"


def enrolment_of(
    tx: Transaction, *, study_id: int, participant_id: int
) -> Enrolment | None:
    """The person's enrolment in the study."""
    query = select(Enrolment).where(
        Enrolment.study_id == study_id, Enrolment.participant_id == participant_id
    )
    return tx.scalar(query)


def earlier_studies(
    tx: Transaction,
    participant_id: int,
    *,
    names: Collection[str],
    since: datetime | None,
) -> Sequence[str]:
    """Titles of the named studies that the person entered, `since` then."""
    query = (
        select(Study.title)
        .join(Enrolment, Enrolment.study_id == Study.id)
        .where(Enrolment.participant_id == participant_id, Study.name.in_(names))
    )
    if since is not None:
        last = func.coalesce(Enrolment.finished_at, Enrolment.entered_at)
        query = query.where(or_(last >= since, Enrolment.entered_at >= since))
    return tx.scalars(query.order_by(Study.title)).all()


def sources_seen(tx: Transaction, enrolment_id: int) -> set[str]:
    """The source images that were given to this person."""
    query = select(EnrolmentSource.source_sha256).where(
        EnrolmentSource.enrolment_id == enrolment_id
    )
    return set(tx.scalars(query))


def add_sources(
    tx: Transaction, enrolment_id: int, sources: Collection[str], *, may_repeat: bool
) -> None:
    """Note source images as given; the database refuses a repeat unless allowed."""
    rows = [
        {"enrolment_id": enrolment_id, "source_sha256": source}
        for source in sorted(set(sources))
    ]
    if not rows:
        return
    if may_repeat:
        _insert_new(tx, EnrolmentSource, rows)
    else:
        tx.execute(insert(EnrolmentSource), rows)


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """How many entered, agreed, and failed the comprehension check."""

    n_arrived: int
    n_consented: int
    n_failed_comprehension: int


def count_arrivals(tx: Transaction, study_id: int, *, environment: str) -> Arrivals:
    """How many entered a study in one environment, and how far they got."""
    query = select(
        func.count(),
        func.count(Enrolment.consented_at),
        func.count().filter(has_failed_check()),
    ).where(Enrolment.study_id == study_id, Enrolment.environment == environment)
    row = tx.execute(query).one()
    return Arrivals(n_arrived=row[0], n_consented=row[1], n_failed_comprehension=row[2])


def count_enrolled_before(tx: Transaction, enrolment: Enrolment) -> int:
    """How many entered the same study and environment before somebody."""
    query = select(func.count()).where(
        Enrolment.study_id == enrolment.study_id,
        Enrolment.environment == enrolment.environment,
        Enrolment.id < enrolment.id,
    )
    return tx.scalar(query) or 0


def _insert_new(
    tx: Transaction,
    table: type[Worker | Participant | EnrolmentSource],
    rows: list[dict[str, Any]],
) -> None:
    target = table.__table__
    if not isinstance(target, Table):
        raise TypeError(f"{table.__name__} is no table")
    if tx.get_bind().dialect.name == "postgresql":
        tx.execute(postgresql.insert(target).on_conflict_do_nothing(), rows)
    else:
        tx.execute(sqlite.insert(target).on_conflict_do_nothing(), rows)
