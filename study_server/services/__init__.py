"""What happens: create, freeze, admit, take a response, judge, export."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from study_server.config import Settings
from study_server.store import Store, open_store, require_current, upgrade


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


def random_token() -> str:
    """An address nobody can guess: 192 random bits."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, kw_only=True)
class Services:
    """What every service needs.

    Attributes:
        settings: Where things lie.
        store: The database.
        clock: The time, aware, in UTC.
        new_token: A new unguessable name.
    """

    settings: Settings
    store: Store
    clock: Callable[[], datetime] = utc_now
    new_token: Callable[[], str] = random_token


def open_services(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    new_token: Callable[[], str] = random_token,
) -> Services:
    """Services on the settings' database.

    The embedded default is brought to the newest tables at once; a shared
    database is only checked, since other servers may be using it.

    Raises:
        DatabaseOutdatedError: If a shared database needs `secondlook db upgrade`.
    """
    if settings.is_embedded:
        upgrade(settings.database_url)
    else:
        require_current(settings.database_url)
    return Services(
        settings=settings,
        store=open_store(settings.database_url),
        clock=clock,
        new_token=new_token,
    )
