"""The marketplace's server: one process, many threads."""

from __future__ import annotations

import socket
from typing import Final

from flask import Flask

from study_server.marketplace.app import MAX_BODY_BYTES, create_marketplace
from study_server.marketplace.opening import open_marketplace
from study_server.marketplace.settings import MarketplaceSettings
from study_server.network.port_binding import handed_over
from study_server.network.server import Server
from study_server.network.server_limits import ServerLimits

_THREADS: Final = 32
_GRACE_S: Final = 3
_MAX_PER_ADDRESS: Final = 100


def run_server(settings: MarketplaceSettings, listening: socket.socket) -> None:
    """Serve at a port that is taken, until stopped.

    There is one process: the clock, the faults and the courier live in it.
    """

    def load() -> Flask:
        # Its store and courier in the worker process.
        return create_marketplace(open_marketplace(settings))

    limits = ServerLimits(
        max_body_bytes=MAX_BODY_BYTES,
        n_threads=_THREADS,
        # Answers are larger here, and come by slow lines too.
        body_s=60.0,
        max_per_address=0 if settings.trusted_proxies else _MAX_PER_ADDRESS,
    )
    options: dict[str, object] = {
        "bind": handed_over(listening),
        "workers": 1,
        "graceful_timeout": _GRACE_S,
        "proc_name": "secondlook-marketplace",
    }
    Server(load, limits=limits, options=options).run()
