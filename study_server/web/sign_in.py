"""Signing in to the dashboard, and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from study_server.services import accounts
from study_server.web.application import services
from study_server.web.failures import is_for_program
from study_server.web.reading import read_fields
from study_server.web.throttle import Door

sign_in = Blueprint("sign_in", __name__)

DOOR = "secondlook-door"


@sign_in.get("/sign-in")
def form() -> ResponseReturnValue:
    """The form."""
    return _form()


@sign_in.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Check name and password; guessing is slowed down per name and per address."""
    fields = read_fields(request)
    name = fields.get("name", "")
    door: Door = current_app.extensions[DOOR]
    address = str(request.remote_addr)
    if wait_s := door.wait_s(name, address=address):
        minutes = -(-wait_s // 60)
        words = f"Too many attempts. Try again in {minutes} min."
        return _form(words), 429, {"Retry-After": str(wait_s)}
    user = accounts.check_password(services(), name, fields.get("password", ""))
    if user is None:
        door.fail(name, address=address)
        return _form("Name and password do not belong together."), 403
    door.welcome(name)
    session.clear()
    session.permanent = True
    session.update(user=user.name, user_id=user.id, stamp=user.stamp)
    return redirect(_own_path(fields.get("next", "")), code=303)


@sign_in.post("/sign-out")
def leave() -> ResponseReturnValue:
    """Sign out."""
    session.clear()
    return redirect(url_for("sign_in.form"), code=303)


def require_user() -> ResponseReturnValue | None:
    """Send whoever is not signed in to the form, and back afterwards."""
    if _is_signed_in():
        return None
    session.clear()
    if is_for_program():
        # Not final: the browser keeps what it has until somebody signs in again.
        words = "You are signed out. Sign in again in another tab to go on."
        return jsonify(error=words, is_final=False), 401
    return redirect(url_for("sign_in.form", next=request.full_path.rstrip("?")))


def _is_signed_in() -> bool:
    """Whether the user is still there and has the password they signed in with."""
    user_id, stamp = session.get("user_id"), session.get("stamp")
    if not isinstance(user_id, int) or not isinstance(stamp, str):
        return False
    return accounts.has_session(services(), user_id=user_id, stamp=stamp)


def _form(problem: str = "") -> str:
    wanted = request.values.get("next", "")
    return render_template("dashboard/sign_in.html", problem=problem, next=wanted)


def _own_path(wanted: str) -> str:
    """A path of ours; anything else would send people to another site."""
    parts = urlsplit(wanted)
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    if parts.scheme or parts.netloc or not is_own:
        return url_for("dashboard.studies")
    return wanted
