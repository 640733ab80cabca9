"""Queries about assignments and bonuses."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from study_server.database.engine import Transaction
from study_server.marketplace.store.list_pages import ListPage, Position, read_page
from study_server.marketplace.store.tables import Assignment, Bonus, Hit, HitType

GONE = ("Returned", "Abandoned")


def live(tx: Transaction, public_id: str) -> Assignment | None:
    """The assignment with that id that was neither returned nor abandoned."""
    return tx.scalar(
        select(Assignment).where(
            Assignment.public_id == public_id, Assignment.status.not_in(GONE)
        )
    )


def latest(tx: Transaction, public_id: str) -> Assignment | None:
    """The last assignment that had this id, whatever became of it."""
    return tx.scalar(
        select(Assignment)
        .where(Assignment.public_id == public_id)
        .order_by(Assignment.attempt.desc())
        .limit(1)
    )


def of_worker(tx: Transaction, public_id: str, *, worker_id: int) -> Assignment | None:
    """The last assignment with this id that a worker had."""
    return tx.scalar(
        select(Assignment)
        .where(Assignment.public_id == public_id, Assignment.worker_id == worker_id)
        .order_by(Assignment.attempt.desc())
        .limit(1)
    )


def held_by(tx: Transaction, hit_id: int, *, worker_id: int) -> Assignment | None:
    """A worker's assignment of a HIT that was neither returned nor abandoned."""
    return tx.scalar(
        select(Assignment).where(
            Assignment.hit_id == hit_id,
            Assignment.worker_id == worker_id,
            Assignment.status.not_in(GONE),
        )
    )


def refreshed(tx: Transaction, assignment_id: int) -> Assignment:
    """An assignment as it is now, once its requester is locked."""
    query = select(Assignment).where(Assignment.id == assignment_id)
    return tx.scalars(query.execution_options(populate_existing=True)).one()


def add(tx: Transaction, assignment: Assignment) -> None:
    """Keep a new assignment."""
    tx.add(assignment)
    tx.flush()


def reusable_id(tx: Transaction, hit_id: int) -> str | None:
    """The id of an assignment that was given back last and is free now."""
    in_use = select(Assignment.public_id).where(
        Assignment.hit_id == hit_id, Assignment.status.not_in(GONE)
    )
    return tx.scalar(
        select(Assignment.public_id)
        .where(
            Assignment.hit_id == hit_id,
            Assignment.status.in_(GONE),
            Assignment.public_id.not_in(in_use),
        )
        .order_by(Assignment.id.desc())
        .limit(1)
    )


def next_attempt(tx: Transaction, public_id: str) -> int:
    """1 for a new id, one more each time it is given out again."""
    query = select(func.max(Assignment.attempt)).where(
        Assignment.public_id == public_id
    )
    return int(tx.scalar(query) or 0) + 1


def list_of_hit(
    tx: Transaction,
    hit_id: int,
    *,
    statuses: Collection[str],
    after: Position | None,
    limit: int,
) -> ListPage[Assignment]:
    """A HIT's submitted assignments, the first submitted first."""
    query = select(Assignment).where(
        Assignment.hit_id == hit_id,
        Assignment.submitted_at.is_not(None),
        Assignment.status.in_(list(statuses)),
    )
    by = [Assignment.submitted_at, Assignment.id]
    return read_page(tx, query, by=by, after=after, limit=limit)


def all_of_hit(tx: Transaction, hit_id: int) -> list[Assignment]:
    """Every submitted assignment of a HIT, in order of submission."""
    query = (
        select(Assignment)
        .where(Assignment.hit_id == hit_id, Assignment.submitted_at.is_not(None))
        .order_by(Assignment.submitted_at, Assignment.id)
    )
    return list(tx.scalars(query))


def under_way(tx: Transaction, worker_id: int) -> list[Assignment]:
    """What a worker accepted and has not finished, the most urgent first."""
    query = (
        select(Assignment)
        .where(Assignment.worker_id == worker_id, Assignment.status == "Accepted")
        .order_by(Assignment.deadline_at)
    )
    return list(tx.scalars(query))


def of_person(
    tx: Transaction, worker_id: int, *, after: Position | None, limit: int
) -> ListPage[Assignment]:
    """Everything a worker took, newest first."""
    query = select(Assignment).where(Assignment.worker_id == worker_id)
    return read_page(
        tx, query, by=[Assignment.id], after=after, limit=limit, is_descending=True
    )


def add_bonus(tx: Transaction, bonus: Bonus) -> None:
    """Keep a new bonus."""
    tx.add(bonus)
    tx.flush()


def list_bonuses(
    tx: Transaction,
    *,
    hit_id: int | None,
    assignment_ids: Collection[int] | None,
    after: Position | None,
    limit: int,
) -> ListPage[Bonus]:
    """Bonuses of a HIT, or of the assignments that had one id, oldest first."""
    query = select(Bonus)
    if hit_id is not None:
        query = query.where(Bonus.hit_id == hit_id)
    if assignment_ids is not None:
        query = query.where(Bonus.assignment_id.in_(list(assignment_ids)))
    return read_page(tx, query, by=[Bonus.id], after=after, limit=limit)


def bonuses_of_person(tx: Transaction, worker_id: int) -> list[Bonus]:
    """Every bonus a worker got, newest first."""
    query = select(Bonus).where(Bonus.worker_id == worker_id).order_by(Bonus.id.desc())
    return list(tx.scalars(query))


def ids_with(tx: Transaction, public_id: str) -> list[int]:
    """Keys of every assignment that ever had this id."""
    query = select(Assignment.id).where(Assignment.public_id == public_id)
    return list(tx.scalars(query))


def waiting_cents(tx: Transaction, worker_id: int) -> int:
    """Rewards of what a worker submitted and nobody decided on yet."""
    query = (
        select(func.coalesce(func.sum(HitType.reward_cents), 0))
        .select_from(Assignment)
        .join(Hit, Hit.id == Assignment.hit_id)
        .join(HitType, HitType.id == Hit.hit_type_id)
        .where(Assignment.worker_id == worker_id, Assignment.status == "Submitted")
    )
    return int(tx.scalar(query) or 0)
