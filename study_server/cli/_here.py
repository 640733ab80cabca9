"""Services on the settings of the working folder, for whoever runs a command there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from pwd import getpwuid

from study_server.cli._output import say_aside
from study_server.config import Settings, load_settings
from study_server.database.engine import shown_url
from study_server.database.running_servers import serving_addresses
from study_server.database.upgrading import DatabaseUse
from study_server.services import Actor, Services, open_services


def settings_here() -> Settings:
    """The settings of the working folder and the environment."""
    return load_settings(os.environ, folder=Path.cwd())


def actor_here() -> Actor:
    """Whoever runs this command, as the operating system knows them."""
    user_id = os.getuid()
    try:
        name = getpwuid(user_id).pw_name
    except KeyError:  # in a container users may have no name
        name = f"uid {user_id}"
    return Actor(name=name, source="command")


@contextmanager
def services_here(use: DatabaseUse = "change") -> Iterator[Services]:
    """Services on the settings' database, closed at the end.

    Addresses are those of the server that runs, where one does and none is set.

    Args:
        use: "read" makes and changes nothing, and says which database is read;
            "create" makes a database where there is none.
    """
    settings = settings_here()
    opened = open_services(_as_served(settings), use=use, tell=say_aside)
    services = replace(opened, actor=actor_here())
    if use == "read":
        say_aside(f"database     {shown_url(settings.database_url)}")
    try:
        yield services
    finally:
        services.store.close()


def note_if_not_served() -> None:
    """Say that the addresses printed lead nowhere yet, where that is so."""
    settings = settings_here()
    is_told = settings.base_url != Settings.base_url
    if not is_told and not serving_addresses(settings.serving_mark):
        say_aside("no server runs here: `secondlook server start` serves the addresses")


def _as_served(settings: Settings) -> Settings:
    if settings.base_url != Settings.base_url:
        return settings
    served = serving_addresses(settings.serving_mark)
    return replace(settings, base_url=served[0]) if served else settings
