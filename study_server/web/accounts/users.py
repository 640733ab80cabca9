"""Who may sign in, and who did what: for owners."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study_server.services.accounts import activity
from study_server.services.accounts.sign_ins import end_sign_ins
from study_server.services.accounts.users import (
    ROLES,
    AccountError,
    add_user,
    change_role,
    list_users,
    remove_user,
)
from study_server.web.access import for_owners
from study_server.web.application import services
from study_server.web.failures import sentence
from study_server.web.reading import read_fields
from study_server.webkit.reading import read_whole_number

users = Blueprint("users", __name__, url_prefix="/dashboard")

Fields = Mapping[str, str]


@users.get("/users")
@for_owners
def overview() -> ResponseReturnValue:
    """Everybody who can sign in."""
    return _overview({})


@users.post("/users/add")
@for_owners
def add() -> ResponseReturnValue:
    """Let somebody sign in."""

    def add_them(fields: Fields) -> str:
        added = add_user(
            services(),
            fields.get("name", ""),
            password=fields.get("password", ""),
            role=fields.get("role", ""),
        )
        return f"{added.name} can sign in."

    return _do(add_them)


@users.post("/users/role")
@for_owners
def give_role() -> ResponseReturnValue:
    """Another role for somebody."""

    def give(fields: Fields) -> str:
        role = fields.get("role", "")
        changed = change_role(services(), fields.get("name", ""), role=role)
        return f"{changed.name} is {role} now."

    return _do(give)


@users.post("/users/sign-out")
@for_owners
def sign_out() -> ResponseReturnValue:
    """End every sign-in of somebody."""

    def end(fields: Fields) -> str:
        name = fields.get("name", "")
        return f"{name} is signed out of {end_sign_ins(services(), name)} browsers."

    return _do(end)


@users.post("/users/remove")
@for_owners
def remove() -> ResponseReturnValue:
    """Let somebody sign in no more."""

    def remove_them(fields: Fields) -> str:
        name = fields.get("name", "")
        remove_user(services(), name)
        return f"{name} can sign in no more."

    return _do(remove_them)


@users.get("/activity")
@for_owners
def log() -> ResponseReturnValue:
    """The activity log, the latest first."""
    of = request.args.get("of", "").strip()[:100]
    before = read_whole_number(request.args.get("before", ""))
    entries = activity.list_activity(services(), before=before, subject=of)
    is_full = len(entries) == activity.MAX_LISTED
    return render_template(
        "dashboard/activity.html",
        entries=entries,
        of=of,
        next_before=entries[-1].id if is_full else None,
    )


def _do(change: Callable[[Fields], str]) -> ResponseReturnValue:
    fields = read_fields(request)
    try:
        flash(change(fields))
    except AccountError as error:
        return _overview(fields, problem=str(error)), error.status
    return redirect(url_for("users.overview"), code=303)


def _overview(fields: Fields, *, problem: str = "") -> str:
    return render_template(
        "dashboard/users.html",
        users=list_users(services()),
        roles=ROLES,
        problems=[sentence(line) for line in problem.splitlines()],
        name=fields.get("name", ""),
    )
