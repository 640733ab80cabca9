"""What happens by itself as time passes: nothing has to ask for it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from study_server.database.engine import Store, Transaction
from study_server.marketplace.errors import RequestError
from study_server.marketplace.notifications import announce
from study_server.marketplace.store import assignments, hits
from study_server.marketplace.store.deadlines import (
    Deadline,
    is_anything_due,
    passed_deadlines,
)
from study_server.marketplace.store.tables import Assignment
from study_server.marketplace.work.assignment_decisions import approve
from study_server.marketplace.work.hit_settlement import hold
from study_server.marketplace.work.review_policies import settle_and_review
from study_server.marketplace.work.worker_actions import abandon

_BATCH: Final = 200
# Without enough money nothing can be approved; later there may be.
_MAX_ROUNDS: Final = 10_000


def pass_time(store: Store, *, now: datetime) -> None:
    """Bring everything to the time it is, each thing at its own time.

    Assignments not finished in time are abandoned, HITs expire, submissions nobody
    decided on are approved, old HITs are disposed of.
    """
    with store.read() as tx:
        if not is_anything_due(tx, at=now):
            return
    for _ in range(_MAX_ROUNDS):
        with store.write() as tx:
            entries = passed_deadlines(tx, at=now, limit=_BATCH)
            if not sum(_happen(tx, entry) for entry in entries):
                return


def expire(tx: Transaction, hit_id: int, *, at: datetime) -> None:
    """End a HIT's lifetime: nobody can accept it any more."""
    hit = hits.locked(tx, hit_id)
    hit.is_expired = True
    announce(tx, "HITExpired", hit=hit, at=at)
    settle_and_review(tx, hit, at=at, is_strict=False)


def dispose(tx: Transaction, hit_id: int, *, at: datetime) -> None:
    """Take a HIT out of every list; its question and answers are kept."""
    hit = hits.locked(tx, hit_id)
    hit.status = "Disposed"
    hit.is_expired = True
    hit.dispose_at = None
    hold(tx, hit, is_strict=False)
    announce(tx, "HITDisposed", hit=hit, at=at)


def _happen(tx: Transaction, entry: Deadline) -> bool:
    """Whether it could happen."""
    if entry.kind == "expire":
        expire(tx, entry.hit_id, at=entry.at)
        return True
    if entry.kind == "dispose":
        dispose(tx, entry.hit_id, at=entry.at)
        return True
    hits.locked(tx, entry.hit_id)
    assignment = assignments.refreshed(tx, entry.id)
    if entry.kind == "abandon":
        abandon(tx, assignment, at=entry.at)
        return True
    return _approve(tx, assignment, entry.at)


def _approve(tx: Transaction, assignment: Assignment, at: datetime) -> bool:
    if assignment.status != "Submitted":
        return False
    try:
        approve(tx, assignment, at=at)
    except RequestError:
        return False
    return True
