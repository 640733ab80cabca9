"""Queries on blocks: a place for a participant, and the counters.

A place whose lease is over is free, noticed or not: what is shown and what is
done ask the same query.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Subquery

from study_server.database.engine import Transaction
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
class WantedBlock:
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
    """A block, its number of main trials, and of sessions really under way."""

    block: Block
    n_trials: int
    n_reserved: int


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


def reserve_place(
    tx: Transaction, wanted: WantedBlock, *, now: datetime
) -> Block | None:
    """Reserve the block with the fewest valid and live sessions; None if full.

    The caller has given back the places of ended leases and holds the study's
    lock. The update checks once more all the same: an ended session that somebody
    is working on right now keeps its place for a moment.
    """
    tried: list[int] = []
    while (block_id := _emptiest(tx, wanted, now=now, tried=tried)) is not None:
        tried.append(block_id)
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


def has_place(tx: Transaction, block_id: int, *, now: datetime) -> bool:
    """Whether this very block has a place."""
    lapsed = _lapsed(now)
    query = (
        select(Block.id)
        .outerjoin(lapsed, lapsed.c.block_id == Block.id)
        .where(Block.id == block_id, _taken(lapsed) < Block.n_wanted)
    )
    return tx.scalar(query) is not None


def any_place(tx: Transaction, wanted: WantedBlock, *, now: datetime) -> bool:
    """Whether any block has a place for this person now."""
    return _emptiest(tx, wanted, now=now) is not None


def count_places(tx: Transaction, wanted: WantedBlock, *, now: datetime) -> int:
    """How many places are free."""
    lapsed = _lapsed(now)
    n_free = Block.n_wanted - _taken(lapsed)
    query = (
        select(func.sum(n_free))
        .outerjoin(lapsed, lapsed.c.block_id == Block.id)
        .where(
            Block.study_id == wanted.study_id,
            Block.environment == wanted.environment,
            n_free > 0,
        )
    )
    return int(tx.scalar(query) or 0)


def release(tx: Transaction, block_id: int) -> None:
    """Give a reservation back."""
    _count(tx, block_id, n_reserved=-1)


def settle(tx: Transaction, block_id: int, *, is_valid: bool) -> None:
    """Turn a reservation into a completed session."""
    _count(tx, block_id, n_reserved=-1, n_valid=int(is_valid))


def return_place(tx: Transaction, block_id: int) -> None:
    """Give back to somebody else a reservation that work without one has used up."""
    _count(tx, block_id, n_reserved=1)


def change_valid(tx: Transaction, block_id: int, *, by: int) -> None:
    """A completed session became valid (+1) or stopped being so (-1)."""
    _count(tx, block_id, n_valid=by)


def blocks_of(
    tx: Transaction, study_id: int, *, environment: str, now: datetime
) -> list[SizedBlock]:
    """Every block with its number of trials, by number."""
    lapsed = _lapsed(now)
    n_trials = (
        select(func.count())
        .where(BlockTrial.block_id == Block.id)
        .correlate(Block)
        .scalar_subquery()
    )
    query = (
        select(Block, n_trials, _taken(lapsed) - Block.n_valid)
        .outerjoin(lapsed, lapsed.c.block_id == Block.id)
        .where(Block.study_id == study_id, Block.environment == environment)
        .order_by(Block.number)
    )
    return [
        SizedBlock(block=row[0], n_trials=row[1], n_reserved=row[2])
        for row in tx.execute(query)
    ]


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


def _lapsed(now: datetime) -> Subquery:
    """Block to sessions whose lease is over and whose place is not given back yet."""
    return (
        select(Session.block_id, func.count().label("n_sessions"))
        .where(Session.state == "started", Session.lease_ends_at <= now)
        .group_by(Session.block_id)
        .subquery("lapsed")
    )


def _taken(lapsed: Subquery) -> ColumnElement[int]:
    """Places of a block that nobody else can have."""
    n_lapsed = func.coalesce(lapsed.c.n_sessions, 0)
    return Block.n_valid + Block.n_reserved - n_lapsed


def _emptiest(
    tx: Transaction, wanted: WantedBlock, *, now: datetime, tried: Collection[int] = ()
) -> int | None:
    """The block to be given next; `tried` ones are left out."""
    lapsed = _lapsed(now)
    taken = _taken(lapsed)
    query = (
        select(Block.id)
        .outerjoin(lapsed, lapsed.c.block_id == Block.id)
        .where(
            Block.study_id == wanted.study_id,
            Block.environment == wanted.environment,
            taken < Block.n_wanted,
            Block.id.not_in(tried),
        )
    )
    if wanted.enrolment_id is not None:
        is_repeat = _has_trial_of if wanted.allow_same_source else _shows_again
        query = query.where(~is_repeat(wanted.enrolment_id))
    if wanted.condition is not None:
        query = query.where(Block.condition == wanted.condition)
        return tx.scalar(query.order_by(taken, Block.number).limit(1))
    balance = _balance(wanted, lapsed=lapsed)
    query = query.join(balance, balance.c.condition == Block.condition)
    order = (balance.c.n_taken, Block.condition, taken, Block.number)
    return tx.scalar(query.order_by(*order).limit(1))


def _balance(wanted: WantedBlock, *, lapsed: Subquery) -> Subquery:
    """Condition to the places taken in it."""
    return (
        select(Block.condition, func.sum(_taken(lapsed)).label("n_taken"))
        .outerjoin(lapsed, lapsed.c.block_id == Block.id)
        .where(
            Block.study_id == wanted.study_id, Block.environment == wanted.environment
        )
        .group_by(Block.condition)
        .subquery("balance")
    )


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
