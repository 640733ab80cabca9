"""Tables of what researchers check themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from study_server.store.tables.base import Base


class AuditTrial(Base):
    """A trial that the researcher is to judge blind.

    `stratum` is the number of accepting responses it was drawn for.
    """

    __tablename__ = "audit_trial"
    __table_args__ = (
        UniqueConstraint("study_id", "trial_id"),
        UniqueConstraint("study_id", "position"),
        CheckConstraint("stratum >= 0", name="stratum"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id", ondelete="CASCADE"))
    token: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]
    stratum: Mapped[int]
    created_at: Mapped[datetime]


class AuditResponse(Base):
    """The researcher's own response to it."""

    __tablename__ = "audit_response"
    id: Mapped[int] = mapped_column(primary_key=True)
    audit_trial_id: Mapped[int] = mapped_column(
        ForeignKey("audit_trial.id", ondelete="CASCADE"), unique=True
    )
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    accepts: Mapped[bool | None]
    received_at: Mapped[datetime]
