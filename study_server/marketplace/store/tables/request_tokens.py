"""The table of request tokens: what was done once is not done again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from study_server.marketplace.store.tables.base import MarketplaceBase


class RequestToken(MarketplaceBase):
    """A UniqueRequestToken that was used, and for what, for 24 hours."""

    __tablename__ = "market_token"
    __table_args__ = (
        UniqueConstraint("requester_id", "purpose", "token"),
        Index("ix_market_token_used_at", "used_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE")
    )
    purpose: Mapped[str]
    token: Mapped[str]
    outcome: Mapped[str]
    used_at: Mapped[datetime]
