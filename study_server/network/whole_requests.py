"""A WSGI application behind an asynchronous front that waits for whole requests.

A thread is taken when a request is there to its last byte, and given back before
the reply travels: whoever sends or reads slowly holds a socket and some bytes, no
thread.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from study_server.network.connections import Connection
from study_server.network.server_limits import ServerLimits

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONNECTION: Final = "secondlook.connection"
HANG_UP: Final = "secondlook.hang_up"
_MAX_DIGITS: Final = 18
_PLAIN: Final = {"content-type": "CONTENT_TYPE"}
# What framed the body on its way says nothing of the bytes handed on.
_FRAMING: Final = ("content-length", "transfer-encoding", "expect")


class _RefusedError(Exception):
    """A body that is not waited for any longer."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class _Reply:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class WholeRequests:
    """An ASGI application around a WSGI one.

    Attributes:
        limits: How long and how much is waited for.
    """

    def __init__(self, app: WSGIApplication, *, limits: ServerLimits) -> None:
        self._app = app
        self.limits = limits
        self._n_held = 0
        self._threads = ThreadPoolExecutor(
            limits.n_threads, thread_name_prefix="request"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        connection: Connection = scope["extensions"][CONNECTION]
        try:
            body = await self._read(scope, receive)
        except _RefusedError as refused:
            await self._say(send, _refusal(refused.status), connection)
            return
        except ConnectionError:
            return
        connection.begin()
        loop = asyncio.get_running_loop()
        environ = _environ(scope, body)
        environ[HANG_UP] = lambda: loop.call_soon_threadsafe(connection.hang_up)
        try:
            reply = await loop.run_in_executor(self._threads, _run, self._app, environ)
            await self._say(send, reply, connection)
        finally:
            connection.end()

    def close(self) -> None:
        """Wait for what is being worked on."""
        self._threads.shutdown(wait=True)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        if _stated_length(scope) > self.limits.max_body_bytes:
            # The application says so, in a page of its own, and reads nothing.
            return b""
        held = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_s):
                await self._read_into(held, receive)
        except TimeoutError as error:
            raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT) from error
        finally:
            self._n_held -= len(held)
        return bytes(held)

    async def _read_into(self, held: bytearray, receive: Receive) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the visitor left")
            held += (chunk := message.get("body", b""))
            self._n_held += len(chunk)
            if len(held) > self.limits.max_body_bytes:
                raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if self._n_held > self.limits.max_held_bytes:
                raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE)
            more = message.get("more_body", False)

    async def _say(self, send: Send, reply: _Reply, connection: Connection) -> None:
        start = {"status": reply.status, "headers": reply.headers}
        try:
            async with asyncio.timeout(self.limits.reply_s):
                await send({"type": "http.response.start", **start})
                await send({"type": "http.response.body", "body": reply.body})
        except TimeoutError:
            connection.hang_up()


def _run(app: WSGIApplication, environ: dict[str, Any]) -> _Reply:
    """What a WSGI application answers, collected."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        _failure: object = None,
        /,
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return parts.append

    returned: Iterable[bytes] = app(environ, start_response)
    try:
        parts.extend(returned)
    finally:
        if (close := getattr(returned, "close", None)) is not None:
            close()
    status, headers = started[-1]
    return _Reply(
        status=int(status.split(" ", 1)[0]),
        headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        body=b"".join(parts),
    )


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    target = scope["raw_path"].decode("latin-1")
    if not target.startswith("/"):
        target = urlsplit(target).path
    host, port = scope["server"] or ("", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(target.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope["client"] or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    environ.update(_headers(scope))
    if length := _stated_length(scope) or len(body):
        environ["CONTENT_LENGTH"] = str(length)
    return environ


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in _FRAMING:
            continue
        key = _PLAIN.get(name) or "HTTP_" + name.upper().replace("-", "_")
        separator = "; " if key == "HTTP_COOKIE" else ","
        found[key] = f"{found[key]}{separator}{value}" if key in found else value
    return found


def _stated_length(scope: Scope) -> int:
    """The length in the headers, which the parser let through as digits."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if len(value) <= _MAX_DIGITS else sys.maxsize
    return 0


def _refusal(status: HTTPStatus) -> _Reply:
    body = f"{status.phrase}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    return _Reply(status=status, headers=headers, body=body)
