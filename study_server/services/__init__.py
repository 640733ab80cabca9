"""What happens: create, freeze, admit, take a response, judge, export."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from study_server.config import Settings
from study_server.database.upgrading import DatabaseUse, make_ready
from study_server.private_files import make_private_folder
from study_server.services.image_request_log import ImageRequestLog
from study_server.store import MIGRATIONS, Store, open_store

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


def random_token() -> str:
    """An address nobody can guess: 192 random bits, never to be taken for an option."""
    while (token := secrets.token_urlsafe(24)).startswith("-"):
        pass
    return token


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Whoever something is done for.

    Attributes:
        name: Of a user of the dashboard, or of the operating system.
        source: Through what: "web", "command" or "program".
    """

    name: str
    source: str


PROGRAM: Final = Actor(name="the server", source="program")


@dataclass(frozen=True, kw_only=True)
class Services:
    """What every service needs.

    Attributes:
        settings: Where things lie.
        store: The database.
        clock: The time, aware, in UTC.
        new_token: A new unguessable name.
        images: Which images this process was asked for.
        actor: Whom the activity log names.
    """

    settings: Settings
    store: Store
    clock: Callable[[], datetime] = utc_now
    new_token: Callable[[], str] = random_token
    images: ImageRequestLog = field(default_factory=ImageRequestLog)
    actor: Actor = PROGRAM


def make_database_ready(
    settings: Settings, *, use: DatabaseUse, tell: Callable[[str], None]
) -> None:
    """See that the settings' database can be used; see `open_services`."""
    if use == "create" and settings.has_own_database:
        make_private_folder(settings.data_dir)
    make_ready(settings.database_url, MIGRATIONS, use=use, tell=tell)


def open_services(
    settings: Settings,
    *,
    use: DatabaseUse = "create",
    tell: Callable[[str], None] = _log.warning,
    clock: Callable[[], datetime] = utc_now,
    new_token: Callable[[], str] = random_token,
) -> Services:
    """Services on the settings' database.

    The embedded default is brought to the newest tables at once; a shared
    database is only checked, since other servers may be using it.

    Args:
        settings: Where things lie.
        use: "read" changes nothing, "change" works on what is there, "create" makes
            a database where there is none.
        tell: Is told what was done by itself.
        clock: The time, aware, in UTC.
        new_token: A new unguessable name.

    Raises:
        DatabaseMissingError: If there is none, and none may be made.
        DatabaseOutdatedError: If it needs `secondlook db upgrade`, or a newer
            version of the program.
        DatabaseInUseError: If it must be brought up to date, and others use it.
    """
    make_database_ready(settings, use=use, tell=tell)
    return Services(
        settings=settings,
        store=open_store(settings.database_url),
        clock=clock,
        new_token=new_token,
    )
