"""Tables of who posts work and who does it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from study_server.marketplace.store.tables.base import Cents, MarketplaceBase


class Requester(MarketplaceBase):
    """Someone who posts HITs, known by a pair of keys.

    Always `deposited_cents = available_cents + on_hold_cents + spent_cents`. The
    secret is kept as it is, because a signature can only be checked with it.
    """

    __tablename__ = "market_requester"
    __table_args__ = (
        CheckConstraint("available_cents >= 0", name="available_cents"),
        CheckConstraint("on_hold_cents >= 0", name="on_hold_cents"),
        CheckConstraint(
            "deposited_cents = available_cents + on_hold_cents + spent_cents",
            name="no_cent_is_lost",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    access_key: Mapped[str] = mapped_column(unique=True)
    secret_key: Mapped[str]
    deposited_cents: Mapped[int] = mapped_column(Cents)
    available_cents: Mapped[int] = mapped_column(Cents)
    on_hold_cents: Mapped[int] = mapped_column(Cents, default=0)
    spent_cents: Mapped[int] = mapped_column(Cents, default=0)
    created_at: Mapped[datetime]


class Worker(MarketplaceBase):
    """Someone who does HITs.

    `n_approved_before` and `n_rejected_before` stand for a history elsewhere, so
    that requirements on experience can be tried out.
    """

    __tablename__ = "market_worker"
    __table_args__ = (
        CheckConstraint("length(country) = 2", name="country"),
        CheckConstraint("n_approved_before >= 0", name="n_approved_before"),
        CheckConstraint("n_rejected_before >= 0", name="n_rejected_before"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    country: Mapped[str]
    subdivision: Mapped[str | None]
    is_adult: Mapped[bool] = mapped_column(default=False)
    is_master: Mapped[bool] = mapped_column(default=False)
    n_submitted: Mapped[int] = mapped_column(default=0)
    n_approved: Mapped[int] = mapped_column(default=0)
    n_rejected: Mapped[int] = mapped_column(default=0)
    n_approved_before: Mapped[int] = mapped_column(default=0)
    n_rejected_before: Mapped[int] = mapped_column(default=0)
    earned_cents: Mapped[int] = mapped_column(Cents, default=0)
    created_at: Mapped[datetime]


class WorkerMessage(MarketplaceBase):
    """A message to a worker, from a requester or from the marketplace itself."""

    __tablename__ = "market_notice"
    __table_args__ = (Index("ix_market_notice_worker_id", "worker_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE")
    )
    requester_id: Mapped[int | None] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE")
    )
    subject: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
