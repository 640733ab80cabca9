"""What workers see of the marketplace: groups of HITs, their work, their earnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from study_server.database.engine import Transaction
from study_server.marketplace.money import write_cents
from study_server.marketplace.store import assignments, hits, requesters, workers
from study_server.marketplace.store.tables import Assignment, Hit, HitType, Worker
from study_server.marketplace.work.qualification_requirements import (
    HitAccess,
    access_of,
    in_words,
)

MAX_GROUPS: Final = 200
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class OpenHitGroup:
    """HITs of one type that can be taken.

    Attributes:
        group_id: Names the group in addresses.
        title: As the requester wrote it.
        description: As the requester wrote it.
        requester: Their name.
        reward: Dollars, "0.50".
        time_allotted: In words.
        n_hits: How many can be taken, by anybody.
        created_at: When the newest was made.
        requirements: In words.
        access: What this worker may do with them.
    """

    group_id: str
    title: str
    description: str
    requester: str
    reward: str
    time_allotted: str
    n_hits: int
    created_at: datetime | None
    requirements: tuple[str, ...]
    access: HitAccess


@dataclass(frozen=True, kw_only=True)
class WorkDone:
    """One row of a worker's list of work.

    Attributes:
        assignment_id: Names it in addresses.
        title: Of the HIT.
        requester: Their name.
        status: Accepted, Submitted, Approved, ...
        reward: Dollars.
        accepted_at: When it was taken.
        feedback: What the requester wrote.
        approval: When it is approved by itself, while it waits.
    """

    assignment_id: str
    title: str
    requester: str
    status: str
    reward: str
    accepted_at: datetime
    feedback: str
    approval: datetime | None


@dataclass(frozen=True, kw_only=True)
class Earnings:
    """What a worker earned.

    Attributes:
        total: Dollars, with bonuses.
        bonuses: When, how much, why; newest first.
        waiting: Dollars of work that is submitted and not decided.
    """

    total: str
    bonuses: tuple[tuple[datetime, str, str], ...]
    waiting: str


def find_groups(
    tx: Transaction, worker: Worker | None, *, words: str, is_qualified_only: bool
) -> list[OpenHitGroup]:
    """Groups a worker may see, newest first."""
    blocked = set() if worker is None else workers.blocking_requesters(tx, worker.id)
    found = hits.open_groups(tx, words=words.split(), limit=MAX_GROUPS)
    groups = [
        describe_group(tx, kind, worker, n_hits=n, created_at=newest)
        for kind, n, newest in found
        if kind.requester_id not in blocked
    ]
    return [
        group
        for group in groups
        if group.access.may_discover
        and (group.access.may_accept or not is_qualified_only)
    ]


def describe_group(
    tx: Transaction,
    kind: HitType,
    worker: Worker | None,
    *,
    n_hits: int = 0,
    created_at: datetime | None = None,
) -> OpenHitGroup:
    """A HIT type as workers see it."""
    requester = requesters.by_id(tx, kind.requester_id)
    return OpenHitGroup(
        group_id=kind.group_id,
        title=kind.title.strip() or "(no title)",
        description=kind.description,
        requester=requester.name if requester else "",
        reward=write_cents(kind.reward_cents),
        time_allotted=in_time_words(kind.assignment_duration_s),
        n_hits=n_hits,
        created_at=created_at,
        requirements=tuple(in_words(tx, kind.requirements)),
        access=access_of(tx, kind, worker),
    )


def next_hit(tx: Transaction, kind: HitType, worker: Worker | None) -> Hit | None:
    """The HIT of a group that a worker would get."""
    worker_id = 0 if worker is None else worker.id
    return hits.next_open_hit(tx, kind.id, worker_id=worker_id)


def list_work(tx: Transaction, worker: Worker, *, limit: int = 100) -> list[WorkDone]:
    """What a worker took, newest first."""
    page = assignments.of_person(tx, worker.id, after=None, limit=limit)
    return [_done(tx, entry) for entry in page.rows]


def earnings_of(tx: Transaction, worker: Worker) -> Earnings:
    """What a worker earned, and what may still come."""
    bonuses = assignments.bonuses_of_person(tx, worker.id)
    return Earnings(
        total=write_cents(worker.earned_cents),
        bonuses=tuple(
            (b.granted_at, write_cents(b.bonus_cents), b.reason) for b in bonuses
        ),
        waiting=write_cents(assignments.waiting_cents(tx, worker.id)),
    )


def in_time_words(seconds: int) -> str:
    """A duration as people say it: "1 h 30 min"."""
    parts: Sequence[tuple[int, str]] = (
        (seconds // _DAY_S, "d"),
        (seconds % _DAY_S // _HOUR_S, "h"),
        (seconds % _HOUR_S // _MINUTE_S, "min"),
        (seconds % _MINUTE_S, "s"),
    )
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s"


def _done(tx: Transaction, entry: Assignment) -> WorkDone:
    requester = requesters.by_id(tx, entry.hit.requester_id)
    return WorkDone(
        assignment_id=entry.public_id,
        title=entry.hit.hit_type.title,
        requester=requester.name if requester else "",
        status=entry.status,
        reward=write_cents(entry.hit.hit_type.reward_cents),
        accepted_at=entry.accepted_at,
        feedback=entry.feedback or "",
        approval=entry.auto_approve_at if entry.status == "Submitted" else None,
    )
