"""Queries about who did what."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import or_, select, text

from study_server.database.engine import Transaction
from study_server.store.tables import Activity

# Any number will do, as long as nobody else locks the same one.
_LOCK: Final = 7_302_114_553


@dataclass(frozen=True, kw_only=True)
class NewActivityEntry:
    """What somebody did: when, through what, who, what, to what, how."""

    at: datetime
    source: str
    actor: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class ActivityEntry(NewActivityEntry):
    """The same, kept: its number, and the digest of it and of all before it."""

    id: int
    digest: str


def append(tx: Transaction, entry: NewActivityEntry) -> None:
    """Add an entry; others wait until this transaction is over."""
    # On SQLite whoever writes is alone already.
    if tx.get_bind().dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    tx.add(Activity(**asdict(entry), digest=_digest(newest_digest(tx), entry)))
    tx.flush()


def newest_digest(tx: Transaction) -> str:
    """Of the latest entry; "" where there is none."""
    newest = select(Activity.digest).order_by(Activity.id.desc()).limit(1)
    return tx.scalar(newest) or ""


def latest(
    tx: Transaction, *, n: int, before: int | None, subject: str
) -> list[ActivityEntry]:
    """At most n entries, the latest first."""
    wanted = select(Activity).order_by(Activity.id.desc()).limit(n)
    if before is not None:
        wanted = wanted.where(Activity.id < before)
    if subject:
        wanted = wanted.where(
            or_(Activity.subject == subject, Activity.actor == subject)
        )
    return [_entry(row) for row in tx.scalars(wanted)]


def first_break(tx: Transaction) -> int | None:
    """The first entry whose digest is not of itself and of the one before."""
    before = ""
    rows = select(Activity).order_by(Activity.id).execution_options(yield_per=1000)
    for row in tx.scalars(rows):
        if row.digest != _digest(before, _entry(row)):
            return row.id
        before = row.digest
    return None


def _entry(row: Activity) -> ActivityEntry:
    return ActivityEntry(
        id=row.id,
        at=row.at,
        source=row.source,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
        digest=row.digest,
    )


def _digest(before: str, entry: NewActivityEntry) -> str:
    said = [
        before,
        entry.at.astimezone(UTC).isoformat(),
        entry.source,
        entry.actor,
        entry.action,
        entry.subject,
        entry.detail,
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
