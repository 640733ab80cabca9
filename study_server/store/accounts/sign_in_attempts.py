"""Where attempts to sign in to the dashboard are counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, func, select

from study_server.database.engine import Store, Transaction
from study_server.database.sign_in_attempts import AttemptStorage
from study_server.store.tables import Base, SignInAttempt


def attempt_storage(store: Store, *, clock: Callable[[], datetime]) -> AttemptStorage:
    """Counts that every process on this database shares."""
    table = Base.metadata.tables[SignInAttempt.__tablename__]
    return AttemptStorage(store, table, clock=clock)


def n_ended(tx: Transaction, *, at: datetime) -> int:
    """How many counts are kept although their window is over."""
    over = SignInAttempt.ends_at <= at
    return tx.scalar(select(func.count(SignInAttempt.key)).where(over)) or 0


def forget_ended(tx: Transaction, *, at: datetime) -> int:
    """Delete counts whose window is over; how many."""
    over = delete(SignInAttempt).where(SignInAttempt.ends_at <= at)
    return len(tx.execute(over.returning(SignInAttempt.key)).all())
