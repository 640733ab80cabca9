"""Settings of one marketplace, and the clock it lives by."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from study_server.marketplace.errors import MarketplaceError
from study_server.marketplace.fault_injection import FaultPlan

SANDBOX_BALANCE_CENTS: Final = 10_000_00


def public_url(text: str) -> str:
    """A public address without a slash at the end; "" for none.

    Raises:
        MarketplaceError: If it is no http(s) address of a host.
    """
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if text and not (is_address and text.isprintable()):
        raise MarketplaceError(
            f"base url: expected an address like https://market.example.org, got {text!r}"
        )
    return text.rstrip("/")


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class MarketplaceSettings:
    """Where the marketplace keeps its things and how it is reached.

    Attributes:
        database_url: `sqlite:///...` or `postgresql://...`, of its own.
        base_url: The address people and programs reach it at, no slash at the end;
            empty for whatever each request names. Where it is https, cookies are
            sent by https only.
        secret_key: Signs cookies; at least 32 characters.
        former_keys: Those it replaced, the newest first; what they signed is read.
        admin_token: Opens the routes under /admin; None leaves them closed.
        balance_cents: What a new requester has.
        sqs_endpoint: Where notifications to SQS go; None takes the queue's own.
        trusted_proxies: How many web servers of yours stand in front.
        faults: What goes wrong on purpose.
    """

    database_url: str
    base_url: str = ""
    secret_key: str
    former_keys: tuple[str, ...] = ()
    admin_token: str | None = None
    balance_cents: int = SANDBOX_BALANCE_CENTS
    sqs_endpoint: str | None = None
    trusted_proxies: int = 0
    faults: FaultPlan = field(default_factory=FaultPlan)


class ShiftedClock:
    """The time, moved forward by hand; safe to share between threads."""

    def __init__(self, base: Callable[[], datetime] = utc_now) -> None:
        self._base = base
        self._shift = timedelta()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """The time it is here."""
        return self._base() + self._shift

    def advance(self, by: timedelta) -> datetime:
        """Move on, never back; gives the time it then is.

        Raises:
            ValueError: If `by` is negative.
        """
        if by < timedelta():
            raise ValueError(f"time only moves on: expected 0 s or more, got {by}")
        with self._lock:
            self._shift += by
        return self()
