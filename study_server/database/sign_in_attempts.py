"""Attempts to sign in or up, counted in a database that all processes share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from limits.storage import Storage
from sqlalchemy import CheckConstraint, Table, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

_MAX_PURGED: Final = 200


class Transactions(Protocol):
    """A database that is read and written in transactions."""

    def read(self) -> AbstractContextManager[Session]:
        """One unchanging view."""

    def write(self) -> AbstractContextManager[Session]:
        """Kept whole, or not at all."""


class AttemptCount:
    """So many attempts under a key until its window ends; keys are digests."""

    key: Mapped[str] = mapped_column(primary_key=True)
    n_attempts: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[CheckConstraint, ...]:  # noqa: N805 - SQLAlchemy's way
        """Fresh for every table that is made of this."""
        return (CheckConstraint("n_attempts >= 0", name="n_attempts"),)


class AttemptStorage(Storage):
    """A storage of the `limits` library: every count is one atomic statement.

    Args:
        database: Where the counts are kept.
        table: A table of `AttemptCount`.
        clock: The time, aware.
    """

    STORAGE_SCHEME = None

    def __init__(
        self,
        database: Transactions,
        table: Table,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self._database = database
        self._table = table
        self._clock = clock

    @property
    def base_exceptions(self) -> type[Exception]:
        """What goes wrong here."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count under a key, and forget windows that ended; gives the new count.

        A window begins with its first count and ends `expiry` seconds later.
        """
        now, columns = self._clock(), self._table.c
        has_ended = columns.ends_at <= now
        ends_at = now + timedelta(seconds=expiry)
        fresh, more = max(amount, 0), columns.n_attempts + amount
        counted = {
            "n_attempts": case((has_ended, fresh), (more < 0, 0), else_=more),
            "ends_at": case((has_ended, ends_at), else_=columns.ends_at),
        }
        with self._database.write() as tx:
            insert = _insert_of(tx)(self._table).values(
                key=key, n_attempts=fresh, ends_at=ends_at
            )
            upsert = insert.on_conflict_do_update(
                index_elements=[columns.key], set_=counted
            )
            n_attempts = tx.execute(upsert.returning(columns.n_attempts)).scalar_one()
            if n_attempts == fresh:
                self._purge(tx, now)
        return int(n_attempts)

    def get(self, key: str) -> int:
        """The count of the window that has not ended yet."""
        found = self._live(key, self._table.c.n_attempts)
        return 0 if found is None else int(found)

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970; now where there is none."""
        found = self._live(key, self._table.c.ends_at)
        return float((found or self._clock()).astimezone(UTC).timestamp())

    def check(self) -> bool:
        """Whether the database answers."""
        self.get("")
        return True

    def reset(self) -> int | None:
        """Forget everything; how many keys there were."""
        return self._delete(delete(self._table))

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._delete(delete(self._table).where(self._table.c.key == key))

    def _live(self, key: str, column: Any) -> Any:  # noqa: ANN401 - whatever the column holds
        columns = self._table.c
        wanted = select(column).where(columns.key == key)
        with self._database.read() as tx:
            return tx.scalar(wanted.where(columns.ends_at > self._clock()))

    def _delete(self, statement: Any) -> int:  # noqa: ANN401 - SQLAlchemy's own type
        with self._database.write() as tx:
            return len(tx.execute(statement.returning(self._table.c.key)).all())

    def _purge(self, tx: Session, now: datetime) -> None:
        key = self._table.c.key
        # What another process is counting just now is skipped: nobody waits here.
        ended = (
            select(key)
            .where(self._table.c.ends_at <= now)
            .limit(_MAX_PURGED)
            .with_for_update(skip_locked=True)
        )
        tx.execute(delete(self._table).where(key.in_(ended)))


def _insert_of(tx: Session) -> Any:  # noqa: ANN401 - one class for each engine
    name = tx.get_bind().dialect.name
    return sqlite.insert if name == "sqlite" else postgresql.insert
