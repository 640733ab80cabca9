"""Queries about what happens by itself when its time has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select

from study_server.database.engine import Transaction
from study_server.marketplace.store.tables import Assignment, Hit

KINDS: Final = ("abandon", "expire", "approve", "dispose")


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """Something whose time has come.

    Attributes:
        kind: One of `KINDS`.
        id: The database's key of the assignment (abandon, approve) or the HIT.
        hit_id: The database's key of the HIT.
        at: When it should have happened.
    """

    kind: str
    id: int
    hit_id: int
    at: datetime


def passed_deadlines(tx: Transaction, *, at: datetime, limit: int) -> list[Deadline]:
    """What is due by then, the earliest first; `limit` of each kind at most."""
    found = [
        Deadline(kind=kind, id=row[0], hit_id=row[1], at=row[2])
        for kind in KINDS
        for row in tx.execute(_query(kind, at).limit(limit))
    ]
    return sorted(found, key=lambda entry: (entry.at, KINDS.index(entry.kind)))


def is_anything_due(tx: Transaction, *, at: datetime) -> bool:
    """Whether something is due by then; four looks into an index."""
    return any(tx.execute(_query(kind, at).limit(1)).first() for kind in KINDS)


def _query(kind: str, at: datetime) -> Select[*tuple[Any, ...]]:
    if kind == "abandon":
        return (
            select(Assignment.id, Assignment.hit_id, Assignment.deadline_at)
            .where(Assignment.status == "Accepted", Assignment.deadline_at <= at)
            .order_by(Assignment.deadline_at)
        )
    if kind == "approve":
        return (
            select(Assignment.id, Assignment.hit_id, Assignment.auto_approve_at)
            .where(Assignment.status == "Submitted", Assignment.auto_approve_at <= at)
            .order_by(Assignment.auto_approve_at)
        )
    if kind == "expire":
        return (
            select(Hit.id, Hit.id, Hit.expires_at)
            .where(Hit.is_expired.is_(False), Hit.expires_at <= at)
            .order_by(Hit.expires_at)
        )
    return (
        select(Hit.id, Hit.id, Hit.dispose_at)
        .where(Hit.status != "Disposed", Hit.dispose_at <= at)
        .order_by(Hit.dispose_at)
    )
