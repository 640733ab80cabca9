"""Tables of who is answered what, by route and role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient

# What a program or a page is told who has to sign in first.
SIGN_IN = "sign in"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A request to one route, and what each role gets: a status or `SIGN_IN`.

    Attributes:
        route: Method and endpoint.
        path: May name things in braces, which mean something else for each role.
        gets: Answers by role.
        send: Arguments of the request, with braces in their texts too.
    """

    route: str
    path: str
    gets: tuple[int | str, ...]
    send: Mapping[str, Any] = field(default_factory=dict)


def routes_of(app: Flask) -> set[str]:
    """Every route by every method that it answers itself."""
    return {
        f"{method} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def otherwise_answered(
    client: FlaskClient, lines: Iterable[Line], *, column: int, names: Mapping[str, str]
) -> list[str]:
    """The lines of which a client gets something else than the column says."""
    wrong = []
    for line in lines:
        got = answer(client, line, names=names)
        if got != line.gets[column]:
            wrong.append(f"{line.route}: {got}, expected {line.gets[column]}")
    return wrong


def answer(client: FlaskClient, line: Line, *, names: Mapping[str, str]) -> int | str:
    """What a client gets for a line."""
    method = line.route.split(" ")[0]
    path, send = _filled(line.path, names), _filled(line.send, names)
    reply = client.open(path, method=method, buffered=True, **send)
    location = urlsplit(reply.headers.get("Location", "")).path
    return SIGN_IN if location.endswith("/sign-in") else reply.status_code


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, meant in names.items():
            value = value.replace(f"{{{name}}}", meant)
        return value
    if isinstance(value, Mapping):
        return {key: _filled(entry, names) for key, entry in value.items()}
    return value
