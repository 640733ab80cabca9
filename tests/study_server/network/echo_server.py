"""The server of both applications around a tiny one, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study_server.network.server import Server
from study_server.network.server_limits import ServerLimits
from study_server.network.whole_requests import HANG_UP

BIG = 16 * 1024 * 1024
N_THREADS = 2


def echo(environ, start_response):
    """Says what it was asked; some paths do more."""
    path = environ["PATH_INFO"]
    if path == "/sleep":
        time.sleep(float(environ["QUERY_STRING"]))
    if path == "/hang-up":
        environ[HANG_UP]()
    if path == "/big":
        start_response("200 OK", [("Content-Length", str(BIG))])
        return [b"x" * BIG]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", "0")))
    said = json.dumps(
        {
            "method": environ["REQUEST_METHOD"],
            "path": path,
            "query": environ["QUERY_STRING"],
            "length": environ.get("CONTENT_LENGTH"),
            "body": body.decode("latin-1"),
            "headers": {k: v for k, v in environ.items() if k.startswith("HTTP_")},
            "scheme": environ["wsgi.url_scheme"],
            "pid": os.getpid(),
        }
    ).encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that runs."""

    port: int
    process: subprocess.Popen[bytes]

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection that has sent something."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made.sendall(sent)
        return made

    def say(self, sent: bytes) -> bytes:
        """Everything the server answers until it hangs up."""
        with self.connect(sent) as made:
            return read_all(made)

    def ask(self, target: str = "/", *, more: bytes = b"", body: bytes = b"") -> Any:
        """What the application was told, by one ordinary request."""
        head = f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode()
        answer = self.say(head + more + b"\r\n" + body)
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def stop(self) -> float:
        """Ask it to stop; seconds until it has."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=15)
        return time.monotonic() - started


def read_all(made: socket.socket) -> bytes:
    """Bytes until the other side closes."""
    parts = []
    try:
        while part := made.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def has_ended(made: socket.socket) -> bool:
    """Whether the other side has closed, or said something."""
    made.setblocking(False)
    try:
        made.recv(1)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


@contextmanager
def half_sent(port: int, *, n: int = 40) -> Iterator[list[socket.socket]]:
    """So many requests with half their headers, and so many with half a body."""
    head = b"POST /sign-in HTTP/1.1\r\nHost: a\r\n"
    body = head + b"Content-Length: 100\r\n\r\nname="
    with ExitStack() as stack:
        made = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            for _ in range(2 * n)
        ]
        for index, connection in enumerate(made):
            connection.sendall(body if index % 2 else head)
        yield made


@contextmanager
def echoing(*, workers: int = 1, **limits: float) -> Iterator[Running]:
    """A server with these limits, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = json.dumps({"port": port, "workers": workers, "limits": limits})
    process = subprocess.Popen(  # noqa: S603 - this module, by this interpreter
        [sys.executable, "-m", __name__, arguments],
        cwd=Path(__file__).parents[3],
    )
    running = Running(port=port, process=process)
    try:
        _wait_for(running)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait_for(running: Running) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            running.ask()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the echo server did not come up")


def main(arguments: str) -> None:
    """Serve until stopped."""
    told = json.loads(arguments)
    limits = {"max_body_bytes": 1000, "n_threads": N_THREADS, **told["limits"]}
    options: dict[str, object] = {
        "bind": f"127.0.0.1:{told['port']}",
        "workers": told["workers"],
        "graceful_timeout": 5,
    }
    Server(lambda: echo, limits=ServerLimits(**limits), options=options).run()


if __name__ == "__main__":
    main(sys.argv[1])
