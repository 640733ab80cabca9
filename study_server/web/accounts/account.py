"""One's own account: password, and where one is signed in."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study_server.services.accounts.second_factor import (
    has_second_factor,
    n_recovery_codes,
)
from study_server.services.accounts.sign_ins import (
    change_own_password,
    end_sign_in,
    end_sign_ins,
    list_sign_ins,
)
from study_server.services.accounts.users import AccountError
from study_server.web.access import current_presence, current_user, for_viewers
from study_server.web.application import services
from study_server.web.failures import sentence
from study_server.web.reading import read_fields
from study_server.webkit.reading import read_whole_number
from study_server.webkit.sign_in_requests import throttle, too_soon
from study_server.webkit.sign_in_throttle import Attempt

account = Blueprint("account", __name__, url_prefix="/dashboard/account")


@account.get("")
@for_viewers
def overview() -> ResponseReturnValue:
    """Who one is here, and in which browsers."""
    return _overview()


@account.post("/password")
@for_viewers
def change_password() -> ResponseReturnValue:
    """Another password, for whoever knows the one before."""
    presence, fields = current_presence(), read_fields(request)
    if fields.get("new", "") != fields.get("again", ""):
        return _overview("The new password is not the same both times."), 400
    attempt = own_attempt()
    if wait_s := throttle().count(attempt):
        return too_soon(wait_s, _overview)
    try:
        n_ended = change_own_password(
            services(), presence, old=fields.get("old", ""), new=fields.get("new", "")
        )
    except AccountError as error:
        return _overview(sentence(str(error))), error.status
    throttle().note_success(attempt)
    flash(f"Your password is changed, and {n_ended} other sign-ins are ended.")
    return redirect(url_for("account.overview"), code=303)


@account.post("/sign-ins")
@for_viewers
def end() -> ResponseReturnValue:
    """End one sign-in, or all others."""
    presence, chosen = current_presence(), read_fields(request).get("sign_in", "")
    name = presence.user.name
    if chosen == "others":
        n_ended = end_sign_ins(services(), name, but=presence.sign_in.id)
        flash(f"{n_ended} other sign-ins are ended.")
    elif (sign_in_id := read_whole_number(chosen)) is not None:
        end_sign_in(services(), name, sign_in_id=sign_in_id)
        flash("That sign-in is ended.")
    return redirect(url_for("account.overview"), code=303)


def own_attempt() -> Attempt:
    """Something to prove by whoever is signed in already, here and only here."""
    presence = current_presence()
    return Attempt(
        name=presence.user.name,
        address=str(request.remote_addr),
        browser=f"sign-in {presence.sign_in.id}",
    )


def _overview(problem: str = "") -> str:
    return render_template(
        "dashboard/account.html",
        sign_ins=list_sign_ins(services(), current_user().name),
        here=current_presence().sign_in.id,
        has_second_factor=has_second_factor(services(), current_user().id),
        n_codes=n_recovery_codes(services(), current_user().id),
        problem=problem,
    )
