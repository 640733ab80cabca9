"""Requesters and workers of the marketplace."""

from __future__ import annotations

from dataclasses import replace

import click

from study_server.cli._asking import ask_password, must_confirm
from study_server.cli._marketplace.settings import (
    balance_option,
    cents_of,
    database_option,
    keys_of,
    market_here,
)
from study_server.cli._output import as_table, json_option, say
from study_server.marketplace import erasure, people
from study_server.marketplace.money import write_cents
from study_server.marketplace.store import requesters, workers

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def requester() -> None:
    """Who may post HITs."""


@requester.command(name="add")
@click.argument("name")
@balance_option
@database_option
@json_option
def add_requester(
    name: str, balance: str, database_url: str | None, as_json: bool
) -> None:
    """Let NAME post HITs; prints their keys."""
    with market_here(database_url) as market, market.store.write() as tx:
        made = people.add_requester(
            tx, name, balance_cents=cents_of(balance), at=market.clock()
        )
        shown = keys_of(made.access_key, made.secret_key)
    say(shown, as_json=as_json, text="\n".join(f"{k}={v}" for k, v in shown.items()))


@requester.command(name="list")
@database_option
@json_option
def list_requesters(database_url: str | None, as_json: bool) -> None:
    """List who may post HITs, with their money."""
    with market_here(database_url, use="read") as market, market.store.read() as tx:
        rows = [
            {
                "name": entry.name,
                "access_key": entry.access_key,
                "available": write_cents(entry.available_cents),
                "on_hold": write_cents(entry.on_hold_cents),
                "spent": write_cents(entry.spent_cents),
            }
            for entry in requesters.all_requesters(tx)
        ]
    head = ["name", "access_key", "available", "on_hold", "spent"]
    say(rows, as_json=as_json, text=as_table(head, [list(r.values()) for r in rows]))


@requester.command(name="rotate-key")
@click.argument("name")
@database_option
@json_option
def rotate_key(name: str, database_url: str | None, as_json: bool) -> None:
    """Give NAME two new keys and print them; the old ones count no more."""
    with market_here(database_url) as market, market.store.write() as tx:
        found = people.requester_named(tx, name)
        people.rotate_key(found)
        shown = keys_of(found.access_key, found.secret_key)
    say(shown, as_json=as_json, text="\n".join(f"{k}={v}" for k, v in shown.items()))


@requester.command(name="erase")
@click.argument("name")
@yes_option
@database_option
def erase_requester(name: str, yes: bool, database_url: str | None) -> None:
    """Forget who NAME is and expire their HITs; work handed in is still paid."""
    with market_here(database_url) as market:
        with market.store.read() as tx:
            people.requester_named(tx, name)
        if not yes:
            must_confirm(f"Erase requester {name}? This cannot be undone")
        with market.store.write() as tx:
            found = people.requester_named(tx, name)
            erasure.erase_requester(tx, found, at=market.clock())
    click.echo("the requester is erased")


@click.group()
def worker() -> None:
    """Who does HITs."""


@worker.command(name="add")
@click.argument("name")
@click.option("--country", default="US", show_default=True, help="ISO 3166.")
@click.option("--subdivision", default="", help="ISO 3166-2, without the country.")
@click.option("--master", is_flag=True, help="Has the Masters Qualification.")
@click.option("--adult", is_flag=True, help="Takes adult content.")
@click.option("--approved", default=0, help="Submissions approved elsewhere before.")
@click.option("--rejected", default=0, help="Submissions rejected elsewhere before.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@database_option
@json_option
def add_worker(
    name: str,
    country: str,
    subdivision: str,
    master: bool,
    adult: bool,
    approved: int,
    rejected: int,
    password_stdin: bool,
    database_url: str | None,
    as_json: bool,
) -> None:
    """Let NAME do HITs; asks for the password."""
    profile = people.WorkerProfile(
        name=name,
        country=country,
        subdivision=subdivision,
        is_adult=adult,
        is_master=master,
        n_approved_before=approved,
        n_rejected_before=rejected,
    )
    with market_here(database_url) as market:
        with market.store.read() as tx:
            people.require_addable(tx, profile)
        profile = replace(profile, password=ask_password(is_from_stdin=password_stdin))
        with market.store.write() as tx:
            made = people.add_worker(tx, profile, at=market.clock())
        shown = {"name": made.name, "worker_id": made.public_id}
    say(shown, as_json=as_json, text=f"{shown['name']} is worker {shown['worker_id']}")


@worker.command(name="password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@database_option
def change_password(name: str, password_stdin: bool, database_url: str | None) -> None:
    """Give NAME another password, asked for; their sign-ins end."""
    with market_here(database_url) as market:
        with market.store.read() as tx:
            people.worker_named(tx, name)
        password = ask_password(is_from_stdin=password_stdin)
        with market.store.write() as tx:
            people.change_password(tx, people.worker_named(tx, name), password)
    click.echo(f"{name} has a new password")


@worker.command(name="erase")
@click.argument("name")
@yes_option
@database_option
def erase_worker(name: str, yes: bool, database_url: str | None) -> None:
    """Forget who NAME (or a WorkerId) is; what they handed in stays."""
    with market_here(database_url) as market:
        with market.store.read() as tx:
            people.worker_named(tx, name)
        if not yes:
            must_confirm(f"Erase worker {name}? This cannot be undone")
        with market.store.write() as tx:
            found = people.worker_named(tx, name)
            erasure.erase_worker(tx, found, at=market.clock())
    click.echo("the worker is erased")


@worker.command(name="list")
@database_option
@json_option
def list_workers(database_url: str | None, as_json: bool) -> None:
    """List who does HITs, with what they did and earned."""
    with market_here(database_url, use="read") as market, market.store.read() as tx:
        rows = [
            {
                "name": entry.name,
                "worker_id": entry.public_id,
                "submitted": entry.n_submitted,
                "approved": entry.n_approved,
                "rejected": entry.n_rejected,
                "earned": write_cents(entry.earned_cents),
            }
            for entry in workers.all_workers(tx)
        ]
    head = ["name", "worker_id", "submitted", "approved", "rejected", "earned"]
    say(rows, as_json=as_json, text=as_table(head, [list(r.values()) for r in rows]))
