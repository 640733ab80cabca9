"""The study server's migrations: bring a database to the newest, check that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from study_server.database.migrations import Migrations
from study_server.store.tables import Base

_PACKAGE: Final = Path(__file__).parent.parent


def migrations_folder() -> Path:
    """Where the migrations lie: inside the wheel, or beside the package."""
    packed = _PACKAGE / "_migrations"
    return packed if packed.is_dir() else _PACKAGE.parent / "migrations"


MIGRATIONS: Final = Migrations(
    folder=migrations_folder,
    version_table="alembic_version",
    lock=7_302_114_551,
    metadata=Base.metadata,
    noun="the database",
    command="secondlook db upgrade",
    maker="secondlook study create",
)

upgrade = MIGRATIONS.upgrade
downgrade = MIGRATIONS.downgrade
current_revision = MIGRATIONS.current
newest_revision = MIGRATIONS.newest
require_current = MIGRATIONS.require_current
find_differences = MIGRATIONS.find_differences
