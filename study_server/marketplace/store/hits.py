"""Queries about HIT types and HITs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from study_server.database.engine import Transaction
from study_server.marketplace.store.list_pages import (
    ListPage,
    Position,
    holds,
    read_page,
)
from study_server.marketplace.store.requesters import lock
from study_server.marketplace.store.tables import (
    Assignment,
    Hit,
    HitPreview,
    HitType,
    HitTypeQualification,
)

DISPOSED = "Disposed"
MAX_WORDS = 20


def find_type(tx: Transaction, requester_id: int, *, digest: str) -> HitType | None:
    """The requester's HIT type with those properties."""
    return tx.scalar(
        select(HitType).where(
            HitType.requester_id == requester_id, HitType.digest == digest
        )
    )


def type_by_public_id(tx: Transaction, public_id: str) -> HitType | None:
    """The HIT type with that id."""
    return tx.scalar(select(HitType).where(HitType.public_id == public_id))


def type_by_group(tx: Transaction, group_id: str) -> HitType | None:
    """The HIT type whose HITs form that group."""
    return tx.scalar(select(HitType).where(HitType.group_id == group_id))


def add_type(tx: Transaction, hit_type: HitType, *, asks_for: Collection[str]) -> None:
    """Keep a new HIT type with the ids of the Qualification types it asks for."""
    tx.add(hit_type)
    tx.flush()
    for type_id in sorted(set(asks_for)):
        tx.add(
            HitTypeQualification(hit_type_id=hit_type.id, qualification_type_id=type_id)
        )


def delete_unused_types_asking_for(
    tx: Transaction, *, qualification_type_id: str
) -> None:
    """Remove HIT types without HITs that ask for a Qualification type."""
    asking = select(HitTypeQualification.hit_type_id).where(
        HitTypeQualification.qualification_type_id == qualification_type_id
    )
    used = select(Hit.hit_type_id)
    tx.execute(delete(HitType).where(HitType.id.in_(asking), HitType.id.not_in(used)))


def by_public_id(tx: Transaction, public_id: str) -> Hit | None:
    """The HIT with that id."""
    return tx.scalar(select(Hit).where(Hit.public_id == public_id))


def locked(tx: Transaction, hit_id: int) -> Hit:
    """The HIT, its requester locked first, both as they are now."""
    requester_id = tx.scalars(select(Hit.requester_id).where(Hit.id == hit_id)).one()
    lock(tx, requester_id)
    query = select(Hit).where(Hit.id == hit_id).with_for_update(of=Hit)
    return tx.scalars(query.execution_options(populate_existing=True)).one()


def add(tx: Transaction, hit: Hit) -> None:
    """Keep a new HIT."""
    tx.add(hit)
    tx.flush()


def open_ids(tx: Transaction, requester_id: int) -> list[int]:
    """Keys of a requester's HITs that have not expired."""
    query = select(Hit.id).where(Hit.requester_id == requester_id, ~Hit.is_expired)
    return list(tx.scalars(query))


def stop_notifying(tx: Transaction, requester_id: int) -> None:
    """Forget where a requester's notifications go."""
    tx.execute(
        update(HitType)
        .where(HitType.requester_id == requester_id)
        .values(notification=None, is_notifying=False)
    )


def list_hits(
    tx: Transaction,
    requester_id: int,
    *,
    after: Position | None,
    limit: int,
    status: str | None = None,
    hit_type: HitType | None = None,
) -> ListPage[Hit]:
    """A requester's HITs, newest first, without those disposed of."""
    query = select(Hit).where(Hit.requester_id == requester_id)
    if status is None:
        query = query.where(Hit.status != DISPOSED)
    else:
        query = query.where(Hit.status == status)
    if hit_type is not None:
        query = query.where(Hit.hit_type_id == hit_type.id)
    return read_page(
        tx, query, by=[Hit.id], after=after, limit=limit, is_descending=True
    )


@dataclass(frozen=True, kw_only=True)
class HitGroup:
    """A requester's HITs of one type, added up.

    Attributes:
        hit_type: Their title, reward and the rest.
        n_hits: How many.
        n_places: Assignments they have together.
        n_taken: Those that workers hold now.
        n_to_decide: Those that wait for the requester.
        n_decided: Those that were approved or rejected.
        only_id: The HIT's id where it is the only one.
        newest: Key of the newest.
        expires_at: When the last of them expires.
    """

    hit_type: HitType
    n_hits: int
    n_places: int
    n_taken: int
    n_to_decide: int
    n_decided: int
    only_id: str | None
    newest: int
    expires_at: datetime

    @property
    def n_open(self) -> int:
        """Places that nobody has taken yet."""
        return max(0, self.n_places - self.n_taken - self.n_to_decide - self.n_decided)


def list_groups(
    tx: Transaction,
    requester_id: int,
    *,
    before: int | None,
    limit: int,
    status: str | None = None,
) -> ListPage[HitGroup]:
    """A requester's HITs by type, that of the newest HIT first.

    Args:
        tx: A transaction.
        requester_id: Whose.
        before: The `newest` of the last group of the page before.
        limit: Groups at most.
        status: Only HITs in it; where left out, all but those disposed of.
    """
    newest = func.max(Hit.id)
    wanted = Hit.status != DISPOSED if status is None else Hit.status == status
    query = (
        select(
            Hit.hit_type_id,
            func.count(),
            func.sum(Hit.max_assignments),
            func.sum(Hit.n_pending),
            func.sum(Hit.n_submitted),
            func.sum(Hit.n_decided),
            func.min(Hit.public_id),
            newest,
            func.max(Hit.expires_at),
        )
        .where(Hit.requester_id == requester_id, wanted)
        .group_by(Hit.hit_type_id)
        .order_by(newest.desc())
    )
    if before is not None:
        query = query.having(newest < before)
    rows = tx.execute(query.limit(limit + 1)).all()
    shown = rows[:limit]
    of_id = select(HitType).where(HitType.id.in_([row[0] for row in shown]))
    kinds = {kind.id: kind for kind in tx.scalars(of_id)}
    groups = [
        HitGroup(
            hit_type=kinds[row[0]],
            n_hits=row[1],
            n_places=int(row[2]),
            n_taken=int(row[3]),
            n_to_decide=int(row[4]),
            n_decided=int(row[5]),
            only_id=row[6] if row[1] == 1 else None,
            newest=row[7],
            expires_at=row[8],
        )
        for row in shown
    ]
    return ListPage(
        rows=groups,
        after=(groups[-1].newest,) if groups else None,
        is_last=len(rows) <= limit,
    )


def list_asking_for(
    tx: Transaction,
    requester_id: int,
    *,
    qualification_type_id: str,
    after: Position | None,
    limit: int,
) -> ListPage[Hit]:
    """A requester's HITs that ask for a Qualification, newest first."""
    asking = select(HitTypeQualification.hit_type_id).where(
        HitTypeQualification.qualification_type_id == qualification_type_id
    )
    query = select(Hit).where(
        Hit.requester_id == requester_id,
        Hit.status != DISPOSED,
        Hit.hit_type_id.in_(asking),
    )
    return read_page(
        tx, query, by=[Hit.id], after=after, limit=limit, is_descending=True
    )


def open_groups(
    tx: Transaction, *, words: Sequence[str], limit: int
) -> list[tuple[HitType, int, datetime]]:
    """HIT types with assignable HITs: how many, and when the newest was made.

    Args:
        tx: A transaction.
        words: Each must be in title, description or keywords; the first 20 count.
        limit: Types at most, newest first.
    """
    newest = func.max(Hit.created_at)
    counts = (
        select(Hit.hit_type_id, func.count().label("n"), newest.label("newest"))
        .where(Hit.status == "Assignable")
        .group_by(Hit.hit_type_id)
        .subquery()
    )
    query = select(HitType, counts.c.n, counts.c.newest).join(
        counts, counts.c.hit_type_id == HitType.id
    )
    searched = (HitType.title, HitType.description, HitType.keywords)
    for word in words[:MAX_WORDS]:
        query = query.where(holds(tx, searched, word))
    found = tx.execute(query.order_by(HitType.id.desc()).limit(limit))
    return [(row[0], int(row[1]), row[2]) for row in found]


def next_open_hit(tx: Transaction, hit_type_id: int, *, worker_id: int) -> Hit | None:
    """The oldest HIT of a type that a worker can take.

    One that was returned or abandoned can be taken again.
    """
    taken = select(Assignment.hit_id).where(
        Assignment.worker_id == worker_id,
        Assignment.status.not_in(("Returned", "Abandoned")),
    )
    query = (
        select(Hit)
        .where(
            Hit.status == "Assignable",
            Hit.hit_type_id == hit_type_id,
            Hit.id.not_in(taken),
        )
        .order_by(Hit.id)
        .limit(1)
    )
    return tx.scalar(query)


def see(tx: Transaction, hit_id: int, *, worker_id: int, until: datetime) -> None:
    """Note that a worker is looking at a HIT."""
    preview = tx.get(HitPreview, (hit_id, worker_id))
    if preview is None:
        tx.add(HitPreview(hit_id=hit_id, worker_id=worker_id, ends_at=until))
    else:
        preview.ends_at = until


def stop_seeing(tx: Transaction, hit_id: int, *, worker_id: int) -> None:
    """Forget that a worker is looking at a HIT."""
    tx.execute(
        delete(HitPreview).where(
            HitPreview.hit_id == hit_id, HitPreview.worker_id == worker_id
        )
    )


def count_previews(
    tx: Transaction, hit_ids: Collection[int], *, at: datetime
) -> dict[int, int]:
    """How many workers are looking at each HIT; HITs with none are left out."""
    query = (
        select(HitPreview.hit_id, func.count())
        .where(HitPreview.hit_id.in_(list(hit_ids)), HitPreview.ends_at > at)
        .group_by(HitPreview.hit_id)
    )
    return {hit_id: int(n) for hit_id, n in tx.execute(query)}


def count_by_status(tx: Transaction, requester_id: int) -> dict[str, int]:
    """How many HITs a requester has in each status."""
    query = (
        select(Hit.status, func.count())
        .where(Hit.requester_id == requester_id)
        .group_by(Hit.status)
    )
    return {status: int(n) for status, n in tx.execute(query)}
