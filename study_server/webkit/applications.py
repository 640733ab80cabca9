"""A web application set up as both are: keys, cookies, limits, guards, templates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from limits.storage import Storage
from werkzeug.middleware.proxy_fix import ProxyFix

from study_server.webkit.reading import init_requests
from study_server.webkit.request_rates import init_rates
from study_server.webkit.security_headers import init_security
from study_server.webkit.sign_in_requests import init_throttle


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """How one application is reached, and what it keeps in browsers.

    Attributes:
        keys: What signs cookies, and the keys it replaced, the newest first.
        cookie: What the session's cookie is called.
        signed_in_for: How long that cookie is kept.
        max_body_bytes: A larger request is refused.
        base_url: Where people reach it; cookies are sent by https only where it is.
        n_proxies: How many web servers of ours stand in front.
        is_host_forwarded: Whether they say which host was asked for, too.
    """

    keys: tuple[str, ...]
    cookie: str
    signed_in_for: timedelta
    max_body_bytes: int
    base_url: str
    n_proxies: int
    is_host_forwarded: bool = False


def set_up(app: Flask, settings: WebSettings) -> None:
    """Give an application its keys, cookies, limits and proxies; strict templates."""
    app.config.update(
        SECRET_KEY=settings.keys[0],
        SECRET_KEY_FALLBACKS=list(settings.keys[1:]),
        # A form that was open when the key was replaced can still be sent.
        WTF_CSRF_SECRET_KEY=[*reversed(settings.keys)],
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_body_bytes,
        SESSION_COOKIE_NAME=settings.cookie,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=settings.signed_in_for,
        # Our pages send no referrer, so there is none to compare.
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    _trust_proxies(app, settings)


def guard(
    app: Flask,
    *,
    attempts: Storage,
    clock: Callable[[], datetime],
    free: Collection[str],
    headers: Mapping[str, str] | None = None,
) -> CSRFProtect:
    """Guard an application's routes; gives what forms of other sites are refused by.

    Args:
        app: The application, set up, without its routes.
        attempts: Where attempts to sign in are counted.
        clock: The time they are counted by.
        free: Endpoints whose requests are not counted.
        headers: Those that differ from other applications'.
    """
    init_throttle(app, attempts, clock=clock)
    init_requests(app)
    init_rates(app, free=free)
    init_security(app, headers=headers)
    return CSRFProtect(app)


def _trust_proxies(app: Flask, settings: WebSettings) -> None:
    """Take the visitor's address from as many proxies as there are, no more.

    Whoever connects directly could write anything into that header.
    """
    if n := settings.n_proxies:
        n_hosts = n if settings.is_host_forwarded else 0
        fixed = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n_hosts)
        app.wsgi_app = fixed  # type: ignore[method-assign] # Flask's documented way
