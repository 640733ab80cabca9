"""Signing in to the dashboard, and out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from flask import (
    Blueprint,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from study_server.services.accounts import users
from study_server.services.accounts.second_factor import (
    has_second_factor,
    is_second_factor,
)
from study_server.services.accounts.sign_ins import begin_sign_in, end_presence
from study_server.services.accounts.users import (
    AccountError,
    UserRecord,
    find_user_record,
    note_failure,
)
from study_server.web.access import TOKEN, for_anyone
from study_server.web.application import services
from study_server.web.reading import read_fields
from study_server.webkit.addresses import own_path
from study_server.webkit.browsers import own_browser
from study_server.webkit.sign_in_requests import attempt_by, let_in, throttle, too_soon
from study_server.webkit.sign_in_throttle import Attempt

sign_in = Blueprint("sign_in", __name__)

# What the session calls who proved their password, but not the second factor yet.
_PROVED: Final = "proved"
_HALF_WAY: Final = timedelta(minutes=5)


@sign_in.get("/sign-in")
@for_anyone
def form() -> ResponseReturnValue:
    """The form."""
    return _form()


@sign_in.post("/sign-in")
@for_anyone
def enter() -> ResponseReturnValue:
    """Check name and password; guessing is slowed down before anything is hashed."""
    fields = read_fields(request)
    name = fields.get("name", "")
    attempt = attempt_by(name)
    if wait_s := throttle().count(attempt):
        return too_soon(wait_s, _form)
    user = users.check_password(services(), name, fields.get("password", ""))
    if user is None:
        note_failure(services(), name)
        return _form("Name and password do not belong together."), 403
    here = url_for("dashboard.studies")
    wanted = own_path(fields.get("next", ""), otherwise=here)
    if has_second_factor(services(), user.id):
        session.clear()
        ends_at = services().clock() + _HALF_WAY
        session[_PROVED] = [name, int(ends_at.timestamp()), wanted]
        return redirect(url_for("sign_in.ask_code"), code=303)
    return _let_in(user, attempt, wanted=wanted)


@sign_in.get("/sign-in/code")
@for_anyone
def ask_code() -> ResponseReturnValue:
    """The form for a code, for whoever knew the password."""
    return redirect(url_for("sign_in.form")) if _half_way() is None else _code_form()


@sign_in.post("/sign-in/code")
@for_anyone
def prove() -> ResponseReturnValue:
    """Check the code; guessing is slowed down here too, by a budget of its own."""
    if (found := _half_way()) is None:
        return redirect(url_for("sign_in.form"), code=303)
    user, wanted = found
    attempt = attempt_by(user.name)
    by_code = replace(attempt, browser=f"code {attempt.browser}")
    if wait_s := throttle().count(by_code):
        return too_soon(wait_s, _code_form)
    if not is_second_factor(services(), user, read_fields(request).get("code", "")):
        note_failure(services(), user.name)
        return _code_form("That code is not right, or was used before."), 403
    throttle().note_success(by_code)
    return _let_in(user, attempt, wanted=wanted)


@sign_in.post("/sign-out")
@for_anyone
def leave() -> ResponseReturnValue:
    """Sign out, here and wherever this sign-in was copied to."""
    if isinstance(token := session.get(TOKEN), str):
        end_presence(services(), token)
    session.clear()
    return redirect(url_for("sign_in.form"), code=303)


def _let_in(user: UserRecord, attempt: Attempt, *, wanted: str) -> ResponseReturnValue:
    throttle().note_success(attempt)
    session.clear()
    session.permanent = True
    session[TOKEN] = begin_sign_in(services(), user, browser=own_browser())
    return let_in(user.name, to=wanted, form=url_for(".form"))


def _half_way() -> tuple[UserRecord, str] | None:
    """Who proved their password a moment ago, and where they wanted to go."""
    proved = session.get(_PROVED)
    if not isinstance(proved, list):
        return None
    name, ends_at, wanted = proved
    if services().clock().timestamp() > ends_at:
        return None
    try:
        return find_user_record(services(), name), wanted
    except AccountError:
        return None


def _code_form(problem: str = "") -> str:
    return render_template("dashboard/code.html", problem=problem)


def _form(problem: str = "") -> str:
    wanted = request.values.get("next", "")
    return render_template("dashboard/sign_in.html", problem=problem, next=wanted)
