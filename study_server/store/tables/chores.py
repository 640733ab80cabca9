"""What a server does by itself, and when it is due again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from study_server.store.tables.base import Base


class ChoreRow(Base):
    """Work that one process at a time does for all."""

    __tablename__ = "chore"
    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
