"""Runs the migrations, for `secondlook db upgrade` and for Alembic's own command.

From a checkout, `alembic` finds this folder through pyproject.toml and the
database through SECONDLOOK_DATABASE_URL or `-x url=...`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from alembic import context
from sqlalchemy import Connection

from study_server.config import load_settings
from study_server.store.engine import make_engine
from study_server.store.tables import Base, UtcDateTime


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own types as what the database knows: no models in versions."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations asked for on one connection, all or none."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=True,
        render_item=render_item,
        # SQLite can roll DDL back, now that we begin transactions ourselves.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_from_command_line() -> None:
    """Find the database by itself."""
    given = context.get_x_argument(as_dictionary=True).get("url")
    url = given or load_settings(os.environ, folder=Path.cwd()).database_url
    engine = make_engine(url, has_foreign_keys=False)
    with engine.execution_options(secondlook_is_write=True).begin() as connection:
        migrate(connection)
    engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    migrate_from_command_line()
