"""Requests to sign in: slowed down, from browsers that are known or not, let in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits.storage import Storage
from werkzeug.wrappers import Response

from study_server.webkit.sign_in_throttle import Attempt, SignInThrottle
from study_server.webkit.signed_values import signer

_THROTTLE: Final = "secondlook-door"
_SALT: Final = "known browser"
_MAX_AGE: Final = timedelta(days=365)
# Some browsers are shared; who signed in longest ago is forgotten first.
_MAX_NAMES: Final = 8


def init_throttle(
    app: Flask, storage: Storage, *, clock: Callable[[], datetime]
) -> None:
    """Give an application what slows down guessing."""
    secret = str(app.secret_key)
    app.extensions[_THROTTLE] = SignInThrottle(storage, secret=secret, clock=clock)


def throttle() -> SignInThrottle:
    """What slows down guessing in this application."""
    found: SignInThrottle = current_app.extensions[_THROTTLE]
    return found


def attempt_by(name: str) -> Attempt:
    """This request as an attempt to come in under a name."""
    browser, names = _known()
    is_known = _digest_of(name) in names
    return Attempt(
        name=name,
        address=str(request.remote_addr),
        browser=browser if is_known else "",
    )


def let_in(name: str, *, to: str, form: str) -> Response:
    """Send on somebody who came in, from a browser that is known from now on.

    Args:
        name: Who came in.
        to: Where they go.
        form: Where the form is.
    """
    there = redirect(to, code=303)
    _remember_browser(there, name, path=form)
    return there


def too_soon(wait_s: int, page: Callable[[str], str]) -> ResponseReturnValue:
    """The form again for somebody who tried too often.

    Args:
        wait_s: Seconds until an attempt is looked at.
        page: The form with a problem, in words.
    """
    return page(wait_words(wait_s)), 429, {"Retry-After": str(wait_s)}


def wait_words(wait_s: int) -> str:
    """What somebody is told who tried too often."""
    minutes = -(-wait_s // 60)
    if minutes > 90:
        return f"Too many attempts. Try again in {-(-minutes // 60)} hours."
    return f"Too many attempts. Try again in {minutes} min."


def _remember_browser(response: Response, name: str, *, path: str) -> None:
    """Let a name that came in keep a budget of its own in this browser.

    Args:
        response: Takes the cookie along.
        name: Who came in.
        path: Where the form is: the cookie is sent there only.
    """
    browser, names = _known()
    mine = _digest_of(name)
    names = [mine, *(entry for entry in names if entry != mine)][:_MAX_NAMES]
    kept = {"browser": browser or secrets.token_urlsafe(16), "names": names}
    response.set_cookie(
        _cookie_name(),
        _serializer().dumps(kept),
        max_age=_MAX_AGE,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )


def _known() -> tuple[str, list[str]]:
    cookie = request.cookies.get(_cookie_name(), "")
    try:
        kept = _serializer().loads(cookie, max_age=int(_MAX_AGE.total_seconds()))
    except BadSignature:
        return "", []
    return str(kept["browser"]), [str(name) for name in kept["names"]]


def _cookie_name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-browser"


def _digest_of(name: str) -> str:
    # The browser can read what is signed, so never the name itself.
    # And as it is written: Ada's browser is not known to ada, who is somebody else.
    return throttle().digest("known", name)[:32]


def _serializer() -> URLSafeTimedSerializer:
    return signer(_SALT)
