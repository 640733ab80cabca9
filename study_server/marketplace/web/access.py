"""Who may use which part of the marketplace."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from study_server.marketplace.web.application import market
from study_server.marketplace.web.signing_in import (
    is_requester_here,
    is_worker_here,
)
from study_server.webkit import access
from study_server.webkit.addresses import asked_path

WORKER: Final = "worker"
REQUESTER: Final = "requester"
ADMIN: Final = "admin"
SIGNED: Final = "signed request"

for_anyone: Final = access.open_to(access.ANYONE)
for_workers: Final = access.open_to(WORKER)
for_requesters: Final = access.open_to(REQUESTER)
for_admin: Final = access.open_to(ADMIN)
for_signed_requests: Final = access.open_to(SIGNED)


def init_access(app: Flask) -> None:
    """Let nobody use a route who may not; for an application with all its routes."""
    access.init_access(app, _admit)


def _admit(who: frozenset[str]) -> ResponseReturnValue | None:
    if WORKER in who:
        return None if is_worker_here() else _ask("market_worker_account.sign_in")
    if REQUESTER in who:
        return None if is_requester_here() else _ask("market_requester.sign_in")
    if ADMIN in who:
        _check_token()
        return None
    # The operation itself checks the signature, which covers what it is asked to do.
    return None if SIGNED in who else abort(403)


def _ask(form: str) -> ResponseReturnValue:
    """The form, and back afterwards."""
    # Only what can be asked for again is gone back to.
    wanted = asked_path() if request.method == "GET" else ""
    return redirect(url_for(form, next=wanted), code=303)


def _check_token() -> None:
    expected = market().settings.admin_token
    if expected is None:
        abort(404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not compare_digest(given.encode(), expected.encode()):
        abort(403)
