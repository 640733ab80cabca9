"""Both applications behind gunicorn's threaded worker: the peer of our own server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication

from study_server.app import create_app
from study_server.config import load_settings, with_secret_key
from study_server.marketplace.app import create_marketplace
from study_server.marketplace.opening import open_marketplace
from study_server.marketplace.settings import MarketplaceSettings

THREADS = {"server": 16, "marketplace": 32}


class Threaded(BaseApplication):
    """The usual way to serve Flask: one thread for each connection that sends."""

    def __init__(self, load: Callable[[], Flask], *, port: int, threads: int) -> None:
        self._load = load
        self._options = {
            "bind": f"127.0.0.1:{port}",
            "worker_class": "gthread",
            "threads": threads,
            "timeout": 60,
            "keepalive": 15,
            "loglevel": "error",
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        """Take these options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application."""
        return self._load()


def main(kind: str, port: int) -> None:
    """Serve the working folder until stopped."""
    settings = with_secret_key(load_settings(os.environ, folder=Path.cwd()))
    load = partial(create_app, settings)
    if kind == "marketplace":
        url = f"sqlite:///{Path.cwd() / 'marketplace.sqlite3'}"
        market = MarketplaceSettings(
            database_url=url, secret_key=str(settings.secret_key)
        )
        load = partial(_marketplace, market)
    Threaded(load, port=port, threads=THREADS[kind]).run()


def _marketplace(settings: MarketplaceSettings) -> Flask:
    return create_marketplace(open_marketplace(settings))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
