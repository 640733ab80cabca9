"""Slowing down whoever guesses passwords."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

MAX_FAILURES: Final = 5
WINDOW: Final = timedelta(minutes=15)
# A whole lab, or everybody behind a proxy, may share one address.
MAX_FAILURES_PER_ADDRESS: Final = 50
_MAX_KEYS: Final = 10_000


@dataclass
class Throttle:
    """Failures per key within a window; kept in memory, one per process.

    Attributes:
        clock: The time, aware.
        max_failures: So many are allowed within the window.
        window: How long a failure counts.
    """

    clock: Callable[[], datetime]
    max_failures: int = MAX_FAILURES
    window: timedelta = WINDOW
    _failures: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, *keys: str) -> int:
        """Seconds until another attempt is allowed; 0 if it is now."""
        with self._lock:
            return max((self._wait_s(key) for key in keys), default=0)

    def fail(self, *keys: str) -> None:
        """Count a failure."""
        with self._lock:
            for key in keys:
                times = self._failures.setdefault(key, deque(maxlen=self.max_failures))
                times.append(self.clock())
                self._failures.move_to_end(key)
            while len(self._failures) > _MAX_KEYS:
                self._failures.popitem(last=False)

    def forget(self, *keys: str) -> None:
        """Forget the failures of these keys."""
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)

    def _wait_s(self, key: str) -> int:
        times = self._failures.get(key)
        if times is None or len(times) < self.max_failures:
            return 0
        left = times[0] + self.window - self.clock()
        return max(0, -int(-left.total_seconds() // 1))


class Door:
    """The sign-in's throttle: strict per name, looser per address."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._names = Throttle(clock=clock)
        self._addresses = Throttle(clock=clock, max_failures=MAX_FAILURES_PER_ADDRESS)

    def wait_s(self, name: str, *, address: str) -> int:
        """Seconds until another attempt is allowed; 0 if it is now."""
        return max(self._names.wait_s(_key(name)), self._addresses.wait_s(address))

    def fail(self, name: str, *, address: str) -> None:
        """Count a failure for both."""
        self._names.fail(_key(name))
        self._addresses.fail(address)

    def welcome(self, name: str) -> None:
        """Forget the failures of a name that signed in."""
        self._names.forget(_key(name))


def _key(name: str) -> str:
    return name.lower()[:64]
