"""Tables of who is signed in, and of attempts to sign in or up."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.sign_in_attempts import AttemptCount
from study_server.database.sign_ins import SignInColumns
from study_server.marketplace.store.tables.base import MarketplaceBase


class SignInAttempt(AttemptCount, MarketplaceBase):
    """Attempts to sign in or up, per name, address and known browser."""

    __tablename__ = "market_sign_in_attempt"


class SignIn(SignInColumns, MarketplaceBase):
    """A browser in which a worker or a requester is signed in."""

    __tablename__ = "market_sign_in"
    __table_args__ = (
        CheckConstraint("(worker_id IS NULL) <> (requester_id IS NULL)", name="owner"),
    )

    worker_id: Mapped[int | None] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE"), index=True
    )
    requester_id: Mapped[int | None] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE"), index=True
    )
