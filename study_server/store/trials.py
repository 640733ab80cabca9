"""Queries on trials, classes and stimuli, as the paradigms know them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from stimuli.manifest import ClassInfo, Trial
from study_server.database.engine import Transaction
from study_server.store import tables


@dataclass(frozen=True, kw_only=True)
class PoolTrial:
    """As much of a trial as composing blocks needs.

    Attributes:
        id: The database's key.
        trial_id: The trial's identity.
        control: Which catch or control; empty otherwise.
        condition: Level of what the study varies.
        sources: SHA-256 of every source image judged; who is given the trial has
            seen them.
        n_classes: How many classes are shown.
        key: The right response, as text that can be compared; empty for none.
        classes: Their ids, sorted.
    """

    id: int
    trial_id: str
    control: str
    condition: str
    sources: tuple[str, ...]
    n_classes: int
    key: str
    classes: tuple[str, ...] = ()


def to_trial(row: tables.Trial) -> Trial:
    """The trial as paradigms know it; `uses` are left out, nobody there asks."""
    return Trial(
        id=row.trial_id,
        slots=row.slots,
        question=row.question,
        classes=tuple(row.classes),
        role=row.role,  # type: ignore[arg-type] # the database checks the words
        sources=tuple(row.sources),
        control=row.control,
        key=row.key,
        condition=row.condition,
        exposure=row.exposure,
        truth=row.truth,
    )


def pool(tx: Transaction, study_id: int, *, role: str) -> list[PoolTrial]:
    """Every trial of one role, by identity, so that row keys decide nothing."""
    chosen = (tables.Trial.study_id == study_id, tables.Trial.role == role)
    return _pool(tx, select(tables.Trial.id).where(*chosen))


def block_pool(tx: Transaction, block_id: int) -> list[PoolTrial]:
    """The main trials of a block, by identity."""
    chosen = tables.BlockTrial.block_id == block_id
    return _pool(tx, select(tables.BlockTrial.trial_id).where(chosen))


def _pool(tx: Transaction, keys: Select[int]) -> list[PoolTrial]:
    columns = (
        tables.Trial.id,
        tables.Trial.trial_id,
        tables.Trial.control,
        tables.Trial.condition,
        tables.Trial.classes,
        tables.Trial.key,
    )
    query = select(*columns).where(tables.Trial.id.in_(keys))
    judged = _judged(tx, keys)
    return [
        PoolTrial(
            id=row.id,
            trial_id=row.trial_id,
            control=row.control,
            condition=row.condition,
            sources=tuple(sorted(judged[row.id])),
            n_classes=len(row.classes),
            key="" if row.key is None else str(sorted(row.key.items())),
            classes=tuple(row.classes),
        )
        for row in tx.execute(query.order_by(tables.Trial.trial_id))
    ]


def _judged(tx: Transaction, keys: Select[int]) -> dict[int, list[str]]:
    """Trial key to the source images judged in it."""
    columns = (tables.TrialSource.trial_id, tables.TrialSource.source_sha256)
    query = select(*columns).where(tables.TrialSource.trial_id.in_(keys))
    found: dict[int, list[str]] = defaultdict(list)
    for row in tx.execute(query):
        found[row.trial_id].append(row.source_sha256)
    return found


def classes_of(
    tx: Transaction, study_id: int, *, ids: Collection[str]
) -> dict[str, ClassInfo]:
    """The named classes, by id."""
    query = select(tables.StudyClass).where(
        tables.StudyClass.study_id == study_id, tables.StudyClass.class_id.in_(ids)
    )
    return {
        row.class_id: ClassInfo(
            id=row.class_id,
            name=row.name,
            gloss=row.gloss,
            examples=tuple(row.examples),
        )
        for row in tx.scalars(query)
    }


def media_tokens(
    tx: Transaction, study_id: int, *, stimulus_ids: Collection[str]
) -> dict[str, str]:
    """Stimulus id to its public name."""
    query = select(tables.Stimulus.stimulus_id, tables.Stimulus.media_token).where(
        tables.Stimulus.study_id == study_id,
        tables.Stimulus.stimulus_id.in_(stimulus_ids),
    )
    return {row.stimulus_id: row.media_token for row in tx.execute(query)}


@dataclass(frozen=True, kw_only=True)
class StimulusFile:
    """Where the bytes of a stimulus lie, and what they must hash to."""

    set_folder: str
    file: str
    sha256: str


def find_media(tx: Transaction, token: str) -> StimulusFile | None:
    """The stimulus behind a public name."""
    query = (
        select(
            tables.Study.set_folder, tables.Stimulus.file, tables.Stimulus.stimulus_id
        )
        .join(tables.Study, tables.Study.id == tables.Stimulus.study_id)
        .where(tables.Stimulus.media_token == token)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return StimulusFile(
        set_folder=row.set_folder, file=row.file, sha256=row.stimulus_id
    )


def trials_by_key(tx: Transaction, keys: Sequence[int]) -> Mapping[int, tables.Trial]:
    """Rows by the database's key."""
    query = select(tables.Trial).where(tables.Trial.id.in_(keys))
    return {row.id: row for row in tx.scalars(query)}


def image_files(tx: Transaction, study_id: int) -> dict[str, str]:
    """SHA-256 of every image of the study to its path inside the set."""
    query = select(tables.Stimulus.stimulus_id, tables.Stimulus.file).where(
        tables.Stimulus.study_id == study_id
    )
    return {row.stimulus_id: row.file for row in tx.execute(query)}


def trials_behind(tx: Transaction, tokens: Collection[str]) -> dict[str, Trial]:
    """Public name of a trial in a session to the trial, its truth and key included.

    For simulated participants, who know what people would see.
    """
    query = (
        select(tables.SessionTrial.token, tables.Trial)
        .join(tables.Trial, tables.SessionTrial.trial_id == tables.Trial.id)
        .where(tables.SessionTrial.token.in_(tokens))
    )
    return {row[0]: to_trial(row[1]) for row in tx.execute(query)}
