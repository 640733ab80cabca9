"""The tables' versions: bring a database to the newest, and check that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from study_server.errors import DatabaseOutdatedError
from study_server.store.engine import make_engine
from study_server.store.tables import Base

_PACKAGE: Final = Path(__file__).parent.parent
# Any number will do, as long as nobody else locks the same one.
_LOCK: Final = 7_302_114_551


def migrations_folder() -> Path:
    """Where the migrations lie: inside the wheel, or beside the package."""
    packed = _PACKAGE / "_migrations"
    return packed if packed.is_dir() else _PACKAGE.parent / "migrations"


def upgrade(database_url: str, *, revision: str = "head") -> None:
    """Bring a database to a revision; one that is there already stays as it is."""
    _migrate(database_url, revision=revision, is_up=True)


def downgrade(database_url: str, *, revision: str) -> None:
    """Take a database back to a revision ("base" removes every table)."""
    _migrate(database_url, revision=revision, is_up=False)


def current_revision(database_url: str) -> str | None:
    """The revision a database is at; None where it has no tables of ours."""
    engine = make_engine(database_url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The revision this version of the program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise DatabaseOutdatedError(f"no migrations in {migrations_folder()}")
    return head


def require_current(database_url: str) -> None:
    """Refuse a database that is not at the newest revision.

    Raises:
        DatabaseOutdatedError: With the command that mends it.
    """
    found, needed = current_revision(database_url), newest_revision()
    if found != needed:
        raise DatabaseOutdatedError(
            f"the database is at revision {found or 'none'}, this version needs "
            f"{needed}: run `secondlook db upgrade`"
        )


def find_differences(database_url: str) -> list[str]:
    """What the database has that the tables' definitions have not, or the reverse."""
    engine = make_engine(database_url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True}
            )
            return [str(entry) for entry in compare_metadata(context, Base.metadata)]
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option(
        "script_location", str(migrations_folder()).replace("%", "%%")
    )
    return config


def _migrate(database_url: str, *, revision: str, is_up: bool) -> None:
    # Rebuilding a table on SQLite drops it for a moment, which would cascade.
    engine = make_engine(database_url, has_foreign_keys=False)
    engine = engine.execution_options(secondlook_is_write=True)
    config = _config()
    try:
        with engine.begin() as connection:
            _wait_for_turn(connection)
            config.attributes["connection"] = connection
            move = command.upgrade if is_up else command.downgrade
            move(config, revision)
            _check_references(connection)
    finally:
        engine.dispose()


def _wait_for_turn(connection: Connection) -> None:
    # On SQLite BEGIN IMMEDIATE did that already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise DatabaseOutdatedError(
            f"{len(broken)} rows would refer to rows that are gone, for example in "
            f"table {broken[0][0]}; nothing was changed"
        )
