"""What every part of the marketplace is given: store, clock, faults, settings."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from study_server.database.engine import Transaction
from study_server.database.upgrading import DatabaseUse, make_ready
from study_server.marketplace.fault_injection import Faults
from study_server.marketplace.settings import (
    MarketplaceSettings,
    ShiftedClock,
    utc_now,
)
from study_server.marketplace.store import MIGRATIONS, Store, open_store
from study_server.marketplace.store.tables import Requester
from study_server.marketplace.system_qualifications import ensure_system_types

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Marketplace:
    """One marketplace.

    Attributes:
        settings: Where things lie.
        store: Its database.
        clock: The time work lives by; it can be moved on.
        faults: What goes wrong on purpose.
        wall_clock: The time signatures are checked against.
    """

    settings: MarketplaceSettings
    store: Store
    clock: ShiftedClock
    faults: Faults
    wall_clock: Callable[[], datetime] = utc_now


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    """One request of a requester, inside its transaction.

    Attributes:
        market: The marketplace.
        tx: The transaction.
        requester: Who signed.
        now: The time it is.
        request_id: Named in errors and headers.
    """

    market: Marketplace
    tx: Transaction
    requester: Requester
    now: datetime
    request_id: str = field(default="")


def open_marketplace(
    settings: MarketplaceSettings,
    *,
    use: DatabaseUse = "create",
    tell: Callable[[str], None] = _log.warning,
    clock: ShiftedClock | None = None,
) -> Marketplace:
    """A marketplace on the settings' database.

    SQLite is brought to the newest tables at once; a shared database is only
    checked, since other servers may be using it.

    Args:
        settings: Where things lie.
        use: "read" changes nothing, "change" works on what is there, "create" makes
            a database where there is none.
        tell: Is told what was done by itself.
        clock: The time work lives by.

    Raises:
        DatabaseMissingError: If there is none, and none may be made.
        DatabaseOutdatedError: If it needs `secondlook marketplace upgrade`, or a
            newer version of the program.
        DatabaseInUseError: If it must be brought up to date, and others use it.
    """
    make_ready(settings.database_url, MIGRATIONS, use=use, tell=tell)
    clock = clock or ShiftedClock()
    store = open_store(settings.database_url)
    if use != "read":
        with store.write() as tx:
            ensure_system_types(tx, at=clock())
    return Marketplace(
        settings=settings, store=store, clock=clock, faults=Faults(settings.faults)
    )
