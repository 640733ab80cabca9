"""People who sign in to the dashboard."""

from __future__ import annotations

import click

from study_server.cli._asking import ask_password
from study_server.cli._here import services_here
from study_server.cli._output import json_option, say
from study_server.config import with_secret_key
from study_server.services.accounts.second_factor import reset_second_factor
from study_server.services.accounts.sign_ins import end_sign_ins, list_sign_ins
from study_server.services.accounts.users import (
    ROLES,
    VIEWER,
    add_user,
    change_role,
    let_in_again,
    list_users,
    remove_user,
    require_addable,
)
from study_server.store.accounts.sign_in_attempts import attempt_storage
from study_server.webkit.sign_in_throttle import SignInThrottle


@click.group()
def user() -> None:
    """People who sign in to the dashboard."""


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@click.option(
    "--replace", is_flag=True, help="Give a user a new password; ends their sessions."
)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help="What they may do; the first user is an owner, others are viewers.",
)
@json_option
def add(
    name: str, password_stdin: bool, replace: bool, role: str | None, as_json: bool
) -> None:
    """Let NAME sign in; asks for the password.

    An owner does everything, users included; an editor runs studies; a viewer reads
    how they go, but changes nothing and sees nobody's personal link.
    """
    with services_here("create") as services:
        require_addable(services, name, replace=replace)
        password = ask_password(is_from_stdin=password_stdin)
        added = add_user(services, name, password=password, role=role, replace=replace)
    say(
        {"name": added.name, "role": added.role},
        as_json=as_json,
        text=f"{added.name} can sign in as {_a(added.role)}",
    )


@user.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@json_option
def role(name: str, role: str, as_json: bool) -> None:
    """Make NAME an owner, an editor or a viewer, from their next click on."""
    with services_here() as services:
        changed = change_role(services, name, role=role)
    say(
        {"name": changed.name, "role": changed.role},
        as_json=as_json,
        text=f"{changed.name} is {_a(changed.role)} now",
    )


@user.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Let NAME sign in no more; ends their sessions."""
    with services_here() as services:
        remove_user(services, name)
    say({"name": name}, as_json=as_json, text=f"{name} can sign in no more")


@user.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """List who can sign in, and as what."""
    with services_here("read") as services:
        found = list_users(services)
    say(
        [
            {"name": user.name, "role": user.role, "created_at": user.created_at}
            for user in found
        ],
        as_json=as_json,
        text="\n".join(f"{user.name}  {user.role}" for user in found) or "nobody yet",
    )


@user.command()
@click.argument("name")
@click.option("--end", is_flag=True, help="Sign NAME out of all of them.")
@json_option
def sessions(name: str, end: bool, as_json: bool) -> None:
    """List where NAME is signed in, the last seen first."""
    with services_here() as services:
        found = list_sign_ins(services, name)
        if end:
            end_sign_ins(services, name)
    lines = [
        f"{entry.began_at:%Y-%m-%d %H:%M}  last seen {entry.seen_at:%Y-%m-%d %H:%M}"
        f"  {entry.browser}"
        for entry in found
    ]
    if end:
        lines = [f"{name} is signed out of {len(found)} browsers"]
    say(
        [
            {
                "began_at": entry.began_at,
                "seen_at": entry.seen_at,
                "browser": entry.browser,
            }
            for entry in found
        ],
        as_json=as_json,
        text="\n".join(lines) or f"{name} is signed in nowhere",
    )


@user.command(name="reset-second-factor")
@click.argument("name")
@json_option
def reset_factor(name: str, as_json: bool) -> None:
    """Ask NAME for the password only, and sign them out; for who lost the telephone."""
    with services_here() as services:
        reset_second_factor(services, name)
    text = f"{name} signs in with the password only"
    say({"name": name}, as_json=as_json, text=text)


@user.command()
@click.argument("name")
@json_option
def unlock(name: str, as_json: bool) -> None:
    """Forget failed attempts to sign in as NAME, from wherever they came."""
    with services_here() as services:
        let_in_again(services, name)
        settings = with_secret_key(services.settings)
        counts = attempt_storage(services.store, clock=services.clock)
        secret = str(settings.secret_key)
        SignInThrottle(counts, secret=secret, clock=services.clock).forget(name)
    say({"name": name}, as_json=as_json, text=f"{name} can try again")


def _a(role: str) -> str:
    return f"{'a' if role == VIEWER else 'an'} {role}"
