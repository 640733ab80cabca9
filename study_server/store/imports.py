"""Queries on studies that were collected elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, insert, select

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Base,
    Hit,
    ImportedFileRow,
    ImportedResponse,
    ImportedSession,
    ImportedStudy,
    ImportedTrial,
    Participant,
    Recruitment,
    Study,
    Worker,
)

Row = Mapping[str, Any]

_ROWS_AT_ONCE: Final = 20_000
_NAMES_AT_ONCE: Final = 500


def find_imported(tx: Transaction, name: str) -> ImportedStudy | None:
    """The imported study of that name."""
    return tx.scalar(select(ImportedStudy).where(ImportedStudy.name == name))


def all_imported(tx: Transaction) -> Sequence[ImportedStudy]:
    """Every imported study, newest first."""
    query = select(ImportedStudy).order_by(
        ImportedStudy.created_at.desc(), ImportedStudy.id.desc()
    )
    return tx.scalars(query).all()


def files_of(tx: Transaction, study_id: int) -> Sequence[ImportedFileRow]:
    """The files of an imported study, in the order they came."""
    query = select(ImportedFileRow).where(ImportedFileRow.imported_study_id == study_id)
    return tx.scalars(query.order_by(ImportedFileRow.id)).all()


def studies_with_file(tx: Transaction, sha256: str) -> Sequence[str]:
    """Names of the imported studies that hold this very file."""
    query = (
        select(ImportedStudy.name)
        .join(ImportedFileRow, ImportedFileRow.imported_study_id == ImportedStudy.id)
        .where(ImportedFileRow.sha256 == sha256)
    )
    return tx.scalars(query.order_by(ImportedStudy.name)).all()


def studies_that_posted(tx: Transaction, hits: Sequence[str]) -> Sequence[str]:
    """Names of our own studies that posted any of these HITs."""
    found: set[str] = set()
    for start in range(0, len(hits), _NAMES_AT_ONCE):
        query = (
            select(Study.name)
            .join(Recruitment, Recruitment.study_id == Study.id)
            .join(Hit, Hit.account_id == Recruitment.id)
            .where(Hit.external_id.in_(hits[start : start + _NAMES_AT_ONCE]))
        )
        found.update(tx.scalars(query.distinct()))
    return sorted(found)


def delete_imported(tx: Transaction, study_id: int) -> None:
    """Remove an imported study; the people it names stay."""
    files = select(ImportedFileRow.id).where(
        ImportedFileRow.imported_study_id == study_id
    )
    tx.execute(
        delete(ImportedResponse).where(ImportedResponse.imported_file_id.in_(files)),
        execution_options={"synchronize_session": False},
    )
    tx.execute(delete(ImportedStudy).where(ImportedStudy.id == study_id))


def workers_of(tx: Transaction, issuer: str, names: Sequence[str]) -> dict[str, int]:
    """External id to participant, for those whom the issuer named before."""
    found: dict[str, int] = {}
    for start in range(0, len(names), _NAMES_AT_ONCE):
        query = (
            select(Worker.external_id, Participant.id)
            .join(Participant, Participant.worker_id == Worker.id)
            .where(
                Worker.recruiter == issuer,
                Worker.external_id.in_(names[start : start + _NAMES_AT_ONCE]),
            )
        )
        found.update((row[0], row[1]) for row in tx.execute(query))
    return found


def add_workers(
    tx: Transaction, issuer: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Add people that nobody knows yet: external_id, public_id, created_at.

    Returns:
        External id to participant.
    """
    names = [str(row["external_id"]) for row in rows]
    _insert(tx, Worker, ({"recruiter": issuer, "external_id": name} for name in names))
    ids: dict[str, int] = {}
    for start in range(0, len(names), _NAMES_AT_ONCE):
        query = select(Worker.external_id, Worker.id).where(
            Worker.recruiter == issuer,
            Worker.external_id.in_(names[start : start + _NAMES_AT_ONCE]),
        )
        ids.update((row[0], row[1]) for row in tx.execute(query))
    people = (
        {
            "worker_id": ids[row["external_id"]],
            "public_id": row["public_id"],
            "created_at": row["created_at"],
        }
        for row in rows
    )
    _insert(tx, Participant, people)
    return workers_of(tx, issuer, names)


def trial_keys(tx: Transaction, study_id: int) -> dict[str, int]:
    """Trial id to its row."""
    query = select(ImportedTrial.trial_id, ImportedTrial.id).where(
        ImportedTrial.imported_study_id == study_id
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def add_trials(tx: Transaction, rows: Iterable[Row]) -> None:
    """Add rows of `ImportedTrial`."""
    _insert(tx, ImportedTrial, rows)


def session_keys(tx: Transaction, study_id: int) -> dict[str, int]:
    """Session's random id to its row."""
    query = select(ImportedSession.public_id, ImportedSession.id).where(
        ImportedSession.imported_study_id == study_id
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def add_sessions(tx: Transaction, rows: Iterable[Row]) -> None:
    """Add rows of `ImportedSession`."""
    _insert(tx, ImportedSession, rows)


def add_responses(tx: Transaction, rows: Iterable[Row]) -> None:
    """Add rows of `ImportedResponse`."""
    _insert(tx, ImportedResponse, rows)


def responded(tx: Transaction, study_id: int) -> set[tuple[int, int]]:
    """Pairs of trial and participant that have a response."""
    query = (
        select(ImportedResponse.imported_trial_id, ImportedResponse.participant_id)
        .join(ImportedTrial, ImportedTrial.id == ImportedResponse.imported_trial_id)
        .where(ImportedTrial.imported_study_id == study_id)
    )
    return {(row[0], row[1]) for row in tx.execute(query)}


@dataclass(frozen=True, kw_only=True)
class ImportedCounts:
    """How much an imported study holds."""

    n_responses: int
    n_participants: int
    n_trials: int


def count_imported(tx: Transaction, study_id: int) -> ImportedCounts:
    """Responses, people and trials of an imported study."""
    responses = (
        select(func.count(ImportedResponse.id))
        .join(ImportedFileRow, ImportedFileRow.id == ImportedResponse.imported_file_id)
        .where(ImportedFileRow.imported_study_id == study_id)
    )
    people = select(func.count(ImportedSession.participant_id.distinct())).where(
        ImportedSession.imported_study_id == study_id
    )
    trials = select(func.count(ImportedTrial.id)).where(
        ImportedTrial.imported_study_id == study_id
    )
    return ImportedCounts(
        n_responses=tx.scalar(responses) or 0,
        n_participants=tx.scalar(people) or 0,
        n_trials=tx.scalar(trials) or 0,
    )


def imported_trials(tx: Transaction, study_id: int) -> Iterator[tuple[Any, ...]]:
    """(row, stimulus, question, condition, category, key, columns), as they came."""
    query = select(
        ImportedTrial.id,
        ImportedTrial.stimulus,
        ImportedTrial.question,
        ImportedTrial.condition,
        ImportedTrial.category,
        ImportedTrial.key,
        ImportedTrial.image_columns,
    ).where(ImportedTrial.imported_study_id == study_id)
    return _stream(tx, query.order_by(ImportedTrial.id))


def imported_sessions(tx: Transaction, study_id: int) -> Iterator[tuple[Any, ...]]:
    """(row, random id, random id of the participant, duration in seconds)."""
    query = (
        select(
            ImportedSession.id,
            ImportedSession.public_id,
            Participant.public_id,
            ImportedSession.duration_s,
        )
        .join(Participant, Participant.id == ImportedSession.participant_id)
        .where(ImportedSession.imported_study_id == study_id)
    )
    return _stream(tx, query.order_by(ImportedSession.id))


def imported_responses(tx: Transaction, study_id: int) -> Iterator[tuple[Any, ...]]:
    """(trial, session, value, accepts, is_right, rt_ms, position, received_at)."""
    query = (
        select(
            ImportedResponse.imported_trial_id,
            ImportedResponse.imported_session_id,
            ImportedResponse.value,
            ImportedResponse.accepts,
            ImportedResponse.is_right,
            ImportedResponse.rt_ms,
            ImportedResponse.position,
            ImportedResponse.received_at,
        )
        .join(ImportedFileRow, ImportedFileRow.id == ImportedResponse.imported_file_id)
        .where(ImportedFileRow.imported_study_id == study_id)
    )
    return _stream(tx, query.order_by(ImportedResponse.id))


def _stream(tx: Transaction, query: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - a select of any columns
    for row in tx.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield tuple(row)


def _insert(tx: Transaction, table: type[Base], rows: Iterable[Row]) -> None:
    """Add rows in batches; every row has the same columns."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(dict(row))
        if len(batch) == _ROWS_AT_ONCE:
            tx.execute(insert(table), batch)
            batch = []
    if batch:
        tx.execute(insert(table), batch)
