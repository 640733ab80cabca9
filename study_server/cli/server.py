"""Serve studies to participants and the dashboard to researchers."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import click

from study_server.app import MAX_BODY_BYTES, create_served_app
from study_server.cli._output import say_aside
from study_server.config import (
    Settings,
    load_settings,
    new_secret,
    rotate_kept_secret,
    with_secret_key,
)
from study_server.database.running_servers import announced
from study_server.network.port_binding import bound, handed_over
from study_server.network.server import Server
from study_server.network.server_limits import ServerLimits
from study_server.services import Services, open_services
from study_server.services.accounts import users
from study_server.services.studies.life import get_study, list_studies
from study_server.services.studies.records import RecruitmentRecord, StudyRecord
from study_server.services.studies.recruitments import LETS_IN

_THREADS: Final = 16
_GRACE_S: Final = 20


@click.group()
def server() -> None:
    """Serve studies to participants and the dashboard to researchers."""


@server.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; one serves hundreds of participants.",
)
def start(host: str, port: int, workers: int) -> None:
    """Serve until stopped (Ctrl+C, or SIGTERM)."""
    with bound(host, port) as listening:
        settings = with_secret_key(_settings(host, port))
        services = open_services(settings, tell=say_aside)
        with announced(settings.serving_mark, url=settings.base_url):
            _announce(services)
            services.store.close()
            Server(
                partial(create_served_app, settings),
                limits=_limits(settings),
                options=_options(listening, workers=workers),
            ).run()


@server.command(name="rotate-key")
@click.option("--forget", is_flag=True, help="Forget former keys: sign everybody out.")
def rotate_key(forget: bool) -> None:
    """Replace the key that signs sessions and links; restart the servers then.

    What former keys signed goes on until it ends by itself.
    """
    settings = load_settings(os.environ, folder=Path.cwd())
    if settings.secret_key is None and settings.is_embedded:
        n_former = rotate_kept_secret(settings, forget=forget)
        say_aside(f"{n_former} former keys are still known; restart the server now")
        return
    say_aside(
        "The key is a setting: put this one into secret_key (SECONDLOOK_SECRET_KEY) of "
        "every server, and the one that is there now first into former_keys "
        "(SECONDLOOK_FORMER_KEYS); to sign everybody out, leave former_keys empty. "
        "Then restart the servers."
    )
    click.echo(new_secret())


def _settings(host: str, port: int) -> Settings:
    """The folder's settings; links name the port served unless one is set."""
    settings = load_settings(os.environ, folder=Path.cwd())
    if settings.base_url != Settings.base_url:
        return settings
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return replace(settings, base_url=f"http://{name}:{port}")


def _options(listening: socket.socket, *, workers: int) -> dict[str, object]:
    return {
        "bind": handed_over(listening),
        "workers": workers,
        "graceful_timeout": _GRACE_S,
        "proc_name": "secondlook",
    }


def _limits(settings: Settings) -> ServerLimits:
    found = ServerLimits(max_body_bytes=MAX_BODY_BYTES, n_threads=_THREADS)
    # They all come from the web server in front, which limits its own visitors.
    return replace(found, max_per_address=0) if settings.trusted_proxies else found


def _announce(services: Services) -> None:
    click.echo(f"dashboard    {services.settings.base_url}/dashboard/")
    if not users.list_users(services):
        click.echo("             no user yet: add one with `secondlook user add NAME`")
    for overview in list_studies(services):
        study = get_study(services, overview.name)
        click.echo(f"{study.name}    {study.state}")
        for recruitment in study.recruitments:
            if _is_for_people(study, recruitment):
                click.echo(f"    {_describe(recruitment)}")


def _is_for_people(study: StudyRecord, recruitment: RecruitmentRecord) -> bool:
    """Whether people can come in by it now."""
    environment = recruitment.environment
    is_open = study.state in LETS_IN[environment] and study.paused_at is None
    return environment != "simulated" and is_open


def _describe(recruitment: RecruitmentRecord) -> str:
    n_links = len(recruitment.personal_urls)
    where = f"{n_links} personal links, see the dashboard" if n_links else ""
    return (
        f"{recruitment.recruiter} {recruitment.environment}  {where or recruitment.url}"
    )
