"""The marketplace's database: its migrations, brought to the newest, and opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import event

from study_server.database.engine import Store, make_engine
from study_server.database.migrations import Migrations
from study_server.marketplace.store.tables import MarketplaceBase

_FOLDER: Final = Path(__file__).parent / "migrations"

MIGRATIONS: Final = Migrations(
    folder=lambda: _FOLDER,
    version_table="market_version",
    # Another one than the study server's, so that the two do not wait for each other.
    lock=7_302_114_552,
    metadata=MarketplaceBase.metadata,
    noun="the marketplace's database",
    command="secondlook marketplace upgrade",
    maker="secondlook marketplace start",
)

upgrade = MIGRATIONS.upgrade
downgrade = MIGRATIONS.downgrade
current_revision = MIGRATIONS.current
require_current = MIGRATIONS.require_current
find_differences = MIGRATIONS.find_differences


def open_store(database_url: str) -> Store:
    """The store behind a URL; tables are made by `schema.upgrade`.

    On SQLite what was written survives a killed process, and only a power cut may
    undo the last moment: no money moves here, and a HIT is posted in a tenth of the
    time.
    """
    engine = make_engine(database_url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _be_quick)
    return Store(engine)


def _be_quick(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
    connection.execute("PRAGMA synchronous = NORMAL")
