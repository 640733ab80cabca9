"""A port taken before anything is said about it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from study_server.errors import StudyError


class PortError(StudyError):
    """An address at which this machine cannot serve."""


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that has the port, closed at the end unless a server took it over.

    Raises:
        PortError: In one sentence, with an option that works.
    """
    family, kind, protocol, _, place = _place(host, port)
    with socket.socket(family, kind, protocol) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(place)
            # From now on whoever comes waits for the server instead of being refused.
            listening.listen()
        except OSError as error:
            raise PortError(_in_words(error, host, port)) from error
        yield listening


def handed_over(listening: socket.socket) -> str:
    """The socket as gunicorn takes it, which closes it from now on."""
    return f"fd://{listening.detach()}"


def _place(
    host: str, port: int
) -> tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]:
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise PortError(_no_address(host)) from error
    family, kind, protocol, name, place = found[0]
    return family, kind, protocol, name, place  # type: ignore[return-value] # TCP's two


def _in_words(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is taken by another server: stop that one, or "
            f"serve at a free port with --port {_free_port(host)}"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"port {port} is for the system's own servers: serve at another with "
            f"--port {_free_port(host)}, behind a web server that has it"
        )
    return _no_address(host)


def _no_address(host: str) -> str:
    return (
        f"{host!r} is no address of this machine: give one with --host, 127.0.0.1 for "
        "this machine alone or 0.0.0.0 for everybody who can reach it"
    )


def _free_port(host: str) -> int:
    with bound(host, 0) as free:
        port: int = free.getsockname()[1]
        return port
