"""Queries about workers, their messages and who blocked them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select, update

from study_server.database.engine import Transaction
from study_server.marketplace.store.list_pages import ListPage, Position, read_page
from study_server.marketplace.store.tables import (
    Assignment,
    Hit,
    Worker,
    WorkerBlock,
    WorkerMessage,
)


def by_public_id(tx: Transaction, public_id: str) -> Worker | None:
    """The worker with that id."""
    return tx.scalar(select(Worker).where(Worker.public_id == public_id))


def by_name(tx: Transaction, name: str) -> Worker | None:
    """The worker of that name."""
    return tx.scalar(select(Worker).where(Worker.name == name))


def by_id(tx: Transaction, worker_id: int) -> Worker | None:
    """The worker with that key of the database."""
    return tx.get(Worker, worker_id)


def get(tx: Transaction, worker_id: int) -> Worker:
    """The worker with that key, who is there."""
    return tx.get_one(Worker, worker_id)


def has_old_hashes(tx: Transaction) -> bool:
    """Whether anybody's password is still kept as it was before argon2."""
    old = select(Worker.id).where(Worker.password_hash.like("scrypt:%")).limit(1)
    return tx.scalar(old) is not None


def add(tx: Transaction, worker: Worker) -> Worker:
    """Keep a new worker."""
    tx.add(worker)
    tx.flush()
    return worker


def all_workers(tx: Transaction) -> list[Worker]:
    """Every worker, oldest first."""
    return list(tx.scalars(select(Worker).order_by(Worker.id)))


def find_block(
    tx: Transaction, *, requester_id: int, worker_id: int
) -> WorkerBlock | None:
    """The block of a worker by a requester."""
    return tx.scalar(
        select(WorkerBlock).where(
            WorkerBlock.requester_id == requester_id,
            WorkerBlock.worker_id == worker_id,
        )
    )


def blocking_requesters(tx: Transaction, worker_id: int) -> set[int]:
    """Keys of the requesters who blocked a worker."""
    query = select(WorkerBlock.requester_id).where(WorkerBlock.worker_id == worker_id)
    return set(tx.scalars(query))


def add_block(tx: Transaction, block: WorkerBlock) -> None:
    """Keep a new block."""
    tx.add(block)
    tx.flush()


def delete_block(tx: Transaction, *, requester_id: int, worker_id: int) -> None:
    """Let a worker work for a requester again."""
    tx.execute(
        delete(WorkerBlock).where(
            WorkerBlock.requester_id == requester_id,
            WorkerBlock.worker_id == worker_id,
        )
    )


def count_blocks(tx: Transaction, requester_id: int) -> int:
    """How many workers a requester blocked."""
    query = select(func.count()).where(WorkerBlock.requester_id == requester_id)
    return int(tx.scalar(query) or 0)


def list_blocks(
    tx: Transaction, requester_id: int, *, after: Position | None, limit: int
) -> ListPage[WorkerBlock]:
    """A requester's blocks, oldest first."""
    query = select(WorkerBlock).where(WorkerBlock.requester_id == requester_id)
    return read_page(tx, query, by=[WorkerBlock.id], after=after, limit=limit)


def judged_by(
    tx: Transaction, requester_id: int, public_ids: Iterable[str]
) -> set[str]:
    """Those of the workers whose work the requester approved or rejected."""
    query = (
        select(Worker.public_id)
        .join(Assignment, Assignment.worker_id == Worker.id)
        .join(Hit, Hit.id == Assignment.hit_id)
        .where(
            Worker.public_id.in_(list(public_ids)),
            Hit.requester_id == requester_id,
            Assignment.status.in_(("Approved", "Rejected")),
        )
        .distinct()
    )
    return set(tx.scalars(query))


def send_notice(tx: Transaction, notice: WorkerMessage) -> None:
    """Leave a message for a worker."""
    tx.add(notice)


def notices(
    tx: Transaction, worker_id: int, *, limit: int = 100
) -> list[WorkerMessage]:
    """A worker's messages, newest first."""
    query = (
        select(WorkerMessage)
        .where(WorkerMessage.worker_id == worker_id)
        .order_by(WorkerMessage.id.desc())
        .limit(limit)
    )
    return list(tx.scalars(query))


def delete_notices(tx: Transaction, worker_id: int) -> None:
    """Forget every message to a worker."""
    tx.execute(delete(WorkerMessage).where(WorkerMessage.worker_id == worker_id))


def count_unread(tx: Transaction, worker_id: int) -> int:
    """How many messages a worker has not seen."""
    query = select(func.count()).where(
        WorkerMessage.worker_id == worker_id, WorkerMessage.read_at.is_(None)
    )
    return int(tx.scalar(query) or 0)


def mark_read(tx: Transaction, worker_id: int, *, at: datetime) -> None:
    """Remember that a worker has seen every message."""
    tx.execute(
        update(WorkerMessage)
        .where(WorkerMessage.worker_id == worker_id, WorkerMessage.read_at.is_(None))
        .values(read_at=at)
    )
