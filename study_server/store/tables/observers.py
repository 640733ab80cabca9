"""Tables of observers: what classifiers and programs responded to a study's trials.

Apart from `response` on purpose: nothing that counts, pays or excludes people can
reach them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.table_conventions import one_of
from study_server.store.tables.base import Base

OBSERVER_KINDS: Final = ("classifier", "command")


class ObserverRow(Base):
    """Who responded; `facts` says what it is and how it was asked.

    `sha256` is the hash of all its responses, by which the same one is known again.
    """

    __tablename__ = "observer"
    __table_args__ = (
        UniqueConstraint("study_id", "name"),
        CheckConstraint(one_of("kind", OBSERVER_KINDS), name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    name: Mapped[str]
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str]
    added_at: Mapped[datetime]


class ObservationRow(Base):
    """One field of a response to a trial; without a value where it was refused."""

    __tablename__ = "observation"
    __table_args__ = (
        UniqueConstraint("observer_id", "trial_id", "repeat", "field"),
        CheckConstraint("repeat >= 0", name="repeat"),
        CheckConstraint("(value IS NULL) = (refusal <> '')", name="value_or_refusal"),
        CheckConstraint("probability BETWEEN 0 AND 1", name="probability"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    observer_id: Mapped[int] = mapped_column(
        ForeignKey("observer.id", ondelete="CASCADE")
    )
    trial_id: Mapped[int] = mapped_column(
        ForeignKey("trial.id", ondelete="CASCADE"), index=True
    )
    repeat: Mapped[int]
    field: Mapped[str]
    value: Mapped[str | None] = mapped_column(Text)
    probability: Mapped[float | None]
    refusal: Mapped[str] = mapped_column(Text)
