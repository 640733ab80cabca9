"""Headers that keep a page to itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g

# Bootstrap draws its check marks from data: addresses.
_POLICY: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Addresses hold tokens, so no other site may learn them.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


# Long enough that a browser which came once never asks by http again.
_ONLY_HTTPS: Final = "max-age=31536000"


def init_security(app: Flask, *, headers: Mapping[str, str] | None = None) -> None:
    """Set the headers on every answer of an application; some in its own way."""
    app.after_request(partial(_protect, {**_HEADERS, **(headers or {})}))


def allow(directives: Mapping[str, str]) -> None:
    """Let this answer's page do more: sources added per directive."""
    g.setdefault("policy_additions", []).append(directives)


def allow_form_to(url: str) -> None:
    """Let a form of this answer's page be sent to the site of an address."""
    parts = urlsplit(url)
    allow({"form-action": f"{parts.scheme}://{parts.netloc}"})


def allow_frames(origins: Collection[str]) -> None:
    """Let other sites show this answer's page inside their own."""
    if origins:
        g.is_framed = True
        allow({"frame-ancestors": " ".join(origins)})


def as_frame(response: Response, *, policy: str) -> Response:
    """An answer that is shown in a frame, under a policy of its own."""
    response.headers["Content-Security-Policy"] = policy
    g.is_framed = True
    return response


def content_security_policy(additions: list[Mapping[str, str]]) -> str:
    """The server's policy with more sources; a directive's 'none' gives way."""
    merged = dict(_POLICY)
    for directives in additions:
        for name, sources in directives.items():
            kept = merged.get(name, "").replace("'none'", "").strip()
            merged[name] = f"{kept} {sources}".strip()
    return "; ".join(f"{name} {sources}" for name, sources in merged.items())


def _keep_to_https(response: Response) -> None:
    """Let browsers come by https only, where that is the public address."""
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", _ONLY_HTTPS)


def _protect(headers: Mapping[str, str], response: Response) -> Response:
    for name, value in headers.items():
        # The older header knows no list of sites; browsers take the policy below.
        if not (name == "X-Frame-Options" and g.get("is_framed", False)):
            response.headers.setdefault(name, value)
    policy = content_security_policy(g.get("policy_additions", []))
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("Cache-Control", "no-store")
    _keep_to_https(response)
    return response
