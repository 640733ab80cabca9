"""Tables of studies that were collected elsewhere.

Apart from `study` on purpose: nothing that opens, counts, pays or tops up a study
can reach them. Whom a file names lies in `worker`, as for everybody else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from study_server.store.tables.base import Base


class ImportedStudy(Base):
    """A study that was collected elsewhere.

    `options` is what was said of its files, `identity` what every file shares.
    """

    __tablename__ = "imported_study"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    format: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    identity: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class ImportedFileRow(Base):
    """A file of an imported study, once.

    `left_out` lists the rows that were asked out or cannot be, reason by reason.
    """

    __tablename__ = "imported_file"
    __table_args__ = (
        UniqueConstraint("imported_study_id", "sha256"),
        CheckConstraint("n_rows >= 0", name="n_rows"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    imported_study_id: Mapped[int] = mapped_column(
        ForeignKey("imported_study.id", ondelete="CASCADE")
    )
    name: Mapped[str]
    sha256: Mapped[str]
    n_rows: Mapped[int]
    imported_at: Mapped[datetime]
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")


class ImportedTrial(Base):
    """A trial of an imported study; `trial_id` follows from the rest."""

    __tablename__ = "imported_trial"
    __table_args__ = (UniqueConstraint("imported_study_id", "trial_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    imported_study_id: Mapped[int] = mapped_column(
        ForeignKey("imported_study.id", ondelete="CASCADE")
    )
    trial_id: Mapped[str]
    stimulus: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    condition: Mapped[str]
    category: Mapped[str]
    key: Mapped[str]
    image_columns: Mapped[dict[str, str]] = mapped_column(JSON, server_default="{}")


class ImportedSession(Base):
    """A worker's visit, as far as the files tell; `public_id` is ours."""

    __tablename__ = "imported_session"
    __table_args__ = (CheckConstraint("duration_s >= 0", name="duration_s"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    imported_study_id: Mapped[int] = mapped_column(
        ForeignKey("imported_study.id", ondelete="CASCADE"), index=True
    )
    participant_id: Mapped[int] = mapped_column(
        ForeignKey("participant.id", ondelete="CASCADE"), index=True
    )
    public_id: Mapped[str] = mapped_column(unique=True)
    duration_s: Mapped[float | None]


class ImportedResponse(Base):
    """What a worker said on a trial, once.

    As few indexes as erasing needs: a file brings a million rows.
    """

    __tablename__ = "imported_response"
    __table_args__ = (
        UniqueConstraint("imported_trial_id", "participant_id"),
        CheckConstraint("rt_ms >= 0", name="rt_ms"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    imported_file_id: Mapped[int] = mapped_column(
        ForeignKey("imported_file.id", ondelete="CASCADE")
    )
    imported_trial_id: Mapped[int] = mapped_column(
        ForeignKey("imported_trial.id", ondelete="CASCADE")
    )
    participant_id: Mapped[int] = mapped_column(
        ForeignKey("participant.id", ondelete="CASCADE")
    )
    imported_session_id: Mapped[int] = mapped_column(
        ForeignKey("imported_session.id", ondelete="CASCADE"), index=True
    )
    value: Mapped[str] = mapped_column(Text)
    accepts: Mapped[bool | None]
    is_right: Mapped[bool | None]
    rt_ms: Mapped[float | None]
    position: Mapped[int]
    received_at: Mapped[datetime | None]
