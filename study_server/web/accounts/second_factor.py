"""Setting up a second factor, and giving it up."""

from __future__ import annotations

import segno
from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask import request as asked
from flask.typing import ResponseReturnValue

from study_server.services.accounts.second_factor import (
    address_for_app,
    new_secret,
    remove_own_second_factor,
    set_up_second_factor,
)
from study_server.services.accounts.users import AccountError
from study_server.web.access import current_presence, current_user, for_viewers
from study_server.web.accounts.account import own_attempt
from study_server.web.application import services
from study_server.web.failures import sentence
from study_server.web.reading import read_fields
from study_server.webkit.sign_in_requests import throttle, too_soon, wait_words

second_factor = Blueprint(
    "second_factor", __name__, url_prefix="/dashboard/account/second-factor"
)
# What the session calls the secret until it is proved.
_NEW = "new_factor"


@second_factor.get("")
@for_viewers
def show() -> ResponseReturnValue:
    """A picture for the telephone, and the form for what it shows."""
    session[_NEW] = new_secret()
    return _page()


@second_factor.post("")
@for_viewers
def set_up() -> ResponseReturnValue:
    """Ask for codes from now on; the recovery codes are shown this once."""
    if not isinstance(secret := session.get(_NEW), str):
        return redirect(url_for("second_factor.show"), code=303)
    fields, attempt = read_fields(asked), own_attempt()
    if wait_s := throttle().count(attempt):
        return too_soon(wait_s, _page)
    try:
        codes = set_up_second_factor(
            services(),
            current_presence(),
            secret=secret,
            code=fields.get("code", ""),
            password=fields.get("password", ""),
        )
    except AccountError as error:
        return _page(sentence(str(error))), error.status
    throttle().note_success(attempt)
    session.pop(_NEW)
    return render_template("dashboard/recovery_codes.html", codes=codes)


@second_factor.post("/remove")
@for_viewers
def remove() -> ResponseReturnValue:
    """Ask for codes no more."""
    attempt = own_attempt()
    if wait_s := throttle().count(attempt):
        flash(wait_words(wait_s), "problem")
        return redirect(url_for("account.overview"), code=303)
    password = read_fields(asked).get("password", "")
    try:
        remove_own_second_factor(services(), current_user(), password=password)
    except AccountError as error:
        flash(sentence(str(error)), "problem")
    else:
        throttle().note_success(attempt)
        flash("You are asked for your password only.")
    return redirect(url_for("account.overview"), code=303)


def _page(problem: str = "") -> str:
    secret = str(session[_NEW])
    address = address_for_app(secret, current_user().name)
    return render_template(
        "dashboard/second_factor.html",
        picture=segno.make(address, micro=False).svg_data_uri(scale=5, light="#fff"),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        problem=problem,
    )
