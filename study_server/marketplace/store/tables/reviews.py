"""The table of what review policies found and did."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from study_server.marketplace.store.tables.base import MarketplaceBase, one_of

REVIEW_LEVELS: Final = ("Assignment", "HIT")
REVIEW_KINDS: Final = ("result", "action")


class Review(MarketplaceBase):
    """A result or an action of a review policy, as the API shows it."""

    __tablename__ = "market_review"
    __table_args__ = (
        CheckConstraint(one_of("level", REVIEW_LEVELS), name="level"),
        CheckConstraint(one_of("kind", REVIEW_KINDS), name="kind"),
        Index("ix_market_review_hit_id", "hit_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    hit_id: Mapped[int] = mapped_column(ForeignKey("market_hit.id", ondelete="CASCADE"))
    level: Mapped[str]
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]]
