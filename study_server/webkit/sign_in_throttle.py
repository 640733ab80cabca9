"""Slowing down whoever guesses: every attempt is counted before it is looked at.

Several windows at once make the delays grow: after 5 wrong tries one waits for
minutes, after 10 for the rest of the hour, after 30 for the rest of the day.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Final, TypeAlias

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

# Shortest first: whoever is refused there does not use up the longer ones.
PER_NAME: Final = parse_many("5/5 minutes;10/1 hour;30/1 day")
# A whole lab, or everybody behind a proxy, may share one address.
PER_ADDRESS: Final = parse_many("50/5 minutes;150/1 hour;500/1 day")
SIGN_UPS: Final = parse_many("20/10 minutes;60/1 hour;200/1 day")

Budget: TypeAlias = tuple[Sequence[RateLimitItem], str]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Somebody who wants to come in.

    Attributes:
        name: Whom they say they are.
        address: Where they come from.
        browser: A browser this name has signed in from before; "" for any other.
    """

    name: str
    address: str
    browser: str = ""


class SignInThrottle:
    """Counts attempts per name and per address, and known browsers by themselves.

    So a stranger who guesses keeps out strangers only: whoever has signed
    in from a browser before has a budget there that nobody else can use up.

    Args:
        storage: Where the counts are, shared by every process of the application.
        secret: Keys the digests, so that the counts tell neither names nor addresses.
        clock: The storage's own time.
    """

    def __init__(
        self, storage: Storage, *, secret: str, clock: Callable[[], datetime]
    ) -> None:
        self._clock = clock
        self._storage = storage
        self._limiter = FixedWindowRateLimiter(storage)
        self._secret = secret.encode()

    def count(self, attempt: Attempt) -> int:
        """Count an attempt; seconds to wait, 0 if it may be looked at now."""
        return self._count(self._budgets(attempt))

    def count_sign_up(self, address: str) -> int:
        """Count a new account; seconds to wait, 0 if it may be made now."""
        return self._count([(SIGN_UPS, self.digest("sign-up", _network(address)))])

    def note_success(self, attempt: Attempt) -> None:
        """Forget the failures of whoever came in; the address keeps other people's."""
        for windows, digest in self._budgets(attempt):
            for window in windows:
                key = window.key_for(digest)
                if windows is PER_ADDRESS:
                    self._storage.incr(key, window.get_expiry(), amount=-1)
                else:
                    self._storage.clear(key)

    def forget(self, name: str) -> None:
        """Forget what was counted for a name, wherever it came from."""
        for window in PER_NAME:
            self._storage.clear(window.key_for(self.digest("name", name.lower())))

    def _budgets(self, attempt: Attempt) -> Iterator[Budget]:
        if attempt.browser:
            yield PER_NAME, self.digest("browser", attempt.browser, attempt.name)
            return
        yield PER_ADDRESS, self.digest("address", _network(attempt.address))
        yield PER_NAME, self.digest("name", attempt.name.lower())

    def _count(self, budgets: Iterable[Budget]) -> int:
        for windows, digest in budgets:
            if not all(self._limiter.hit(window, digest) for window in windows):
                return max(self._wait_s(window, digest) for window in windows)
        return 0

    def _wait_s(self, window: RateLimitItem, digest: str) -> int:
        stats = self._limiter.get_window_stats(window, digest)
        left_s = stats.reset_time - self._clock().timestamp()
        return 0 if stats.remaining else max(1, -int(-left_s // 1))

    def digest(self, *parts: str) -> str:
        """What stands for a name or an address, wherever it is written down."""
        text = "\n".join(parts).encode("utf-8", "replace")
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def _network(address: str) -> str:
    """An address; of IPv6 the half that one household or office has to itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return found.exploded[:19]
    return str(getattr(found, "ipv4_mapped", None) or found)
