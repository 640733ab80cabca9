"""Queries about requesters and their money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select

from study_server.database.engine import Transaction
from study_server.marketplace.store.tables import (
    Assignment,
    Bonus,
    Hit,
    Requester,
    Worker,
)


def by_access_key(tx: Transaction, access_key: str) -> Requester | None:
    """The requester with that access key."""
    return tx.scalar(select(Requester).where(Requester.access_key == access_key))


def by_name(tx: Transaction, name: str) -> Requester | None:
    """The requester of that name."""
    return tx.scalar(select(Requester).where(Requester.name == name))


def by_id(tx: Transaction, requester_id: int) -> Requester | None:
    """The requester with that key of the database."""
    return tx.get(Requester, requester_id)


def lock(tx: Transaction, requester_id: int) -> Requester:
    """The requester, held until the transaction ends.

    Everything that moves money or counters takes this lock first, so that two
    transactions never wait for each other.
    """
    query = select(Requester).where(Requester.id == requester_id).with_for_update()
    return tx.scalars(query.execution_options(populate_existing=True)).one()


def all_requesters(tx: Transaction) -> list[Requester]:
    """Every requester, by name."""
    return list(tx.scalars(select(Requester).order_by(Requester.name)))


def add(tx: Transaction, requester: Requester) -> Requester:
    """Keep a new requester."""
    tx.add(requester)
    tx.flush()
    return requester


def paid_cents(tx: Transaction, requester_id: int) -> dict[str, int]:
    """What was paid so far: rewards, bonuses and the fees on both, in cents."""
    rewards, reward_fees = tx.execute(
        select(
            func.coalesce(func.sum(Assignment.paid_cents), 0),
            func.coalesce(func.sum(Assignment.fee_cents), 0),
        )
        .join(Hit, Hit.id == Assignment.hit_id)
        .where(Hit.requester_id == requester_id)
    ).one()
    bonuses, bonus_fees = tx.execute(
        select(
            func.coalesce(func.sum(Bonus.bonus_cents), 0),
            func.coalesce(func.sum(Bonus.fee_cents), 0),
        ).where(Bonus.requester_id == requester_id)
    ).one()
    return {
        "rewards": int(rewards),
        "bonuses": int(bonuses),
        "fees": int(reward_fees) + int(bonus_fees),
    }


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """A worker as one requester knows them.

    Attributes:
        worker_id: Their public id.
        n_submitted: Assignments handed in.
        n_approved: Of these, approved.
        n_rejected: Of these, rejected.
        paid_cents: Rewards paid.
        bonus_cents: Bonuses paid.
    """

    worker_id: str
    n_submitted: int
    n_approved: int
    n_rejected: int
    paid_cents: int
    bonus_cents: int


def people_of(tx: Transaction, requester_id: int) -> list[Colleague]:
    """Everybody who handed in work to a requester, the busiest first."""
    bonuses = _bonuses_by_worker(tx, requester_id)
    return [
        Colleague(
            worker_id=row[1],
            n_submitted=int(row[2]),
            n_approved=int(row[3]),
            n_rejected=int(row[4]),
            paid_cents=int(row[5]),
            bonus_cents=bonuses.get(row[0], 0),
        )
        for row in tx.execute(_people(requester_id))
    ]


def _people(requester_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Worker.id,
            Worker.public_id,
            func.count(),
            func.sum(case((Assignment.status == "Approved", 1), else_=0)),
            func.sum(case((Assignment.status == "Rejected", 1), else_=0)),
            func.sum(Assignment.paid_cents),
        )
        .join(Assignment, Assignment.worker_id == Worker.id)
        .join(Hit, Hit.id == Assignment.hit_id)
        .where(Hit.requester_id == requester_id, Assignment.submitted_at.is_not(None))
        .group_by(Worker.id, Worker.public_id)
        .order_by(func.count().desc(), Worker.id)
    )


def _bonuses_by_worker(tx: Transaction, requester_id: int) -> dict[int, int]:
    query = (
        select(Bonus.worker_id, func.sum(Bonus.bonus_cents))
        .where(Bonus.requester_id == requester_id)
        .group_by(Bonus.worker_id)
    )
    return {worker_id: int(cents) for worker_id, cents in tx.execute(query)}
