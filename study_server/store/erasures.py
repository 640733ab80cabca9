"""Taking a person out of the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CursorResult, Delete, Select, delete, func, select, text, update

from study_server.database.engine import Transaction
from study_server.store.market.assignments import forget_work
from study_server.store.tables import (
    Block,
    DisplayEvent,
    Enrolment,
    EnrolmentSource,
    ErasureReceiptRow,
    ImportedResponse,
    ImportedSession,
    Participant,
    Response,
    Session,
    SurveyResponse,
    Worker,
)

ERASED: Final = "erased"


@dataclass(frozen=True, kw_only=True)
class KeptPerson:
    """What is kept of one participant.

    Attributes:
        id: The participant's row.
        public_id: Our random id of them.
        worker_id: The row that links them to a recruiter's id, if there is one.
        enrolment_ids: One per study.
        live_tokens: Addresses of the enrolments with a session under way.
    """

    id: int
    public_id: str
    worker_id: int | None
    enrolment_ids: tuple[int, ...]
    live_tokens: tuple[str, ...]


def find_person(tx: Transaction, public_id: str) -> KeptPerson | None:
    """The participant of that random id."""
    query = select(Participant).where(Participant.public_id == public_id)
    return _person(tx, tx.scalar(query))


def ids_beginning(tx: Transaction, beginning: str) -> list[str]:
    """The random ids of participants that begin so; one that is it is the only one."""
    query = select(Participant.public_id).where(
        Participant.public_id.startswith(beginning, autoescape=True)
    )
    # SQLite compares without case here.
    found = [each for each in tx.scalars(query) if each.startswith(beginning)]
    return [beginning] if beginning in found else found


def issuers(tx: Transaction) -> list[str]:
    """Who names people: recruiters, or the sites behind them."""
    return list(tx.scalars(select(Worker.recruiter).distinct().order_by("recruiter")))


def find_worker(
    tx: Transaction, recruiter: str, *, external_id: str
) -> KeptPerson | None:
    """The participant whom a recruiter names so."""
    query = (
        select(Participant)
        .join(Worker, Participant.worker_id == Worker.id)
        .where(Worker.recruiter == recruiter, Worker.external_id == external_id)
    )
    return _person(tx, tx.scalar(query))


def overwrite_what_is_deleted(tx: Transaction) -> None:
    """From now on write zeros over deleted rows; PostgreSQL's vacuum does as much."""
    if tx.get_bind().dialect.name == "sqlite":
        tx.execute(text("PRAGMA secure_delete = ON"))


def forget_identity(
    tx: Transaction, person: KeptPerson, *, rename: Callable[[str], str]
) -> int:
    """Delete the recruiter's id of the person and of every visit.

    Args:
        tx: Where.
        person: Who.
        rename: What stands for the market's name of their work from then on.

    Returns:
        How many rows that named the person are gone (0 or 1).
    """
    tx.execute(
        update(Participant).where(Participant.id == person.id).values(worker_id=None)
    )
    tx.execute(
        update(Session)
        .where(Session.enrolment_id.in_(person.enrolment_ids))
        .values(recruiter_ids={})
    )
    # What was paid stays in the books, without a name and without words of theirs;
    # the market's name of work that is still to be paid is kept until it is.
    if person.worker_id is not None:
        forget_work(tx, person.worker_id, rename=rename)
    if person.worker_id is None:
        return 0
    return _n_deleted(tx, delete(Worker).where(Worker.id == person.worker_id))


def record_receipt(
    tx: Transaction, receipt: Mapping[str, Any], *, seal: str, at: datetime
) -> None:
    """Keep a receipt as it is handed over."""
    tx.add(ErasureReceiptRow(erased_at=at, receipt=dict(receipt), seal=seal))


def find_receipt(tx: Transaction, *, seal: str) -> dict[str, Any] | None:
    """The receipt of that seal, as it was handed over."""
    return tx.scalar(
        select(ErasureReceiptRow.receipt).where(ErasureReceiptRow.seal == seal)
    )


def close_address(tx: Transaction, enrolment_id: int, *, token: str) -> None:
    """Give an enrolment another address, so that the old one leads nowhere."""
    tx.execute(
        update(Enrolment).where(Enrolment.id == enrolment_id).values(token=token)
    )


def delete_survey(tx: Transaction, person: KeptPerson) -> int:
    """Delete what the person wrote about themselves; says how many fields."""
    return _n_deleted(
        tx,
        delete(SurveyResponse).where(SurveyResponse.session_id.in_(_sessions(person))),
    )


def n_responses(tx: Transaction, person: KeptPerson) -> int:
    """How many responses are kept of the person."""
    query = select(func.count(Response.id)).where(
        Response.session_id.in_(_sessions(person))
    )
    imported = select(func.count(ImportedResponse.id)).where(
        ImportedResponse.imported_session_id.in_(_imported_sessions(person))
    )
    return (tx.scalar(query) or 0) + (tx.scalar(imported) or 0)


def n_sessions(tx: Transaction, person: KeptPerson) -> int:
    """How many sessions are kept of the person."""
    query = select(func.count(Session.id)).where(
        Session.enrolment_id.in_(person.enrolment_ids)
    )
    return tx.scalar(query) or 0


def delete_responses(tx: Transaction, person: KeptPerson) -> int:
    """Delete every response with its display events; their places are free again."""
    _free_valid_places(tx, person)
    of_person = select(Response.id).where(Response.session_id.in_(_sessions(person)))
    tx.execute(delete(DisplayEvent).where(DisplayEvent.response_id.in_(of_person)))
    count = _n_deleted(
        tx, delete(Response).where(Response.session_id.in_(_sessions(person)))
    )
    count += _n_deleted(
        tx,
        delete(ImportedResponse).where(
            ImportedResponse.imported_session_id.in_(_imported_sessions(person))
        ),
    )
    tx.execute(
        delete(EnrolmentSource).where(
            EnrolmentSource.enrolment_id.in_(person.enrolment_ids)
        )
    )
    return count


def _free_valid_places(tx: Transaction, person: KeptPerson) -> None:
    valid = select(Session).where(
        Session.enrolment_id.in_(person.enrolment_ids), Session.validity == "valid"
    )
    for session in tx.scalars(valid):
        tx.execute(
            update(Block)
            .where(Block.id == session.block_id)
            .values(n_valid=Block.n_valid - 1)
        )
    tx.execute(
        update(Session)
        .where(
            Session.enrolment_id.in_(person.enrolment_ids),
            Session.validity != "invalid",
        )
        .values(validity="invalid", reason=ERASED)
    )


def _person(tx: Transaction, found: Participant | None) -> KeptPerson | None:
    if found is None:
        return None
    enrolments = select(Enrolment.id).where(Enrolment.participant_id == found.id)
    live = (
        select(Enrolment.token)
        .join(Session, Session.enrolment_id == Enrolment.id)
        .where(Enrolment.participant_id == found.id, Session.state == "started")
    )
    return KeptPerson(
        id=found.id,
        public_id=found.public_id,
        worker_id=found.worker_id,
        enrolment_ids=tuple(tx.scalars(enrolments.order_by(Enrolment.id))),
        live_tokens=tuple(tx.scalars(live.order_by(Enrolment.id))),
    )


def _sessions(person: KeptPerson) -> Select[int]:
    return select(Session.id).where(Session.enrolment_id.in_(person.enrolment_ids))


def _imported_sessions(person: KeptPerson) -> Select[int]:
    return select(ImportedSession.id).where(ImportedSession.participant_id == person.id)


def _n_deleted(tx: Transaction, statement: Delete) -> int:
    done = tx.execute(statement)
    if not isinstance(done, CursorResult):
        raise TypeError(f"a delete gave {type(done).__name__}, which counts no rows")
    return int(done.rowcount)
