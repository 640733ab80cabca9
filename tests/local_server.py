"""An application of ours on a port of this machine, in threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _read_whole(app: WSGIApplication) -> WSGIApplication:
    """The application, with every answer read and closed before it is sent.

    werkzeug's server leaves the file of an answer open where a browser hangs up in
    the middle of it, as browsers do when somebody goes on to the next page.
    """

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        parts = app(environ, start)
        try:
            return [b"".join(parts)]
        finally:
            if hasattr(parts, "close"):
                parts.close()

    return answer


def start_server(app: WSGIApplication, *, port: int = 0) -> LocalServer:
    """Serve the application; port 0 takes a free one."""
    return LocalServer(
        make_server(
            "127.0.0.1",
            port,
            _read_whole(app),
            threaded=True,
            request_handler=_Quiet,
        )
    )


class LocalServer:
    """A server that runs until it is stopped; its requests end with it."""

    def __init__(self, server: BaseWSGIServer) -> None:
        # Threads that outlive a test would hold its files open.
        server.daemon_threads = False  # type: ignore[attr-defined]
        self.port: int = server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def served(app: WSGIApplication, *, port: int = 0) -> Iterator[str]:
    """The address of a server of this application."""
    server = start_server(app, port=port)
    try:
        yield server.url
    finally:
        server.stop()
