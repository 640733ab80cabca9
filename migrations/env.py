"""Runs the migrations, for `secondlook db upgrade` and for Alembic's own command.

From a checkout, `alembic` finds this folder through pyproject.toml and the
database through SECONDLOOK_DATABASE_URL or `-x url=...`.
"""

from __future__ import annotations

import os
from pathlib import Path

from alembic import context

from study_server.config import load_settings
from study_server.database.engine import make_engine
from study_server.store.schema import MIGRATIONS


def migrate_from_command_line() -> None:
    """Find the database by itself."""
    given = context.get_x_argument(as_dictionary=True).get("url")
    url = given or load_settings(os.environ, folder=Path.cwd()).database_url
    engine = make_engine(url, has_foreign_keys=False)
    with engine.execution_options(secondlook_is_write=True).begin() as connection:
        MIGRATIONS.run(connection)
    engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    MIGRATIONS.run(handed_over)
else:
    migrate_from_command_line()
