"""The marketplace of the working folder: its settings, its options, and itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from study_server.cli._asking import off_the_command_line
from study_server.cli._here import settings_here
from study_server.cli._output import say_aside
from study_server.config import with_secret_key
from study_server.database.engine import shown_url
from study_server.database.upgrading import DatabaseUse
from study_server.marketplace.errors import MarketplaceError
from study_server.marketplace.money import read_cents
from study_server.marketplace.opening import Marketplace, open_marketplace
from study_server.marketplace.settings import MarketplaceSettings

_DATABASE: Final = "marketplace.sqlite3"


def without_password(
    context: click.Context, option: click.Parameter, value: str | None
) -> str | None:
    """The address of a database; with a password in it from the environment only."""
    has_password = value is not None and bool(urlsplit(value).password)
    return off_the_command_line(context, option, value) if has_password else value


database_option = click.option(
    "--database-url",
    envvar="SECONDLOOK_MARKETPLACE_DATABASE_URL",
    callback=without_password,
    help="sqlite:///FILE or postgresql://..., of its own. [default: "
    "marketplace.sqlite3 in the data folder]",
)
balance_option = click.option(
    "--balance",
    default="10000.00",
    show_default=True,
    help="US dollars a new requester has; nobody pays them.",
)


@contextmanager
def market_here(
    database_url: str | None, *, use: DatabaseUse = "create"
) -> Iterator[Marketplace]:
    """The marketplace on this folder's database, closed at the end.

    Args:
        database_url: Its database; the one in the data folder where left out.
        use: "read" makes and changes nothing, and says which database is read.
    """
    if use == "read":
        url = database_url_or_default(database_url)
        settings = MarketplaceSettings(
            database_url=url, secret_key=""
        )  # reading signs nothing  # nosec B106
        market = open_marketplace(settings, use=use, tell=say_aside)
        say_aside(f"database     {shown_url(url)}")
    else:
        market = open_marketplace(
            market_settings(database_url), use=use, tell=say_aside
        )
    try:
        yield market
    finally:
        market.store.close()


def market_settings(database_url: str | None, **more: Any) -> MarketplaceSettings:  # noqa: ANN401 - settings of any kind
    """Its settings: the database, this folder's secret, and what else is given."""
    here = with_secret_key(settings_here())
    return MarketplaceSettings(
        database_url=database_url_or_default(database_url),
        secret_key=here.secret_key or "",
        former_keys=here.keys[1:],
        trusted_proxies=here.trusted_proxies,
        **more,
    )


def database_url_or_default(given: str | None) -> str:
    """The database named, or the one in the data folder."""
    return given or f"sqlite:///{Path(settings_here().data_dir) / _DATABASE}"


def keys_of(access_key: str, secret_key: str) -> dict[str, str]:
    """The two keys under the names boto3 reads."""
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}


def cents_of(text: str) -> int:
    """Cents of the option --balance.

    Raises:
        MarketplaceError: If it is not an amount.
    """
    cents = read_cents(text)
    if cents is None:
        raise MarketplaceError(f"--balance: expected dollars like 250.00, got {text!r}")
    return cents
