"""Queries on what a server does by itself: whose turn it is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from study_server.database.engine import Store
from study_server.store.tables import ChoreRow


def claim(store: Store, name: str, *, now: datetime, due_again_at: datetime) -> bool:
    """Take a chore that is due; False where it is not, or another process has it.

    A transaction of its own: of all processes that ask at once, one row changes
    for one of them.
    """
    with store.read() as tx:
        due_at = tx.scalar(select(ChoreRow.due_at).where(ChoreRow.name == name))
    if due_at is None:
        return _take_first(store, name, due_again_at=due_again_at)
    if due_at > now:
        return False
    with store.write() as tx:
        taken = tx.scalars(
            update(ChoreRow)
            .where(ChoreRow.name == name, ChoreRow.due_at <= now)
            .values(due_at=due_again_at)
            .returning(ChoreRow.name),
            execution_options={"synchronize_session": False},
        ).all()
        return bool(taken)


def _take_first(store: Store, name: str, *, due_again_at: datetime) -> bool:
    """Take a chore that nobody ever did."""
    try:
        with store.write() as tx:
            tx.execute(insert(ChoreRow), [{"name": name, "due_at": due_again_at}])
    except IntegrityError:
        return False
    return True
