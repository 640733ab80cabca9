"""Queries on observers and what they responded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import delete, func, insert, select

from study_server.database.engine import Transaction
from study_server.store.tables import ObservationRow, ObserverRow, Trial

_ROWS_AT_ONCE: Final = 1000


def observers_of(tx: Transaction, study_id: int) -> list[ObserverRow]:
    """The study's observers, by name."""
    query = select(ObserverRow).where(ObserverRow.study_id == study_id)
    return list(tx.scalars(query.order_by(ObserverRow.name)))


def main_trials(tx: Transaction, study_id: int) -> set[str]:
    """Ids of the trials that the study is about."""
    query = select(Trial.trial_id).where(
        Trial.study_id == study_id, Trial.role == "main"
    )
    return set(tx.scalars(query))


def add_observer(
    tx: Transaction, observer: ObserverRow, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Add an observer with its observations; one of the same name is replaced.

    Args:
        tx: The transaction.
        observer: New.
        rows: Columns of `ObservationRow` without the observer, `trial_id` the trial's
            identity; those of trials that the study does not have are left out.
    """
    tx.execute(
        delete(ObserverRow).where(
            ObserverRow.study_id == observer.study_id, ObserverRow.name == observer.name
        )
    )
    tx.add(observer)
    tx.flush()
    query = select(Trial.trial_id, Trial.id).where(Trial.study_id == observer.study_id)
    keys = {row.trial_id: row.id for row in tx.execute(query)}
    found = [
        {**row, "trial_id": keys[row["trial_id"]], "observer_id": observer.id}
        for row in rows
        if row["trial_id"] in keys
    ]
    for start in range(0, len(found), _ROWS_AT_ONCE):
        tx.execute(insert(ObservationRow), found[start : start + _ROWS_AT_ONCE])


def observer_counts(tx: Transaction, study_id: int) -> dict[str, tuple[int, int]]:
    """Observer to its responses and its refusals, fields counted once each."""
    is_refused = ObservationRow.refusal != ""
    query = (
        select(
            ObserverRow.name,
            func.count(ObservationRow.id).filter(~is_refused),
            func.count(ObservationRow.id).filter(is_refused),
        )
        .outerjoin(ObservationRow, ObservationRow.observer_id == ObserverRow.id)
        .where(ObserverRow.study_id == study_id)
        .group_by(ObserverRow.name)
    )
    return {
        name: (n_given, n_refused) for name, n_given, n_refused in tx.execute(query)
    }


def observations(tx: Transaction, study_id: int) -> Iterator[Mapping[str, Any]]:
    """Rows of an export: observer, trial, repeat, field, value, probability, refusal."""
    query = (
        select(
            ObserverRow.name.label("observer"),
            Trial.trial_id.label("trial"),
            ObservationRow.repeat,
            ObservationRow.field,
            ObservationRow.value,
            ObservationRow.probability,
            ObservationRow.refusal,
        )
        .join(ObserverRow, ObservationRow.observer_id == ObserverRow.id)
        .join(Trial, ObservationRow.trial_id == Trial.id)
        .where(ObserverRow.study_id == study_id)
        .order_by(
            ObserverRow.name, Trial.id, ObservationRow.repeat, ObservationRow.field
        )
    )
    found = tx.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))
    for row in found.mappings():
        yield dict(row)
