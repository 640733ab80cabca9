"""Addresses that come from outside, taken apart before they are believed."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import request

_MAX_LENGTH: Final = 2000
_PORTS: Final = {"http": 80, "https": 443}


def asked_path() -> str:
    """The path of this request as the browser has it, its query included."""
    return request.script_root + request.full_path.rstrip("?")


def own_path(wanted: str, *, otherwise: str) -> str:
    """A path of ours, or `otherwise` where it would lead to another site.

    Browsers read a backslash as a slash and leave out line feeds and tabs, so
    neither may be part of it.
    """
    is_plain = wanted.isprintable() and "\\" not in wanted
    if not is_plain or len(wanted) > _MAX_LENGTH or not wanted.startswith("/"):
        return otherwise
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return otherwise
    is_ours = not (parts.scheme or parts.netloc or wanted.startswith("//"))
    return wanted if is_ours else otherwise


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses share scheme, host and port, however they are written."""
    first = _origin(one)
    return first is not None and first == _origin(other)


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if port is None or not host else (parts.scheme, host, port)
