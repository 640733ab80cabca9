"""Tables of work posted on a market, and of the money that moves for it.

Amounts are in minor units of the account's currency, fees included.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.table_conventions import one_of
from study_server.store.tables.base import Base

ENTRY_KINDS: Final = ("post", "extend", "approve", "reject", "bonus")
ENTRY_STATES: Final = ("intended", "done", "refused")
HIT_STATES: Final = ("intended", "posted", "refused", "closed")
ASSIGNMENT_STATES: Final = ("submitted", "approved", "rejected")
LABELS: Final = ("complete", "partial", "late", "repeat", "left", "unknown")
_IS_INTENDED: Final = text("state = 'intended'")
_IS_WORTH_A_LOOK: Final = text("is_noticed")


class MarketAccount(Base):
    """What a recruitment may spend, and where.

    `committed_minor` is kept in the transactions that write the ledger; the
    database itself refuses to let it pass the cap. `taken_part_id`, `enough_id` and
    `waits_id` are qualifications: people of this study, those who did as many blocks
    as they may, and people who may not come yet.
    """

    __tablename__ = "market_account"
    __table_args__ = (
        CheckConstraint("committed_minor >= 0", name="committed_not_negative"),
        CheckConstraint("committed_minor <= cap_minor", name="cap"),
        CheckConstraint("n_posted >= 0", name="n_posted"),
    )

    # A study that was posted is never deleted: people are owed money for it.
    recruitment_id: Mapped[int] = mapped_column(
        ForeignKey("recruitment.id", ondelete="RESTRICT"), primary_key=True
    )
    endpoint: Mapped[str]
    currency: Mapped[str]
    cap_minor: Mapped[int] = mapped_column(BigInteger)
    committed_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    n_posted: Mapped[int] = mapped_column(default=0)
    offer_id: Mapped[str | None]
    offer_sha256: Mapped[str | None]
    taken_part_id: Mapped[str | None]
    enough_id: Mapped[str | None]
    waits_id: Mapped[str | None]
    low_pay_reason: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime]


class Hit(Base):
    """A posting: one block, for so many people.

    `sheet` lists what a self-contained page shows, so that what comes back can be
    read; None where people come to our own pages. `n_released` places were never
    used and their money is free again. `offer_id` is the market's name of the offer
    it was posted under, which says who may take it; None means the account's.
    """

    __tablename__ = "hit"
    __table_args__ = (
        UniqueConstraint("account_id", "number"),
        UniqueConstraint("account_id", "external_id"),
        CheckConstraint(one_of("state", HIT_STATES), name="state"),
        CheckConstraint("n_assignments >= 1", name="n_assignments"),
        CheckConstraint(
            "n_released >= 0 AND n_released <= n_assignments", name="n_released"
        ),
        CheckConstraint("cost_minor >= 0", name="cost_not_negative"),
        CheckConstraint(
            "state NOT IN ('posted', 'closed') OR external_id IS NOT NULL",
            name="posted_has_an_id",
        ),
        Index("ix_hit_block_id", "block_id"),
        Index(
            "ix_hit_noticed",
            "account_id",
            sqlite_where=_IS_WORTH_A_LOOK,
            postgresql_where=_IS_WORTH_A_LOOK,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("market_account.recruitment_id", ondelete="RESTRICT")
    )
    block_id: Mapped[int | None] = mapped_column(
        ForeignKey("block.id", ondelete="SET NULL")
    )
    number: Mapped[int]
    external_id: Mapped[str | None]
    state: Mapped[str]
    n_assignments: Mapped[int]
    n_released: Mapped[int] = mapped_column(default=0)
    cost_minor: Mapped[int]
    offer_id: Mapped[str | None]
    sheet: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    is_noticed: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Assignment(Base):
    """Work that somebody handed in.

    A place that is given back keeps its name for the next worker, and one worker
    may take it twice: only (name, worker, attempt) is one piece of work.
    `worker_id` is None after erasure. `session_id` is what they did; two pieces
    of work never share one. `is_covered` says whether its reward is among the
    money set aside; where not, paying it sets the money aside first.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("hit_id", "external_id", "worker_id", "attempt"),
        UniqueConstraint("session_id"),
        CheckConstraint(one_of("status", ASSIGNMENT_STATES), name="status"),
        CheckConstraint(one_of("label", LABELS), name="label"),
        CheckConstraint("attempt >= 1", name="attempt"),
        Index("ix_assignment_hit_id", "hit_id"),
        Index("ix_assignment_worker_id", "worker_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    hit_id: Mapped[int] = mapped_column(ForeignKey("hit.id", ondelete="RESTRICT"))
    worker_id: Mapped[int | None] = mapped_column(
        ForeignKey("worker.id", ondelete="SET NULL")
    )
    session_id: Mapped[int | None] = mapped_column(
        ForeignKey("session.id", ondelete="SET NULL")
    )
    external_id: Mapped[str]
    attempt: Mapped[int]
    status: Mapped[str]
    label: Mapped[str]
    problem: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    is_granted: Mapped[bool] = mapped_column(default=False)
    is_covered: Mapped[bool] = mapped_column(default=True)
    accepted_at: Mapped[datetime]
    submitted_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class LedgerEntry(Base):
    """One thing asked of the market: written down before, concluded after.

    `key` says what it is for, so that it is asked for once; `token` is the same at
    every retry. `amount_minor` is what it costs at most.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        CheckConstraint(one_of("kind", ENTRY_KINDS), name="kind"),
        CheckConstraint(one_of("state", ENTRY_STATES), name="state"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint(
            "(state = 'intended') = (concluded_at IS NULL)", name="concluded_at"
        ),
        CheckConstraint("length(token) <= 64", name="token"),
        CheckConstraint(
            "kind IN ('post', 'extend') OR assignment_id IS NOT NULL",
            name="pay_is_for_an_assignment",
        ),
        Index(
            "ix_ledger_entry_open",
            "account_id",
            sqlite_where=_IS_INTENDED,
            postgresql_where=_IS_INTENDED,
        ),
        Index("ix_ledger_entry_hit_id", "hit_id"),
        Index("ix_ledger_entry_assignment_id", "assignment_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("market_account.recruitment_id", ondelete="RESTRICT")
    )
    hit_id: Mapped[int | None] = mapped_column(
        ForeignKey("hit.id", ondelete="RESTRICT")
    )
    assignment_id: Mapped[int | None] = mapped_column(
        ForeignKey("assignment.id", ondelete="RESTRICT")
    )
    kind: Mapped[str]
    key: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    amount_minor: Mapped[int]
    pay_minor: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    problem: Mapped[str] = mapped_column(Text, default="")
    intended_at: Mapped[datetime]
    concluded_at: Mapped[datetime | None]
