"""Queries about Qualification types, Qualifications and requests for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, update

from study_server.database.engine import Transaction
from study_server.marketplace.store.list_pages import (
    ListPage,
    Position,
    holds,
    read_page,
)
from study_server.marketplace.store.tables import (
    Qualification,
    QualificationRequest,
    QualificationType,
)


def find_type(tx: Transaction, public_id: str) -> QualificationType | None:
    """The Qualification type with that id, unless it was deleted."""
    return tx.scalar(
        select(QualificationType).where(
            QualificationType.public_id == public_id,
            QualificationType.deleted_at.is_(None),
        )
    )


def find_type_by_name(
    tx: Transaction, requester_id: int, *, name: str
) -> QualificationType | None:
    """A requester's Qualification type of that name."""
    return tx.scalar(
        select(QualificationType).where(
            QualificationType.requester_id == requester_id,
            QualificationType.name == name,
            QualificationType.deleted_at.is_(None),
        )
    )


def add_type(tx: Transaction, kind: QualificationType) -> None:
    """Keep a new Qualification type."""
    tx.add(kind)
    tx.flush()


def list_types(
    tx: Transaction,
    *,
    query_text: str | None,
    must_be_requestable: bool,
    owner_id: int | None,
    after: Position | None,
    limit: int,
) -> ListPage[QualificationType]:
    """Qualification types, oldest first.

    Args:
        tx: A transaction.
        query_text: Must be in name, description or keywords, or be the id.
        must_be_requestable: Leaves out those workers cannot ask for.
        owner_id: Only this requester's.
        after: Where the page starts.
        limit: Rows at most.
    """
    query = select(QualificationType).where(QualificationType.deleted_at.is_(None))
    if must_be_requestable:
        query = query.where(QualificationType.is_requestable.is_(True))
    if owner_id is not None:
        query = query.where(QualificationType.requester_id == owner_id)
    if query_text:
        searched = (
            QualificationType.name,
            QualificationType.description,
            QualificationType.keywords,
        )
        is_id = QualificationType.public_id == query_text
        query = query.where(or_(is_id, holds(tx, searched, query_text)))
    return read_page(tx, query, by=[QualificationType.id], after=after, limit=limit)


def find_grant(
    tx: Transaction, *, type_id: int, worker_id: int
) -> Qualification | None:
    """What a worker was granted, or had revoked, of a type."""
    return tx.scalar(
        select(Qualification).where(
            Qualification.qualification_type_id == type_id,
            Qualification.worker_id == worker_id,
        )
    )


def add_grant(tx: Transaction, grant: Qualification) -> None:
    """Keep a new Qualification."""
    tx.add(grant)
    tx.flush()


def grants_of(tx: Transaction, worker_id: int) -> list[Qualification]:
    """Everything a worker is granted now."""
    query = select(Qualification).where(
        Qualification.worker_id == worker_id, Qualification.status == "Granted"
    )
    return list(tx.scalars(query))


def list_grants(
    tx: Transaction,
    *,
    type_id: int,
    status: str | None,
    after: Position | None,
    limit: int,
) -> ListPage[Qualification]:
    """A type's Qualifications, oldest first."""
    query = select(Qualification).where(Qualification.qualification_type_id == type_id)
    if status is not None:
        query = query.where(Qualification.status == status)
    return read_page(tx, query, by=[Qualification.id], after=after, limit=limit)


def find_request(tx: Transaction, public_id: str) -> QualificationRequest | None:
    """The request with that id."""
    return tx.scalar(
        select(QualificationRequest).where(QualificationRequest.public_id == public_id)
    )


def last_request(
    tx: Transaction, *, type_id: int, worker_id: int
) -> QualificationRequest | None:
    """A worker's newest request of a type."""
    return tx.scalar(
        select(QualificationRequest)
        .where(
            QualificationRequest.qualification_type_id == type_id,
            QualificationRequest.worker_id == worker_id,
        )
        .order_by(QualificationRequest.id.desc())
        .limit(1)
    )


def add_request(tx: Transaction, request: QualificationRequest) -> None:
    """Keep a new request."""
    tx.add(request)
    tx.flush()


def list_requests(
    tx: Transaction,
    *,
    type_id: int | None,
    requester_id: int,
    after: Position | None,
    limit: int,
) -> ListPage[QualificationRequest]:
    """Requests that wait for a requester's decision, oldest first."""
    query = (
        select(QualificationRequest)
        .join(QualificationRequest.kind)
        .where(
            QualificationRequest.status == "Submitted",
            QualificationType.requester_id == requester_id,
        )
    )
    if type_id is not None:
        query = query.where(QualificationRequest.qualification_type_id == type_id)
    return read_page(tx, query, by=[QualificationRequest.id], after=after, limit=limit)


def reject_requests(tx: Transaction, type_id: int, *, at: datetime) -> None:
    """Reject every request of a type that is being deleted."""
    tx.execute(
        update(QualificationRequest)
        .where(
            QualificationRequest.qualification_type_id == type_id,
            QualificationRequest.status.in_(("Started", "Submitted")),
        )
        .values(
            status="Rejected",
            decided_at=at,
            reason="The Qualification type was deleted.",
        )
    )
