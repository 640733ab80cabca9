"""Gunicorn, told what to do by us alone, with deadlines and room for everybody.

Gunicorn gives a first request no deadline and counts no connections: its asynchronous
worker gets both here. Its master process, which binds, starts, watches and stops the
workers, stays as it is.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers.gasgi import ASGIWorker

from study_server.network.connections import Connection, Connections
from study_server.network.server_limits import ServerLimits
from study_server.network.whole_requests import CONNECTION, WholeRequests

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_TIMEOUT_S: Final = 60
_BEAT_S: Final = 1.0
_TICK_S: Final = 0.05
# A stopping worker takes the request that is on its way, and no later one.
_LINGER_S: Final = 0.5


class Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """One master process and its workers.

    Args:
        load: Makes the application; called once in every worker.
        limits: Of every worker.
        options: Gunicorn's own: bind, workers, graceful_timeout, proc_name.
    """

    def __init__(
        self,
        load: Callable[[], WSGIApplication],
        *,
        limits: ServerLimits,
        options: dict[str, object],
    ) -> None:
        self._load = load
        self._limits = limits
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take our options; no configuration file and no environment."""
        ours: dict[str, object] = {
            "worker_class": PatientWorker,
            "keepalive": self._limits.keepalive_s,
            "timeout": _TIMEOUT_S,
            "accesslog": None,
            "loglevel": "warning",
            # Who the visitor is and how they came is the application's to read.
            "forwarded_allow_ips": "",
            # A second way in, of which nobody here makes use.
            "control_socket_disable": True,
        }
        for name, value in {**ours, **self._options}.items():
            self.cfg.set(name, value)

    def load(self) -> WholeRequests:
        """One application per worker, each with connections of its own."""
        return WholeRequests(self._load(), limits=self._limits)


class PatientWorker(ASGIWorker):  # type: ignore[misc] # gunicorn ships no types
    """Serves a `WholeRequests` application."""

    def init_process(self) -> None:
        """Count connections from the first on."""
        self.connections: Connections | None = None
        super().init_process()

    def handle_exit_signal(self) -> None:
        """SIGTERM: stop taking connections, finish what was begun."""
        super().handle_exit_signal()
        self._stopping.set()

    def handle_quit_signal(self) -> None:
        """SIGINT or SIGQUIT: stop at once."""
        super().handle_quit_signal()
        self._stopping.set()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        self.limits = self.asgi.limits
        self.connections = Connections(self.limits)
        for listener in self.sockets:
            self.servers.append(
                await self.loop.create_server(
                    lambda: _Visit(self), sock=listener.sock, backlog=self.cfg.backlog
                )
            )
        while self.alive and self.ppid == os.getppid():
            self.notify()
            try:
                async with asyncio.timeout(_BEAT_S):
                    await self._stopping.wait()
            except TimeoutError:
                continue
        await self._stop()

    async def _stop(self) -> None:
        for server in self.servers:
            server.close()
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self.connections and time.monotonic() < deadline:
            if self._quick_shutdown:
                return
            self.connections.close_waiting(longer_than_s=_LINGER_S)
            self.notify()
            await asyncio.sleep(_TICK_S)
        self.asgi.close()


class _Visit(ASGIProtocol):  # type: ignore[misc] # gunicorn ships no types
    """One connection, counted, and closed where its first headers never end."""

    _connection: Connection | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Let it in, where its address has not too many already."""
        peer = transport.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) else ""
        self._connection = self.worker.connections.enter(transport, address=address)
        if self._connection is None:
            transport.abort()
            return
        super().connection_made(transport)
        self.worker.loop.call_later(self.worker.limits.header_s, self._look_again)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it was never let in."""
        if self._connection is None:
            return
        try:
            super().data_received(data)
        except ValueError:
            # A length of more digits than Python reads: gunicorn does not count them.
            self._send_error_response(HTTPStatus.BAD_REQUEST, "Bad Request")
            self._close_transport()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if self._connection is not None:
            self.worker.connections.leave(self._connection)
            super().connection_lost(exc)

    def _look_again(self) -> None:
        if self._connection is not None and not self._connection.n_requests:
            self._connection.hang_up()

    def _build_http_scope(self, *args: Any) -> dict[str, Any]:  # noqa: ANN401 - gunicorn's own
        """Tell the application of the connection; called when headers are whole."""
        scope: dict[str, Any] = super()._build_http_scope(*args)
        if self._connection is not None:
            self._connection.n_requests += 1
            scope.setdefault("extensions", {})[CONNECTION] = self._connection
        return scope
