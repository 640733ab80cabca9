"""The activity log: who did what and when, kept for good.

It never holds worker ids, passwords or keys: only names of users, studies and files,
and counts.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from study_server.services import Services
from study_server.store import Transaction
from study_server.store.accounts import activity as rows
from study_server.store.accounts.activity import ActivityEntry

__all__ = [
    "Action",
    "ActivityEntry",
    "find_break",
    "list_activity",
    "newest_digest",
    "note",
    "note_now",
]

Action: TypeAlias = Literal[
    "signed in",
    "sign-in failed",
    "sign-ins ended",
    "password changed",
    "second factor set up",
    "second factor removed",
    "recovery code used",
    "user added",
    "user removed",
    "user let in again",
    "role changed",
    "study created",
    "study piloted",
    "study frozen",
    "study opened",
    "study paused",
    "study resumed",
    "study closed",
    "study amended",
    "study exported",
    "study imported",
    "observer taken in",
    "sample drawn",
    "sessions judged again",
    "work posted",
    "work approved",
    "work rejected",
    "bonuses paid",
    "participant released",
    "participant erased",
]
MAX_LISTED: Final = 200


def note(
    services: Services,
    tx: Transaction,
    action: Action,
    *,
    subject: str = "",
    detail: str = "",
    actor: str = "",
) -> None:
    """Write down what is done in this transaction, as its last statement.

    Args:
        services: Who acts, and the time.
        tx: What is noted is kept with it, or undone with it.
        action: What was done.
        subject: To which user or study.
        detail: How often, to what, where to; no identities, no secrets.
        actor: Who, where that is not who `services` act for.
    """
    entry = rows.NewActivityEntry(
        at=services.clock(),
        source=services.actor.source,
        actor=actor or services.actor.name,
        action=action,
        subject=subject,
        detail=detail,
    )
    rows.append(tx, entry)


def note_now(
    services: Services, action: Action, *, subject: str = "", detail: str = ""
) -> None:
    """The same in a transaction of its own, for what was done elsewhere."""
    with services.store.write() as tx:
        note(services, tx, action, subject=subject, detail=detail)


def list_activity(
    services: Services,
    *,
    n: int = MAX_LISTED,
    before: int | None = None,
    subject: str = "",
) -> list[ActivityEntry]:
    """What was done, the latest first.

    Args:
        services: The store.
        n: At most so many.
        before: Only what came before this entry.
        subject: Only what was done to this user or study, or by this user.
    """
    with services.store.read() as tx:
        return rows.latest(tx, n=n, before=before, subject=subject)


def find_break(services: Services) -> int | None:
    """The first entry that was changed, or follows one that is gone; None if none.

    Every entry carries a digest of itself and of the one before.
    """
    with services.store.read() as tx:
        return rows.first_break(tx)


def newest_digest(services: Services) -> str:
    """The digest of the latest entry; kept elsewhere, it shows a log cut short."""
    with services.store.read() as tx:
        return rows.newest_digest(tx)
