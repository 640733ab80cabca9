"""A database brought to where this version needs it, as far as that is allowed."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from study_server.database import backups
from study_server.database.engine import is_sqlite, sqlite_file
from study_server.database.migrations import Migrations
from study_server.database.running_servers import serving_addresses
from study_server.errors import DatabaseInUseError, DatabaseMissingError

# "read" changes nothing, not even its tables; "change" works on what is there;
# "create" makes a database where there is none.
DatabaseUse = Literal["read", "change", "create"]
Tell = Callable[[str], None]

_WAIT_S: Final = 2.0


def make_ready(
    database_url: str, migrations: Migrations, *, use: DatabaseUse, tell: Tell
) -> None:
    """See that the database is there, at the revision this version needs.

    A SQLite file is brought up to date by itself, after a backup and while nobody
    else uses it; a shared database is only checked, since other servers may be
    using it.

    Args:
        database_url: The database.
        migrations: Its migrations.
        use: What it is wanted for.
        tell: Is told what was done by itself.

    Raises:
        DatabaseMissingError: If there is none, and none may be made.
        DatabaseOutdatedError: If it is not current and may not be changed.
        DatabaseInUseError: If it is not current, and others use it.
    """
    if not is_sqlite(database_url):
        migrations.require_current(database_url)
        return
    path = sqlite_file(database_url)
    if not path.is_file() or path.stat().st_size == 0:
        _require_makeable(path, migrations, use=use)
        migrations.upgrade(database_url)
        return
    problem = migrations.problem(migrations.current(database_url))
    if problem is None:
        return
    if use == "read":
        raise problem
    upgrade_safely(database_url, migrations, tell=tell)


def _require_makeable(path: Path, migrations: Migrations, *, use: DatabaseUse) -> None:
    if use != "create":
        raise DatabaseMissingError(
            f"{backups.missing_words(path)}; `{migrations.maker}` makes a new one"
        )
    if not path.parent.is_dir():
        raise DatabaseMissingError(
            f"there is no folder {path.parent} for the database {path.name}: make it, "
            "or mend database_url (SECONDLOOK_DATABASE_URL or secondlook.toml)"
        )


def upgrade_safely(database_url: str, migrations: Migrations, *, tell: Tell) -> None:
    """Bring a SQLite file up to date: alone, and after a backup.

    Raises:
        DatabaseNewerError: If a newer version of the program has used it.
        DatabaseInUseError: If others use it.
        BackupError: If no backup can be made; nothing was changed.
    """
    path = sqlite_file(database_url)
    with _one_at_a_time(path):
        before = migrations.current(database_url)
        if migrations.problem(before) is None:
            return
        if before is None:
            migrations.upgrade(database_url)
            return
        copy = _upgrade_alone(database_url, migrations)
    tell(
        f"{path} was brought from revision {before} to {migrations.newest()}; as it was "
        f"before, it is kept in {copy}"
    )


def _upgrade_alone(database_url: str, migrations: Migrations) -> Path:
    path = sqlite_file(database_url)
    migrations.require_known(database_url)
    _require_unused(path)
    now = datetime.now(UTC)
    copy = path.with_name(f"{path.stem}-before-{now:%Y%m%dT%H%M%S%f}{path.suffix}")
    backups.backup(database_url, to=copy)
    migrations.upgrade(database_url)
    return copy


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Let one process at a time upgrade; the lock ends with the process."""
    # The folder is locked, so that no file is left over.
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _require_unused(path: Path) -> None:
    where = ", ".join(serving_addresses(path))
    if where:
        raise DatabaseInUseError(
            f"{path} must be brought up to date, and a server serves it at {where}: "
            "stop that server, then run this command again; nothing was changed"
        )
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_S)) as connection:
            # SQLite leaves its log behind only when nobody else has the file open.
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise DatabaseInUseError(
            f"{path} must be brought up to date, and another process uses it "
            f"({error}): end servers and commands, then run this command again; "
            "nothing was changed"
        ) from error
