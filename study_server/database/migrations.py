"""One database's migrations: where it stands, bringing it on, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.types import TypeEngine

from study_server.database.engine import make_engine
from study_server.database.table_conventions import UtcDateTime
from study_server.errors import DatabaseNewerError, DatabaseOutdatedError


@dataclass(frozen=True, kw_only=True)
class Migrations:
    """The migrations of one kind of database.

    Attributes:
        folder: Where they lie.
        version_table: Where a database says its revision.
        lock: Of PostgreSQL, held while tables change; nobody else uses the number.
        metadata: The tables as the newest revision has them.
        noun: What messages call the database.
        command: The command that brings one up to date.
        maker: The command that makes one.
    """

    folder: Callable[[], Path]
    version_table: str
    lock: int
    metadata: MetaData
    noun: str
    command: str
    maker: str

    def upgrade(self, database_url: str, *, revision: str = "head") -> None:
        """Bring a database to a revision; one that is there already stays as it is.

        Raises:
            DatabaseNewerError: If a newer version of the program made it.
        """
        self._migrate(database_url, revision=revision, move=command.upgrade)

    def downgrade(self, database_url: str, *, revision: str) -> None:
        """Take a database back to a revision ("base" removes every table)."""
        self._migrate(database_url, revision=revision, move=command.downgrade)

    def current(self, database_url: str) -> str | None:
        """The revision a database is at; None where it has no tables of ours."""
        engine = make_engine(database_url)
        try:
            with engine.connect() as connection:
                heads = self._context(connection).get_current_heads()
        finally:
            engine.dispose()
        return ", ".join(heads) or None

    def newest(self) -> str:
        """The revision this version of the program needs."""
        head = self._scripts().get_current_head()
        if head is None:
            raise DatabaseOutdatedError(f"no migrations in {self.folder()}")
        return head

    def problem(self, found: str | None) -> DatabaseOutdatedError | None:
        """What stands against using a database at this revision, with what to do."""
        if found == self.newest():
            return None
        if found is not None and found not in self._known():
            return DatabaseNewerError(
                f"{self.noun} is at revision {found}, which this version of secondlook "
                "does not know: a newer version has used it. Install that version "
                "again, or put back a backup made before; nothing was changed"
            )
        return DatabaseOutdatedError(
            f"{self.noun} is at revision {found or 'none'}, this version needs "
            f"{self.newest()}: run `{self.command}`"
        )

    def require_current(self, database_url: str) -> None:
        """Refuse a database that is not at the newest revision.

        Raises:
            DatabaseOutdatedError: With the command that mends it.
        """
        if problem := self.problem(self.current(database_url)):
            raise problem

    def require_known(self, database_url: str) -> None:
        """Refuse a database that a newer version of the program has used.

        Raises:
            DatabaseNewerError: Saying so.
        """
        problem = self.problem(self.current(database_url))
        if isinstance(problem, DatabaseNewerError):
            raise problem

    def find_differences(self, database_url: str) -> list[str]:
        """What it has that the tables' definitions have not, or the reverse."""
        engine = make_engine(database_url)
        try:
            with engine.connect() as connection:
                found = compare_metadata(self._context(connection), self.metadata)
                return [str(entry) for entry in found]
        finally:
            engine.dispose()

    def run(self, connection: Connection) -> None:
        """Run what Alembic was asked for on one connection, all or none: for `env.py`."""
        context.configure(
            connection=connection,
            target_metadata=self.metadata,
            version_table=self.version_table,
            compare_type=True,
            render_as_batch=True,
            render_item=_written_type,
            # SQLite can roll DDL back, now that we begin transactions ourselves.
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()

    def _known(self) -> set[str]:
        return {script.revision for script in self._scripts().walk_revisions()}

    def _scripts(self) -> ScriptDirectory:
        return _scripts_in(self.folder())

    def _config(self) -> Config:
        return _config_of(self.folder())

    def _context(self, connection: Connection) -> MigrationContext:
        return MigrationContext.configure(
            connection,
            opts={"version_table": self.version_table, "compare_type": True},
        )

    def _migrate(
        self, database_url: str, *, revision: str, move: Callable[..., None]
    ) -> None:
        self.require_known(database_url)
        # Rebuilding a table on SQLite drops it for a moment, which would cascade.
        engine = make_engine(database_url, has_foreign_keys=False)
        engine = engine.execution_options(secondlook_is_write=True)
        config = self._config()
        try:
            with engine.begin() as connection:
                self._wait_for_turn(connection)
                config.attributes["connection"] = connection
                move(config, revision)
                _check_references(connection)
        finally:
            engine.dispose()

    def _wait_for_turn(self, connection: Connection) -> None:
        # On SQLite BEGIN IMMEDIATE did that already.
        if connection.dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(lock, {"key": self.lock})


@cache
def _scripts_in(folder: Path) -> ScriptDirectory:
    """The migrations there: they do not change while a program runs."""
    return ScriptDirectory.from_config(_config_of(folder))


def _config_of(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _written_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own types as what the database knows: no models in migrations."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, TypeEngine) and item._variant_mapping:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise DatabaseOutdatedError(
            f"{len(broken)} rows would refer to rows that are gone, for example in "
            f"table {broken[0][0]}; nothing was changed"
        )
