"""Serve studies to participants and the dashboard to researchers."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from study_server.app import create_app
from study_server.config import Settings, load_settings, with_secret_key
from study_server.services import Services, accounts, open_services
from study_server.services.records import RecruitmentRecord, StudyRecord
from study_server.services.recruitments import LETS_IN
from study_server.services.studies import get_study, list_studies

_THREADS: Final = 16
_GRACE_S: Final = 20


class Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """Gunicorn, told what to do by us and by nothing else."""

    def __init__(self, settings: Settings, options: dict[str, object]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take our options; no configuration file and no environment."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """One application per worker, each with connections of its own."""
        return create_app(self._settings)


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
    settings = with_secret_key(_settings(host, port))
    services = open_services(settings)
    _announce(services)
    services.store.close()
    Server(settings, _options(host, port, workers=workers)).run()


def _settings(host: str, port: int) -> Settings:
    """The folder's settings; links name the port served unless one is set."""
    settings = load_settings(os.environ, folder=Path.cwd())
    if settings.base_url != Settings.base_url:
        return settings
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return replace(settings, base_url=f"http://{name}:{port}")


def _options(host: str, port: int, *, workers: int) -> dict[str, object]:
    return {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": _THREADS,
        "graceful_timeout": _GRACE_S,
        "timeout": 60,
        "keepalive": 15,
        "accesslog": None,
        "loglevel": "warning",
        "proc_name": "secondlook",
        # A second way in, of which nobody here makes use.
        "control_socket_disable": True,
    }


def _announce(services: Services) -> None:
    click.echo(f"dashboard    {services.settings.base_url}/dashboard/")
    if not accounts.list_users(services):
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
    return environment != "simulated" and study.state in LETS_IN[environment]


def _describe(recruitment: RecruitmentRecord) -> str:
    n_links = len(recruitment.personal_urls)
    where = f"{n_links} personal links, see the dashboard" if n_links else ""
    return (
        f"{recruitment.recruiter} {recruitment.environment}  {where or recruitment.url}"
    )
