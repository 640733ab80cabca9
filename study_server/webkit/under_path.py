"""Serving below a path of a host, as in https://host/lab.

A web server in front may pass the path on or take it off first; both arrive here, and
every address that is made begins with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Flask

from study_server.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What nobody has to encode, so that all in between write it alike.
_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")


def serve_under(app: Flask, base_url: str) -> None:
    """Serve an application below the path of its address; routes come first.

    Args:
        app: With every route it has.
        base_url: Where people reach it; nothing changes where it has no path.

    Raises:
        SettingsError: If the path cannot be told from one of the application's own,
            or is not written plainly.
    """
    path = urlsplit(base_url).path.rstrip("/")
    if not path:
        return
    _check(app, path)
    app.config["SESSION_COOKIE_PATH"] = path
    inner = app.wsgi_app
    app.wsgi_app = _UnderPath(inner, path)  # type: ignore[method-assign,assignment] # Flask's way


def _check(app: Flask, path: str) -> None:
    if not _PLAIN.fullmatch(path):
        raise SettingsError(
            f"base_url: expected a path of letters, digits, '.', '_' and '-', got {path!r}"
        )
    first = path.split("/")[1]
    own = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    if first in own:
        raise SettingsError(
            f"base_url: the path {path!r} begins like addresses of Secondlook's own, so "
            "the two could not be told apart behind a web server that takes it off; "
            f"choose another than {', '.join(sorted(filter(str.isidentifier, own)))}"
        )


class _UnderPath:
    def __init__(self, inner: WSGIApplication, path: str) -> None:
        self._inner = inner
        self._path = path

    def __call__(
        self, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        wanted = environ.get("PATH_INFO", "")
        if wanted == self._path or wanted.startswith(f"{self._path}/"):
            environ["PATH_INFO"] = wanted[len(self._path) :] or "/"
        environ["SCRIPT_NAME"] = self._path
        return self._inner(environ, start)
