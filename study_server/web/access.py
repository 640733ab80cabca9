"""Who may use which part of the study server, by role."""

from __future__ import annotations

from typing import Final

from flask import Flask, g, jsonify, redirect, session, url_for
from flask.typing import ResponseReturnValue

from study_server.errors import NotAllowedError
from study_server.services.accounts.sign_ins import SignedInUser, presence_of
from study_server.services.accounts.users import EDITOR, OWNER, VIEWER, UserRecord
from study_server.web.application import services
from study_server.web.failures import is_for_program
from study_server.webkit import access
from study_server.webkit.addresses import asked_path

# What the cookie calls the token of who is signed in.
TOKEN: Final = "sign_in"  # noqa: S105 - a key of the session

for_anyone: Final = access.open_to(access.ANYONE)
for_viewers: Final = access.open_to(VIEWER, EDITOR, OWNER)
for_editors: Final = access.open_to(EDITOR, OWNER)
for_owners: Final = access.open_to(OWNER)


def init_access(app: Flask) -> None:
    """Let nobody use a route who may not; for an application with all its routes."""
    access.init_access(app, _admit)

    @app.context_processor
    def name_user() -> dict[str, UserRecord | None]:
        presence: SignedInUser | None = g.get("presence")
        return {"me": None if presence is None else presence.user}


def current_presence() -> SignedInUser:
    """Who uses this route, and from which browser; not where anyone may."""
    presence: SignedInUser = g.presence
    return presence


def current_user() -> UserRecord:
    """Who uses this route; not where anyone may."""
    return current_presence().user


def _admit(who: frozenset[str]) -> ResponseReturnValue | None:
    token = session.get(TOKEN)
    presence = presence_of(services(), token) if isinstance(token, str) else None
    if presence is None:
        return _ask_to_sign_in()
    if presence.user.role not in who:
        may, has = " or ".join(sorted(who)), presence.user.role
        raise NotAllowedError(
            f"only an {may} may do this, and you are signed in as {has}; "
            "an owner can give you another role"
        )
    g.presence = presence
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    """The form, and back afterwards."""
    session.pop(TOKEN, None)
    if is_for_program():
        # Not final: the browser keeps what it has until somebody signs in again.
        words = "You are signed out. Sign in again in another tab to go on."
        return jsonify(error=words, is_final=False), 401
    return redirect(url_for("sign_in.form", next=asked_path()))
