"""Tables of who takes part. External ids lie in `worker` and nowhere else."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.table_conventions import one_of
from study_server.store.tables.base import Base
from study_server.store.tables.studies import ENVIRONMENTS

STEPS: Final = (
    "consent",
    "warning",
    "screen",
    "instructions",
    "comprehension",
    "break",
    "practice",
    "trials",
    "survey",
    "debriefing",
    "finish",
    "failed",
    "withdrawn",
)


SCREENS: Final = ("measured", "skipped")


class Worker(Base):
    """A person as a recruiter names them."""

    __tablename__ = "worker"
    __table_args__ = (UniqueConstraint("recruiter", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recruiter: Mapped[str]
    external_id: Mapped[str]


class Participant(Base):
    """The same person as we name them: a random id.

    `worker_id` is None for people whom no recruiter names, and after erasure.
    """

    __tablename__ = "participant"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    worker_id: Mapped[int | None] = mapped_column(
        ForeignKey("worker.id", ondelete="SET NULL"), unique=True
    )
    created_at: Mapped[datetime]


class Enrolment(Base):
    """A participant in a study, once.

    `consent_sha256` is the hash of the text agreed to, `consent_version` the
    version the study file gave it, `comprehension_wrong` the indexes of the
    questions missed at the last try.

    An id in an address is only a claim. Who goes on is the browser that knows
    `token`, or the very landing page it came in by (`door_key_sha256`); between
    `released_at` and the next visit under the same id, any browser.

    `screen` says whether sizes on the screen were measured, where the study asks: CSS
    pixels per millimetre, device pixels per CSS pixel, and the eyes' distance.

    `origin` stands for the internet address somebody came from (a keyed hash),
    until they agree or their time is over.
    """

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("study_id", "participant_id"),
        CheckConstraint(one_of("environment", ENVIRONMENTS), name="environment"),
        CheckConstraint(one_of("step", STEPS), name="step"),
        CheckConstraint("n_comprehension_tries >= 0", name="n_comprehension_tries"),
        CheckConstraint(one_of("screen", SCREENS), name="screen"),
        CheckConstraint("screen_px_per_mm > 0", name="screen_px_per_mm"),
        CheckConstraint("screen_distance_mm > 0", name="screen_distance_mm"),
        CheckConstraint(
            "(consented_at IS NULL) = (consent_sha256 IS NULL)",
            name="consent_has_hash_and_time",
        ),
        CheckConstraint(
            "consented_at IS NOT NULL OR step IN ('consent', 'withdrawn')",
            name="nothing_before_consent",
        ),
        CheckConstraint(
            "(step = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_at"
        ),
        CheckConstraint(
            "competence IS NULL OR environment = 'simulated'",
            name="only_simulated_has_competence",
        ),
        Index("ix_enrolment_environment", "study_id", "environment"),
        Index("ix_enrolment_participant_id", "participant_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    participant_id: Mapped[int] = mapped_column(
        ForeignKey("participant.id", ondelete="CASCADE")
    )
    recruitment_id: Mapped[int] = mapped_column(
        ForeignKey("recruitment.id", ondelete="CASCADE"), index=True
    )
    environment: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    condition: Mapped[str]
    step: Mapped[str]
    competence: Mapped[str | None]
    door_key_sha256: Mapped[str | None]
    released_at: Mapped[datetime | None]
    origin: Mapped[str | None]
    entered_at: Mapped[datetime]
    consented_at: Mapped[datetime | None]
    consent_version: Mapped[str | None]
    consent_sha256: Mapped[str | None]
    n_comprehension_tries: Mapped[int] = mapped_column(default=0)
    comprehension_wrong: Mapped[list[int]] = mapped_column(JSON)
    screen: Mapped[str | None]
    screen_px_per_mm: Mapped[float | None]
    screen_pixel_ratio: Mapped[float | None]
    screen_distance_mm: Mapped[float | None]
    surveyed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class EnrolmentSource(Base):
    """A source image that a participant was given, in whatever form."""

    __tablename__ = "enrolment_source"
    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolment.id", ondelete="CASCADE"), primary_key=True
    )
    source_sha256: Mapped[str] = mapped_column(primary_key=True)
