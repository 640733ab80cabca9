"""What simulated participants know of the trials they are given."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from stimuli.manifest import Trial
from study_server.store import tables
from study_server.store.engine import Transaction
from study_server.store.trials import to_trial


def trials_behind(tx: Transaction, tokens: Collection[str]) -> dict[str, Trial]:
    """Public name of a trial in a session to the trial, its truth and key included."""
    query = (
        select(tables.SessionTrial.token, tables.Trial)
        .join(tables.Trial, tables.SessionTrial.trial_id == tables.Trial.id)
        .where(tables.SessionTrial.token.in_(tokens))
    )
    return {row[0]: to_trial(row[1]) for row in tx.execute(query)}
