"""Connections and transactions, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session as OrmSession

from study_server.private_files import make_private_database

# What services hand to the queries of this package; they call nothing on it.
Transaction = OrmSession

BUSY_TIMEOUT_S: Final = 30.0
_IS_WRITE: Final = "secondlook_is_write"


class Store:
    """The database of one server; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        # Waiting in line here is fair and quick; SQLite's own waiting sleeps and
        # lets late comers overtake. Other processes still wait there.
        self._one_writer = threading.Lock() if self._is_sqlite else nullcontext()
        self._writing = engine.execution_options(**{_IS_WRITE: True})
        self._reading = engine if self._is_sqlite else _snapshots(engine)

    @property
    def dialect(self) -> str:
        """The engine: "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One unchanging view of the database; nothing is kept."""
        with OrmSession(self._reading, expire_on_commit=False) as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is kept whole, or not at all if the body raises.

        When the `with` block ends, what was written survives a crash.
        """
        with (
            self._one_writer,
            OrmSession(self._writing, expire_on_commit=False) as tx,
            tx.begin(),
        ):
            yield tx

    def within(self, tx: Transaction) -> Store:
        """The same store inside a transaction that is under way.

        What is written there is kept, or not, with that transaction; a write whose
        body raises is undone alone.
        """
        return _Within(self._engine, tx)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


class _Within(Store):
    """Reads and writes that are part of a larger transaction."""

    def __init__(self, engine: Engine, tx: Transaction) -> None:
        super().__init__(engine)
        self._tx = tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        yield self._tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._tx.begin_nested():
            yield self._tx


def open_store(database_url: str) -> Store:
    """The store behind a URL; tables are made by `schema.upgrade`."""
    return Store(make_engine(database_url))


def make_engine(database_url: str, *, has_foreign_keys: bool = True) -> Engine:
    """An engine that keeps the promises of `Store`.

    Args:
        database_url: `sqlite:///FILE` or `postgresql://...`.
        has_foreign_keys: False only while tables are rebuilt, on SQLite.
    """
    url = normal_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, has_foreign_keys=has_foreign_keys)
    return create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)


def normal_url(database_url: str) -> URL:
    """The URL with our driver for PostgreSQL: psycopg 3."""
    url = make_url(database_url)
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def is_sqlite(database_url: str) -> bool:
    """Whether the database is a file of SQLite."""
    return normal_url(database_url).get_backend_name() == "sqlite"


def sqlite_file(database_url: str) -> Path:
    """The file behind a SQLite address."""
    return Path(normal_url(database_url).database or "")


def shown_url(database_url: str) -> str:
    """What messages call a database: its file, or its address without a password."""
    if is_sqlite(database_url):
        return str(sqlite_file(database_url))
    return normal_url(database_url).set(password=None).render_as_string()


def _snapshots(engine: Engine) -> Engine:
    return engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


def _sqlite_engine(url: URL, *, has_foreign_keys: bool) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
    )
    if url.database and url.database != ":memory:" and "uri" not in url.query:
        make_private_database(Path(url.database))

    def on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        # sqlite3 would begin transactions by itself, and too late: begin below.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA foreign_keys = {int(has_foreign_keys)}")
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")

    def on_begin(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot wait for its turn
        # and fails at once, so writers take the lock before they read.
        is_write = connection.get_execution_options().get(_IS_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine
