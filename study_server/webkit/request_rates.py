"""So many requests an address has for routes that ask for no sign-in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from flask import Flask, abort, current_app, request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from study_server.network.connections import group_of, is_this_machine
from study_server.webkit.access import ANYONE, who_may

# A lab of 50 that comes at once asks for less.
PER_MINUTE: Final = RateLimitItemPerMinute(600)


def init_rates(
    app: Flask, *, free: Collection[str], rate: RateLimitItem = PER_MINUTE
) -> None:
    """Answer 429 to an address that asks for more, by each process.

    Connections from the machine itself are not counted: a web server may stand there
    whose visitors nobody told apart.

    Args:
        app: The application.
        free: Endpoints that are not counted: files, and what a token opens.
        rate: How many.
    """
    limiter = FixedWindowRateLimiter(MemoryStorage())

    @app.before_request
    def count() -> None:
        address, endpoint = str(request.remote_addr), request.endpoint or ""
        if endpoint in free or is_this_machine(address):
            return
        is_open = ANYONE in who_may(current_app).get(endpoint, {ANYONE})
        if is_open and not limiter.hit(rate, group_of(address)):
            abort(429)
