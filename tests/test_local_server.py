"""The server of tests leaves nothing open where a browser hangs up."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from threading import Event

from tests.local_server import served


class Answer:
    """An answer whose reader leaves before its end; it knows whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False
        self.is_under_way = Event()
        self.reader_left = Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"x"
        self.is_under_way.set()
        self.reader_left.wait(timeout=10)
        time.sleep(0.05)

    def close(self) -> None:
        self.is_closed = True


def test_an_answer_is_closed_though_its_reader_left() -> None:
    answer = Answer()

    def app(environ, start):
        start("200 OK", [("Content-Length", "1")])
        return answer

    with served(app) as url:
        port = int(url.rsplit(":", 1)[1])
        reader = socket.create_connection(("127.0.0.1", port))
        reader.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        answer.is_under_way.wait(timeout=10)
        # A reset, as of a browser that goes on to another page.
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        reader.close()
        answer.reader_left.set()
    assert answer.is_closed
