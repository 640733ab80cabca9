"""The table of notifications on their way to requesters."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from study_server.marketplace.store.tables.base import MarketplaceBase

_IS_WAITING: Final = text("delivered_at IS NULL")


class Notification(MarketplaceBase):
    """A notification on its way to a requester's queue."""

    __tablename__ = "market_event"
    __table_args__ = (
        CheckConstraint("n_tries >= 0", name="n_tries"),
        Index(
            "ix_market_event_waiting",
            "id",
            sqlite_where=_IS_WAITING,
            postgresql_where=_IS_WAITING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    doc_id: Mapped[str]
    transport: Mapped[str]
    destination: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    happened_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    n_tries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(Text)
