"""That somebody was erased, and what of them: never who."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from study_server.store.tables.base import Base


class ErasureReceiptRow(Base):
    """A receipt as it was handed over, with its seal."""

    __tablename__ = "erasure_receipt"
    id: Mapped[int] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime]
    receipt: Mapped[dict[str, Any]]
    seal: Mapped[str] = mapped_column(unique=True)
