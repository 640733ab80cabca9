"""Somebody who guesses with many hands; few imports, for processes start it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from study_server.database.engine import Store, open_store
from study_server.store.accounts import sign_in_attempts
from study_server.webkit.sign_in_throttle import Attempt, SignInThrottle

SECRET = "a secret of at least thirty-two characters"  # noqa: S105 - nobody's
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def stand_still() -> datetime:
    return NOW


def throttle_of(
    store: Store, *, clock: Callable[[], datetime] = stand_still
) -> SignInThrottle:
    storage = sign_in_attempts.attempt_storage(store, clock=clock)
    return SignInThrottle(storage, secret=SECRET, clock=clock)


def count_let_in(url: str, number: int) -> int:
    """How many of 12 guesses at once one process lets through."""
    store = open_store(url)
    throttle, attempt = (
        throttle_of(store),
        Attempt(name="ada", address=f"10.0.0.{number}"),
    )
    with ThreadPoolExecutor(12) as pool:
        waits = list(pool.map(lambda _: throttle.count(attempt), range(12)))
    store.close()
    return waits.count(0)
