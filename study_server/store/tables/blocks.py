"""Tables of how trials are handed out: blocks with their counters."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.table_conventions import one_of
from study_server.store.tables.base import Base
from study_server.store.tables.studies import ENVIRONMENTS

_HAS_PLACE: Final = text("n_valid + n_reserved < n_wanted")


class Block(Base):
    """Main trials that one participant gets in one go, and how often.

    `n_wanted` valid sessions; `n_valid` there are; `n_reserved` are under way;
    `n_admitted` counts every session ever begun. The counters are kept in the
    transactions that change sessions, so that admission never counts rows.
    """

    __tablename__ = "block"
    __table_args__ = (
        UniqueConstraint("study_id", "environment", "number"),
        CheckConstraint(one_of("environment", ENVIRONMENTS), name="environment"),
        CheckConstraint("n_wanted >= 1", name="n_wanted"),
        CheckConstraint("n_valid >= 0", name="n_valid"),
        CheckConstraint(
            "n_reserved >= 0 AND n_reserved <= n_wanted", name="n_reserved"
        ),
        CheckConstraint("n_admitted >= n_reserved", name="n_admitted"),
        Index(
            "ix_block_places",
            "study_id",
            "environment",
            "condition",
            "number",
            sqlite_where=_HAS_PLACE,
            postgresql_where=_HAS_PLACE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    environment: Mapped[str]
    number: Mapped[int]
    condition: Mapped[str]
    n_wanted: Mapped[int]
    n_valid: Mapped[int] = mapped_column(default=0)
    n_reserved: Mapped[int] = mapped_column(default=0)
    n_admitted: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class BlockTrial(Base):
    """A main trial of a block."""

    __tablename__ = "block_trial"
    block_id: Mapped[int] = mapped_column(
        ForeignKey("block.id", ondelete="CASCADE"), primary_key=True
    )
    trial_id: Mapped[int] = mapped_column(
        ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True, index=True
    )
