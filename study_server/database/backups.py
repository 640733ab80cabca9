"""Copying a whole database, and looking at its health."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import which
from typing import Final

from study_server.database.engine import is_sqlite, normal_url, sqlite_file
from study_server.database.migrations import Migrations
from study_server.errors import DatabaseMissingError, StudyError
from study_server.private_files import (
    close_to_others,
    make_private_database,
    make_private_file,
)

_PAGES_AT_ONCE: Final = 1000
_WAIT_S: Final = 60.0

Progress = Callable[[int, int], None]


class BackupError(StudyError):
    """A copy that could not be made or put back."""


def backup(database_url: str, *, to: Path, on_progress: Progress | None = None) -> None:
    """A consistent copy of the database, while servers go on writing.

    SQLite by its online backup, PostgreSQL by pg_dump (custom format).

    Args:
        database_url: The database.
        to: A file that does not exist yet.
        on_progress: Called with pages done and pages in all (SQLite only).

    Raises:
        BackupError: If the file exists, or the copy failed or is damaged.
    """
    if to.exists():
        raise BackupError(f"{to} exists already; give a file that is not there yet")
    part = to.with_name(f".{to.name}.part")
    try:
        make_private_file(part)
        if is_sqlite(database_url):
            _copy(_existing_file(database_url), part, on_progress=on_progress)
            _as_one_file(part)
            _require_sound(part)
        else:
            _run(_pg_dump(database_url, part), database_url)
        part.rename(to)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"no backup was written to {to}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def restore(database_url: str, *, source: Path, replace: bool = False) -> None:
    """Put a copy back; servers of this database must be stopped.

    Raises:
        BackupError: If the copy is missing or damaged, or a database is in the
            way and `replace` is not set.
    """
    if not source.is_file():
        raise BackupError(f"there is no backup {source}")
    close_to_others(source)
    if not is_sqlite(database_url):
        _run(_pg_restore(database_url, source, replace=replace), database_url)
        return
    _require_sound(source)
    target = sqlite_file(database_url)
    if target.exists() and not replace:
        raise BackupError(
            f"{target} exists; --force replaces it (make a backup of it first)"
        )
    try:
        make_private_database(target)
        # Through the backup API, so that the old write-ahead log is not replayed
        # over the copy.
        _copy(source, target, on_progress=None)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{source} was not put back: {error}") from error


def find_problems(database_url: str, migrations: Migrations) -> list[str]:
    """What is wrong with the database; empty when it is sound and up to date.

    Raises:
        DatabaseMissingError: If there is none.
    """
    problems: list[str] = []
    if is_sqlite(database_url):
        problems += _damage(_existing_file(database_url))
    if problem := migrations.problem(migrations.current(database_url)):
        return [*problems, str(problem)]
    return [*problems, *migrations.find_differences(database_url)]


def missing_words(path: Path) -> str:
    """That there is no such database, and what to do."""
    return (
        f"there is no database {path}, and none was made. Commands look in the working "
        "folder: go to the folder where it lies, or name that with SECONDLOOK_DATA_DIR"
    )


def empty_log(database_url: str) -> None:
    """Move what SQLite's write-ahead log holds into the database and cut it off."""
    if is_sqlite(database_url):
        with closing(_connect(sqlite_file(database_url))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _existing_file(database_url: str) -> Path:
    path = sqlite_file(database_url)
    if not path.is_file():
        raise DatabaseMissingError(
            f"{missing_words(path)}; `secondlook db upgrade` makes a new one"
        )
    return path


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)


def _copy(source: Path, target: Path, *, on_progress: Progress | None) -> None:
    def tell(_status: int, left: int, total: int) -> None:
        if on_progress is not None:
            on_progress(total - left, total)

    with closing(_connect(source)) as old, closing(_connect(target)) as new:
        old.backup(new, pages=_PAGES_AT_ONCE, progress=tell)


def _as_one_file(path: Path) -> None:
    # The copy of a database with a write-ahead log would want one as well.
    with closing(_connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _require_sound(path: Path) -> None:
    if problems := _damage(path):
        raise BackupError(f"{path} is damaged: {'; '.join(problems)}")


def _damage(path: Path) -> list[str]:
    try:
        with closing(_connect(path)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            loose = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        return [f"not a sound SQLite database: {error}"]
    problems = [] if found == ["ok"] else found
    if loose:
        problems.append(f"{len(loose)} rows refer to rows that are gone")
    return problems


def _pg_dump(database_url: str, to: Path) -> list[str]:
    return ["pg_dump", "--format=custom", f"--file={to}", _plain_url(database_url)]


def _pg_restore(database_url: str, source: Path, *, replace: bool) -> list[str]:
    clean = ["--clean", "--if-exists"] if replace else []
    place = f"--dbname={_plain_url(database_url)}"
    return ["pg_restore", "--single-transaction", *clean, place, str(source)]


def _plain_url(database_url: str) -> str:
    url = normal_url(database_url).set(drivername="postgresql", password=None)
    return url.render_as_string()


def _run(command: list[str], database_url: str) -> None:
    program = which(command[0])
    if program is None:
        raise BackupError(
            f"{command[0]} is not installed; run where it is: {' '.join(command)}"
        )
    password = normal_url(database_url).password
    environ = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    done = subprocess.run(  # noqa: S603 - a fixed program, arguments from settings
        [program, *command[1:]],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {done.stderr.strip()}")
