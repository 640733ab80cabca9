"""The table of who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.table_conventions import one_of
from study_server.store.tables.base import Base

ACTIVITY_SOURCES: Final = ("web", "command", "program")


class Activity(Base):
    """One thing that somebody did; triggers refuse to change or delete it.

    `digest` is of this entry and of the digest before it.
    """

    __tablename__ = "activity"
    __table_args__ = (
        CheckConstraint(one_of("source", ACTIVITY_SOURCES), name="source"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    source: Mapped[str]
    actor: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(Text)
    digest: Mapped[str]
