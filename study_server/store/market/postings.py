"""Queries on what is posted on a market and what was handed in there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Assignment,
    Block,
    BlockTrial,
    Enrolment,
    Hit,
    MarketAccount,
    Participant,
    Recruitment,
    Study,
    TrialSource,
    Worker,
)

_OPEN = ("intended", "posted")


@dataclass(frozen=True, kw_only=True)
class BlockNeed:
    """A block, the valid sessions it lacks, and the places posted for it."""

    block_id: int
    n_lacking: int
    n_posted: int

    @property
    def n_missing(self) -> int:
        """Places to post; negative where more are posted than needed."""
        return self.n_lacking - self.n_posted


def block_needs(
    tx: Transaction, study_id: int, *, environment: str, account_id: int
) -> list[BlockNeed]:
    """Every block of an environment, by number."""
    posted = places_by_block(tx, account_id)
    query = (
        select(Block.id, Block.n_wanted - Block.n_valid)
        .where(Block.study_id == study_id, Block.environment == environment)
        .order_by(Block.number)
    )
    return [
        BlockNeed(
            block_id=row[0], n_lacking=max(0, row[1]), n_posted=posted.get(row[0], 0)
        )
        for row in tx.execute(query)
    ]


def places_by_block(tx: Transaction, account_id: int) -> dict[int | None, int]:
    """Block to places that are posted and that nobody has handed in yet."""
    used = (
        select(Assignment.hit_id, func.count().label("n"))
        .group_by(Assignment.hit_id)
        .subquery()
    )
    n_free = Hit.n_assignments - Hit.n_released - func.coalesce(used.c.n, 0)
    query = (
        select(Hit.block_id, n_free)
        .outerjoin(used, used.c.hit_id == Hit.id)
        .where(Hit.account_id == account_id, Hit.state.in_(_OPEN))
    )
    found: dict[int | None, int] = {}
    for block_id, n in tx.execute(query):
        found[block_id] = found.get(block_id, 0) + max(0, int(n))
    return found


def add_hit(tx: Transaction, hit: Hit) -> Hit:
    """Add a posting; its key is known afterwards."""
    tx.add(hit)
    tx.flush()
    return hit


def get_hit(tx: Transaction, hit_id: int) -> Hit:
    """The posting with that key, held until the transaction ends."""
    query = select(Hit).where(Hit.id == hit_id)
    return tx.scalars(
        query.with_for_update(), execution_options={"populate_existing": True}
    ).one()


def hits_of(
    tx: Transaction, account_id: int, *, states: Sequence[str] = ()
) -> Sequence[Hit]:
    """The postings of an account, by number."""
    query = select(Hit).where(Hit.account_id == account_id)
    if states:
        query = query.where(Hit.state.in_(states))
    return tx.scalars(query.order_by(Hit.number)).all()


@dataclass(frozen=True, kw_only=True)
class BlockContents:
    """What a block's main trials show, by trial and by source image."""

    condition: str
    trials: frozenset[int]
    sources: frozenset[str]


def contents_of(
    tx: Transaction, block_ids: Collection[int]
) -> dict[int, BlockContents]:
    """Block to what it shows."""
    query = (
        select(
            Block.id,
            Block.condition,
            BlockTrial.trial_id,
            TrialSource.source_sha256,
        )
        .join(BlockTrial, BlockTrial.block_id == Block.id)
        .outerjoin(TrialSource, TrialSource.trial_id == BlockTrial.trial_id)
        .where(Block.id.in_(block_ids))
    )
    conditions: dict[int, str] = {}
    trials: defaultdict[int, set[int]] = defaultdict(set)
    sources: defaultdict[int, set[str]] = defaultdict(set)
    for block_id, condition, trial_id, source in tx.execute(query):
        conditions[block_id] = condition
        trials[block_id].add(trial_id)
        # A trial without a source image comes with none.
        sources[block_id].update(filter(None, [source]))
    return {
        block_id: BlockContents(
            condition=condition,
            trials=frozenset(trials[block_id]),
            sources=frozenset(sources[block_id]),
        )
        for block_id, condition in conditions.items()
    }


def sheets_of(tx: Transaction, account_id: int) -> Sequence[dict[str, Any]]:
    """What the self-contained pages of an account show."""
    query = select(Hit.sheet).where(
        Hit.account_id == account_id, Hit.sheet.is_not(None), Hit.state != "refused"
    )
    return [sheet for sheet in tx.scalars(query) if sheet is not None]


def notice(tx: Transaction, recruiter: str, *, external_ids: Collection[str]) -> int:
    """Mark postings of a recruiter as worth a look; how many."""
    accounts = select(Recruitment.id).where(Recruitment.recruiter == recruiter)
    marked = tx.scalars(
        update(Hit)
        .where(Hit.external_id.in_(external_ids), Hit.account_id.in_(accounts))
        .values(is_noticed=True)
        .returning(Hit.id),
        execution_options={"synchronize_session": False},
    ).all()
    return len(marked)


def accounts_named(
    tx: Transaction, studies: Collection[str], *, endpoint: str
) -> Sequence[MarketAccount]:
    """Accounts of the named studies on one market."""
    query = (
        select(MarketAccount)
        .join(Recruitment, Recruitment.id == MarketAccount.recruitment_id)
        .join(Study, Study.id == Recruitment.study_id)
        .where(Study.name.in_(studies), MarketAccount.endpoint == endpoint)
    )
    return tx.scalars(query.order_by(MarketAccount.recruitment_id)).all()


def workers_since(
    tx: Transaction, studies: Collection[str], *, issuer: str, since: datetime
) -> set[str]:
    """People an issuer names who entered one of the studies, or finished it, since."""
    last = func.coalesce(Enrolment.finished_at, Enrolment.entered_at)
    query = (
        select(Worker.external_id)
        .join(Participant, Participant.worker_id == Worker.id)
        .join(Enrolment, Enrolment.participant_id == Participant.id)
        .join(Study, Study.id == Enrolment.study_id)
        .where(
            Study.name.in_(studies),
            Worker.recruiter == issuer,
            or_(last >= since, Enrolment.entered_at >= since),
        )
    )
    return set(tx.scalars(query))


def reserve_over(tx: Transaction, block_id: int) -> bool:
    """A reservation for work that came whether or not there was a place.

    Returns:
        Whether one could be made; False where others hold as many as the block can
        have, and then it only counts as begun.
    """
    reserved = tx.scalars(
        update(Block)
        .where(Block.id == block_id, Block.n_reserved < Block.n_wanted)
        .values(n_reserved=Block.n_reserved + 1, n_admitted=Block.n_admitted + 1)
        .returning(Block.id),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    if reserved is not None:
        return True
    tx.execute(
        update(Block)
        .where(Block.id == block_id)
        .values(n_admitted=Block.n_admitted + 1),
        execution_options={"synchronize_session": False},
    )
    return False


def set_values(tx: Transaction, hit_id: int, **values: Any) -> None:  # noqa: ANN401 - columns of Hit
    """Change columns of a posting."""
    tx.execute(
        update(Hit).where(Hit.id == hit_id).values(**values),
        execution_options={"synchronize_session": False},
    )


def find_block(tx: Transaction, block_id: int | None) -> Block | None:
    """The block with that key, if it is still there."""
    return None if block_id is None else tx.get(Block, block_id)
