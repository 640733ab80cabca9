"""Run an MTurk-compatible marketplace: requester API, worker site, faults on demand."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import click
import httpx

from study_server.cli._asking import off_the_command_line
from study_server.cli._marketplace.people import requester, worker
from study_server.cli._marketplace.server import run_server
from study_server.cli._marketplace.settings import (
    balance_option,
    cents_of,
    database_option,
    database_url_or_default,
    keys_of,
    market_settings,
)
from study_server.cli._output import json_option, say, say_aside
from study_server.database.engine import is_sqlite, sqlite_file
from study_server.database.running_servers import announced
from study_server.database.upgrading import make_ready
from study_server.marketplace import people
from study_server.marketplace.errors import MarketplaceError
from study_server.marketplace.fault_injection import FaultPlan, Faults, describe
from study_server.marketplace.opening import Marketplace, open_marketplace
from study_server.marketplace.settings import public_url
from study_server.marketplace.store import MIGRATIONS, requesters, upgrade
from study_server.network.port_binding import bound

_FIRST: Final = "requester"

token_option = click.option(
    "--admin-token",
    envvar="SECONDLOOK_MARKETPLACE_ADMIN_TOKEN",
    metavar="-",
    callback=off_the_command_line,
    help="Opens the routes that turn the clock, cause faults and act as workers; from "
    "SECONDLOOK_MARKETPLACE_ADMIN_TOKEN, or from stdin by `-`.",
)
fault_option = click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME=VALUE",
    help="Something that goes wrong on purpose, e.g. throttle_rate=0.05; repeatable.",
)


@click.group()
def marketplace() -> None:
    """Run an MTurk-compatible marketplace of your own.

    Amazon closed Mechanical Turk on 30 September 2026. Any boto3 script works with
    this instead, once AWS_ENDPOINT_URL_MTURK names it.
    """


@marketplace.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address.")
@click.option("--port", default=8010, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--base-url",
    envvar="SECONDLOOK_MARKETPLACE_BASE_URL",
    default="",
    help="The public address, where a web server stands in front; https there keeps "
    "cookies and browsers to https. [default: as requests name it]",
)
@database_option
@click.option(
    "--key",
    envvar="SECONDLOOK_MARKETPLACE_KEY",
    default="",
    metavar="-",
    callback=off_the_command_line,
    help="ID:SECRET, the keys of the first requester, from the variable "
    "SECONDLOOK_MARKETPLACE_KEY, or from stdin by `-`. [default: made up once and kept]",
)
@balance_option
@token_option
@click.option(
    "--aws-endpoint",
    metavar="URL",
    help="Where the queues of notifications are. [default: as their URLs say]",
)
@fault_option
def start(
    host: str,
    port: int,
    base_url: str,
    database_url: str | None,
    key: str,
    balance: str,
    admin_token: str | None,
    aws_endpoint: str | None,
    faults: tuple[str, ...],
) -> None:
    """Serve until stopped (Ctrl+C, or SIGTERM)."""
    with bound(host, port) as listening:
        settings = market_settings(
            database_url,
            base_url=public_url(base_url),
            admin_token=admin_token,
            sqs_endpoint=aws_endpoint,
            faults=_read_faults(faults),
        )
        market = open_marketplace(settings, tell=say_aside)
        keys = _first_keys(market, key, balance_cents=cents_of(balance))
        market.store.close()
        name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
        url = settings.base_url or f"http://{name}:{port}"
        with _marked(settings.database_url, url=url):
            _announce(url, keys)
            run_server(settings, listening)


@marketplace.command(name="upgrade")
@database_option
def upgrade_(database_url: str | None) -> None:
    """Bring the marketplace's database to this version's tables."""
    url = database_url_or_default(database_url)
    if is_sqlite(url):
        make_ready(url, MIGRATIONS, use="create", tell=say_aside)
    else:
        upgrade(url)
    click.echo("the marketplace's database is current")


@marketplace.command()
@click.option("--url", default="http://127.0.0.1:8010", show_default=True)
@token_option
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@json_option
def faults(
    url: str, admin_token: str | None, values: tuple[str, ...], as_json: bool
) -> None:
    """Show what goes wrong on purpose in a running marketplace, or change it."""
    headers = {"Authorization": f"Bearer {admin_token or 'none'}"}
    where = f"{url.rstrip('/')}/admin/faults"
    try:
        if values:
            reply = httpx.post(where, json=_read_pairs(values), headers=headers)
        else:
            reply = httpx.get(where, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise MarketplaceError(f"no marketplace answers at {url}: {error}") from error
    if reply.is_error:
        raise MarketplaceError(_refusal(reply))
    plan: dict[str, Any] = reply.json()
    say(plan, as_json=as_json, text="\n".join(f"{k} = {v}" for k, v in plan.items()))


def _marked(database_url: str, *, url: str) -> AbstractContextManager[None]:
    """Keeps others from changing the tables of the file that is served."""
    if not is_sqlite(database_url):
        return nullcontext()
    return announced(sqlite_file(database_url), url=url)


def _first_keys(market: Marketplace, key: str, *, balance_cents: int) -> dict[str, str]:
    """The keys that are printed; their requester is added on the first start."""
    access_key, _, secret_key = key.partition(":")
    if key and not secret_key:
        raise MarketplaceError("the key: expected ID:SECRET")
    with market.store.write() as tx:
        is_first = requesters.by_name(tx, _FIRST) is None
        found = (
            requesters.by_access_key(tx, access_key)
            if key
            else requesters.by_name(tx, _FIRST)
        )
        if found is not None and key and found.secret_key != secret_key:
            raise MarketplaceError(
                f"{access_key} is there with another secret; leave the key out "
                "or name another id"
            )
        found = found or people.add_requester(
            tx,
            _FIRST if is_first else access_key,
            balance_cents=balance_cents,
            at=market.clock(),
            access_key=access_key,
            secret_key=secret_key,
        )
        return keys_of(found.access_key, found.secret_key)


def _announce(url: str, keys: dict[str, str]) -> None:
    say_aside(f"workers      {url}/worker/")
    say_aside(f"requesters   {url}/requester/   (sign in with the two keys)")
    say_aside("Scripts for Mechanical Turk work with this marketplace after:")
    for name, value in keys.items():
        click.echo(f"export {name}={value}")
    click.echo(f"export AWS_ENDPOINT_URL_MTURK={url}")
    click.echo("export AWS_DEFAULT_REGION=us-east-1")


def _read_faults(values: tuple[str, ...]) -> FaultPlan:
    return Faults(FaultPlan()).change(**_read_pairs(values))


def _read_pairs(values: tuple[str, ...]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or name not in describe(FaultPlan()):
            known = ", ".join(describe(FaultPlan()))
            raise MarketplaceError(
                f"expected NAME=VALUE with one of {known}; got {value!r}"
            )
        pairs[name] = text.split(",") if name == "operations" else _number(name, text)
    return pairs


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise MarketplaceError(f"{name}: expected a number, got {text!r}") from error


def _refusal(reply: httpx.Response) -> str:
    if reply.status_code in (403, 404):
        return (
            "the marketplace does not let you in: start it with "
            "SECONDLOOK_MARKETPLACE_ADMIN_TOKEN set, and set the same here"
        )
    return str(reply.json().get("error", reply.text))


marketplace.add_command(requester)
marketplace.add_command(worker)
