"""Queries on blocks: a place for a participant, and the counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from study_server.store.engine import Transaction
from study_server.store.tables import (
    Block,
    BlockTrial,
    EnrolmentSource,
    Session,
    SessionTrial,
    Trial,
    TrialSource,
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """What kind of block is looked for.

    Attributes:
        study_id: The study.
        environment: live, pilot or simulated.
        condition: Its condition; None takes the one with the fewest sessions.
        enrolment_id: Who asks; None for somebody new.
        allow_same_source: Whether one may judge a source image again.
    """

    study_id: int
    environment: str
    condition: str | None = None
    enrolment_id: int | None = None
    allow_same_source: bool = False


@dataclass(frozen=True, kw_only=True)
class SizedBlock:
    """A block and its number of main trials."""

    block: Block
    n_trials: int


def insert_block(
    tx: Transaction, row: Mapping[str, Any], *, trial_keys: Iterable[int]
) -> None:
    """Add one block with its trials."""
    block_id = tx.scalars(insert(Block).returning(Block.id), [row]).one()
    pairs = [{"block_id": block_id, "trial_id": key} for key in trial_keys]
    tx.execute(insert(BlockTrial), pairs)


def next_number(tx: Transaction, study_id: int, *, environment: str) -> int:
    """The number of the next block, from 1."""
    query = select(func.max(Block.number)).where(
        Block.study_id == study_id, Block.environment == environment
    )
    return (tx.scalar(query) or 0) + 1


def delete_unused(tx: Transaction, study_id: int, *, environment: str) -> None:
    """Remove the blocks that no session ever had."""
    is_used = exists().where(Session.block_id == Block.id)
    tx.execute(
        delete(Block).where(
            Block.study_id == study_id, Block.environment == environment, ~is_used
        ),
        execution_options={"synchronize_session": False},
    )


def has_blocks(tx: Transaction, study_id: int, *, environment: str) -> bool:
    """Whether blocks are cut for this environment."""
    found = tx.scalar(
        select(
            exists().where(Block.study_id == study_id, Block.environment == environment)
        )
    )
    return bool(found)


def reserve_place(tx: Transaction, place: Place) -> Block | None:
    """Reserve the block with the fewest valid and live sessions; None if full.

    The caller holds the study's lock, so only counters that fall can change
    meanwhile; the update checks once more all the same.
    """
    while (block_id := _emptiest(tx, place)) is not None:
        reserved = tx.scalars(
            update(Block)
            .where(Block.id == block_id, _HAS_PLACE)
            .values(n_reserved=Block.n_reserved + 1, n_admitted=Block.n_admitted + 1)
            .returning(Block),
            execution_options={"populate_existing": True},
        ).one_or_none()
        if reserved is not None:
            return reserved
    return None


def reserve_again(tx: Transaction, block_id: int) -> bool:
    """Take a place in this very block again; False if it is full."""
    reserved = tx.scalars(
        update(Block)
        .where(Block.id == block_id, _HAS_PLACE)
        .values(n_reserved=Block.n_reserved + 1, n_admitted=Block.n_admitted + 1)
        .returning(Block.id)
    ).one_or_none()
    return reserved is not None


def has_place(tx: Transaction, block_id: int) -> bool:
    """Whether this very block has a place."""
    return bool(tx.scalar(select(exists().where(Block.id == block_id, _HAS_PLACE))))


def any_place(tx: Transaction, place: Place) -> bool:
    """Whether any block has a place for this person now."""
    return _emptiest(tx, place) is not None


def release(tx: Transaction, block_id: int) -> None:
    """Give a reservation back."""
    _count(tx, block_id, n_reserved=-1)


def settle(tx: Transaction, block_id: int, *, is_valid: bool) -> None:
    """Turn a reservation into a completed session."""
    _count(tx, block_id, n_reserved=-1, n_valid=int(is_valid))


def change_valid(tx: Transaction, block_id: int, *, by: int) -> None:
    """A completed session became valid (+1) or stopped being so (-1)."""
    _count(tx, block_id, n_valid=by)


def blocks_of(tx: Transaction, study_id: int, *, environment: str) -> list[SizedBlock]:
    """Every block with its number of trials, by number."""
    n_trials = (
        select(func.count())
        .where(BlockTrial.block_id == Block.id)
        .correlate(Block)
        .scalar_subquery()
    )
    query = (
        select(Block, n_trials)
        .where(Block.study_id == study_id, Block.environment == environment)
        .order_by(Block.number)
    )
    return [SizedBlock(block=row[0], n_trials=row[1]) for row in tx.execute(query)]


def outstanding(tx: Transaction, study_id: int, *, environment: str) -> dict[int, int]:
    """Trial key to valid sessions that open blocks with it still want."""
    still = func.sum(Block.n_wanted - Block.n_valid)
    query = (
        select(BlockTrial.trial_id, still)
        .join(Block, Block.id == BlockTrial.block_id)
        .where(
            Block.study_id == study_id,
            Block.environment == environment,
            Block.n_valid < Block.n_wanted,
        )
        .group_by(BlockTrial.trial_id)
    )
    return {row[0]: int(row[1]) for row in tx.execute(query)}


_HAS_PLACE: ColumnElement[bool] = Block.n_valid + Block.n_reserved < Block.n_wanted


def _emptiest(tx: Transaction, place: Place) -> int | None:
    taken = Block.n_valid + Block.n_reserved
    query = select(Block.id).where(
        Block.study_id == place.study_id,
        Block.environment == place.environment,
        _HAS_PLACE,
    )
    if place.enrolment_id is not None:
        is_repeat = _has_trial_of if place.allow_same_source else _shows_again
        query = query.where(~is_repeat(place.enrolment_id))
    if place.condition is not None:
        query = query.where(Block.condition == place.condition)
        return tx.scalar(query.order_by(taken, Block.number).limit(1))
    balance = (
        select(Block.condition, func.sum(taken).label("n_taken"))
        .where(Block.study_id == place.study_id, Block.environment == place.environment)
        .group_by(Block.condition)
        .subquery()
    )
    query = query.join(balance, balance.c.condition == Block.condition)
    order = (balance.c.n_taken, Block.condition, taken, Block.number)
    return tx.scalar(query.order_by(*order).limit(1))


def _shows_again(enrolment_id: int) -> ColumnElement[bool]:
    """Whether a block shows a source image that the person was given before."""
    return (
        select(BlockTrial.trial_id)
        .join(TrialSource, TrialSource.trial_id == BlockTrial.trial_id)
        .join(
            EnrolmentSource,
            EnrolmentSource.source_sha256 == TrialSource.source_sha256,
        )
        .where(
            BlockTrial.block_id == Block.id,
            EnrolmentSource.enrolment_id == enrolment_id,
        )
        .exists()
    )


def _has_trial_of(enrolment_id: int) -> ColumnElement[bool]:
    """Whether a block has a trial that the person was given before."""
    return (
        select(BlockTrial.trial_id)
        .join(SessionTrial, SessionTrial.trial_id == BlockTrial.trial_id)
        .join(Session, Session.id == SessionTrial.session_id)
        .where(BlockTrial.block_id == Block.id, Session.enrolment_id == enrolment_id)
        .exists()
    )


def _count(
    tx: Transaction, block_id: int, *, n_reserved: int = 0, n_valid: int = 0
) -> None:
    tx.execute(
        update(Block)
        .where(Block.id == block_id)
        .values(
            n_reserved=Block.n_reserved + n_reserved, n_valid=Block.n_valid + n_valid
        ),
        execution_options={"synchronize_session": False},
    )


def main_trials_of(tx: Transaction, study_id: int) -> Sequence[int]:
    """The keys of the study's main trials."""
    query = select(Trial.id).where(Trial.study_id == study_id, Trial.role == "main")
    return tx.scalars(query.order_by(Trial.trial_id)).all()
