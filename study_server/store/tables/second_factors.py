"""Tables of what users prove beside their password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from study_server.store.tables.base import Base


class SecondFactor(Base):
    """The secret that a user's telephone shares with us; no step counts twice."""

    __tablename__ = "user_second_factor"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    secret: Mapped[str]
    last_step: Mapped[int]
    created_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code for whoever lost their telephone, good for once; kept as a digest."""

    __tablename__ = "user_recovery_code"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_second_factor.user_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    digest: Mapped[str] = mapped_column(primary_key=True)
