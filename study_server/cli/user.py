"""People who sign in to the dashboard."""

from __future__ import annotations

import sys

import click

from study_server.cli._session import json_option, say, services_here
from study_server.services.accounts import add_user, list_users, remove_user


@click.group()
def user() -> None:
    """People who sign in to the dashboard."""


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@click.option(
    "--replace", is_flag=True, help="Give a user a new password; ends their sessions."
)
@json_option
def add(name: str, password_stdin: bool, replace: bool, as_json: bool) -> None:
    """Let NAME sign in; asks for the password."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with services_here() as services:
        added = add_user(services, name, password=password, replace=replace)
    say({"name": added.name}, as_json=as_json, text=f"{added.name} can sign in")


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
    """List who can sign in."""
    with services_here() as services:
        names = list_users(services)
    say(names, as_json=as_json, text="\n".join(names) or "nobody yet")
