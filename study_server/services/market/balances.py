"""The market account's own money: looked at before every call that spends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from study_server.errors import SpendingError
from study_server.recruiters.market import Market
from study_server.recruiters.sections import in_dollars

FRESH_S: Final = 30.0


class Balance:
    """What the account can spend; asked for anew every half minute, and counted down.

    Safe to share between threads: what one call is about to spend, no other does.
    """

    def __init__(
        self, market: Market, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._market = market
        self._timer = timer
        self._lock = threading.Lock()
        self._left_minor = 0
        self._read_at: float | None = None

    def take(self, amount_minor: int) -> None:
        """Count an amount as spent.

        Raises:
            SpendingError: If the account has not so much; nothing was spent.
            MarketError: If the market does not say.
        """
        if amount_minor == 0:
            return
        with self._lock:
            is_old = self._read_at is None or self._timer() - self._read_at > FRESH_S
            if is_old or self._left_minor < amount_minor:
                self._left_minor = self._market.balance_minor()
                self._read_at = self._timer()
            if self._left_minor < amount_minor:
                raise SpendingError(
                    f"the market account holds {in_dollars(self._left_minor)}, and "
                    f"this needs {in_dollars(amount_minor)}: add money to it and run "
                    "the command again; nothing is done twice"
                )
            self._left_minor -= amount_minor
