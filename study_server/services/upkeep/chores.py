"""What a server does by itself, without waiting for visitors.

Every serving process has a thread that looks whether something is due; the
database says which process does it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from study_server.database.failures import DATABASE_FAILURES, in_words
from study_server.services import Services
from study_server.services.participation import leases
from study_server.services.upkeep import purging
from study_server.store.upkeep import chore_turns

LOOK_EVERY_S: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Chore:
    """Something to be done every so often, by one process for all.

    Attributes:
        every: From one turn to the next.
        do: Does it; its own transactions, safe to be broken off anywhere.
    """

    every: timedelta
    do: Callable[[Services], object]


CHORES: Final[Mapping[str, Chore]] = MappingProxyType(
    {
        "sweep": Chore(every=timedelta(seconds=20), do=leases.sweep),
        "purge": Chore(every=timedelta(days=1), do=purging.purge),
    }
)


def do_what_is_due(
    services: Services, chores_there_are: Mapping[str, Chore] = CHORES
) -> tuple[str, ...]:
    """Do every chore that is due and that no other process does; their names."""
    done = []
    for name, chore in chores_there_are.items():
        now = services.clock()
        due_again_at = now + chore.every
        if chore_turns.claim(services.store, name, now=now, due_again_at=due_again_at):
            chore.do(services)
            done.append(name)
    return tuple(done)


class ChoreThread:
    """Looks every few seconds what is due, until it is stopped."""

    def __init__(self, services: Services, *, every_s: float = LOOK_EVERY_S) -> None:
        self._services = services
        self._every_s = every_s
        self._is_over = threading.Event()
        # A server that stops does not wait: what was broken off is done later.
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being done."""
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(self._every_s):
            try:
                do_what_is_due(self._services)
            except DATABASE_FAILURES as error:
                # It may be back in a moment; visitors are told meanwhile.
                logging.getLogger(__name__).warning("%s", in_words(error))
