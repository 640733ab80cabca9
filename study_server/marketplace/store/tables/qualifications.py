"""Tables of Qualifications, their types and requests, and of blocked workers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from study_server.marketplace.store.tables.base import MarketplaceBase, one_of
from study_server.marketplace.store.tables.people import Worker

TYPE_STATES: Final = ("Active", "Inactive")
GRANT_STATES: Final = ("Granted", "Revoked")
REQUEST_STATES: Final = ("Started", "Submitted", "Granted", "Rejected")
_IS_KEPT: Final = text("deleted_at IS NULL")


class QualificationType(MarketplaceBase):
    """A kind of Qualification; `requester_id` is None for those of the system."""

    __tablename__ = "market_qualification_type"
    __table_args__ = (
        CheckConstraint(one_of("status", TYPE_STATES), name="status"),
        CheckConstraint(
            "NOT (is_auto_granted AND test IS NOT NULL)", name="test_or_auto_granted"
        ),
        Index(
            "uq_market_qualification_type_name",
            "requester_id",
            "name",
            unique=True,
            sqlite_where=_IS_KEPT,
            postgresql_where=_IS_KEPT,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    requester_id: Mapped[int | None] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE")
    )
    name: Mapped[str]
    description: Mapped[str] = mapped_column(Text)
    keywords: Mapped[str | None]
    status: Mapped[str]
    test: Mapped[str | None] = mapped_column(Text)
    test_duration_s: Mapped[int | None]
    answer_key: Mapped[str | None] = mapped_column(Text)
    retry_delay_s: Mapped[int | None]
    is_auto_granted: Mapped[bool] = mapped_column(default=False)
    auto_granted_value: Mapped[int | None]
    is_requestable: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Qualification(MarketplaceBase):
    """What a worker has been granted, or had revoked."""

    __tablename__ = "market_qualification"
    __table_args__ = (
        UniqueConstraint("qualification_type_id", "worker_id"),
        CheckConstraint(one_of("status", GRANT_STATES), name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    qualification_type_id: Mapped[int] = mapped_column(
        ForeignKey("market_qualification_type.id", ondelete="CASCADE")
    )
    worker_id: Mapped[int] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE"), index=True
    )
    value: Mapped[int | None]
    status: Mapped[str]
    granted_at: Mapped[datetime]
    worker: Mapped[Worker] = relationship(lazy="joined", innerjoin=True)
    kind: Mapped[QualificationType] = relationship(lazy="joined", innerjoin=True)


class QualificationRequest(MarketplaceBase):
    """A worker's request for a Qualification, with the test as it then was."""

    __tablename__ = "market_qualification_request"
    __table_args__ = (
        CheckConstraint(one_of("status", REQUEST_STATES), name="status"),
        Index(
            "ix_market_qualification_request_list",
            "qualification_type_id",
            "status",
            "id",
        ),
        Index("ix_market_qualification_request_worker_id", "worker_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    qualification_type_id: Mapped[int] = mapped_column(
        ForeignKey("market_qualification_type.id", ondelete="CASCADE")
    )
    worker_id: Mapped[int] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE")
    )
    status: Mapped[str]
    test: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    requested_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    worker: Mapped[Worker] = relationship(lazy="joined", innerjoin=True)
    kind: Mapped[QualificationType] = relationship(lazy="joined", innerjoin=True)


class WorkerBlock(MarketplaceBase):
    """A worker who may not work for a requester."""

    __tablename__ = "market_worker_block"
    __table_args__ = (UniqueConstraint("requester_id", "worker_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE")
    )
    worker_id: Mapped[int] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE"), index=True
    )
    reason: Mapped[str] = mapped_column(Text)
    blocked_at: Mapped[datetime]
    worker: Mapped[Worker] = relationship(lazy="joined", innerjoin=True)
