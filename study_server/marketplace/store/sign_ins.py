"""Where it is kept which workers and requesters are signed in, and who tried to be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from study_server.database.engine import Store
from study_server.database.sign_in_attempts import AttemptStorage
from study_server.database.sign_ins import KeptSignIn, Lifetimes, SignIns
from study_server.marketplace.store.tables import MarketplaceBase, SignIn, SignInAttempt

__all__ = [
    "REQUESTERS",
    "WORKERS",
    "KeptSignIn",
    "Lifetimes",
    "SignIns",
    "attempt_storage",
]

WORKERS: Final = SignIns(SignIn, SignIn.worker_id)
REQUESTERS: Final = SignIns(SignIn, SignIn.requester_id)


def attempt_storage(store: Store, *, clock: Callable[[], datetime]) -> AttemptStorage:
    """Counts that every process on this database shares."""
    table = MarketplaceBase.metadata.tables[SignInAttempt.__tablename__]
    return AttemptStorage(store, table, clock=clock)
