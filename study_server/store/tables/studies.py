"""Tables of what is asked: studies, their stimuli, trials and recruitments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.table_conventions import one_of
from study_server.store.tables.base import Base

STUDY_STATES: Final = ("draft", "pilot", "frozen", "open", "closed")
ENVIRONMENTS: Final = ("live", "pilot", "sandbox", "simulated", "preview")
ROLES: Final = ("main", "practice", "catch", "control")


class Study(Base):
    """A question asked of many people; the study file is kept verbatim.

    `settings` is the checked study file (`StudyFile.model_dump(mode="json")`),
    files it names included; `set_folder` is where the stimuli lie, `set_sha256`
    what they were when the study was created.
    """

    __tablename__ = "study"
    __table_args__ = (
        CheckConstraint(one_of("state", STUDY_STATES), name="state"),
        CheckConstraint(
            "(frozen_at IS NULL) = (frozen_sha256 IS NULL)", name="frozen_with_hash"
        ),
        CheckConstraint(
            "state IN ('draft', 'pilot') OR frozen_at IS NOT NULL",
            name="frozen_before_it_counts",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    paradigm: Mapped[str]
    state: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    toml: Mapped[str] = mapped_column(Text)
    toml_sha256: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    set_folder: Mapped[str]
    set_sha256: Mapped[str]
    recipe_toml: Mapped[str] = mapped_column(Text)
    set_summary: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    frozen_sha256: Mapped[str | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    # Links to previews name it; a higher one ends them all.
    preview_edition: Mapped[int] = mapped_column(default=0, server_default="0")


class Amendment(Base):
    """A dated change of a frozen study, in words."""

    __tablename__ = "amendment"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(
        ForeignKey("study.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class StudyClass(Base):
    """A class that a question can name."""

    __tablename__ = "study_class"
    __table_args__ = (UniqueConstraint("study_id", "class_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    class_id: Mapped[str]
    position: Mapped[int]
    name: Mapped[str]
    gloss: Mapped[str]
    examples: Mapped[list[str]] = mapped_column(JSON)


class Stimulus(Base):
    """One asset a trial can show; `media_token` is its public address."""

    __tablename__ = "stimulus"
    __table_args__ = (UniqueConstraint("study_id", "stimulus_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    stimulus_id: Mapped[str]
    media_token: Mapped[str] = mapped_column(unique=True)
    media_type: Mapped[str]
    file: Mapped[str]
    source: Mapped[str]
    source_sha256: Mapped[str]
    label: Mapped[str | None]
    width: Mapped[int]
    height: Mapped[int]
    method: Mapped[str]
    licence: Mapped[str | None]
    credit: Mapped[str | None]
    predictions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    image_columns: Mapped[dict[str, str]] = mapped_column(JSON, server_default="{}")


class Trial(Base):
    """One question with named slots filled by stimuli."""

    __tablename__ = "trial"
    __table_args__ = (
        UniqueConstraint("study_id", "trial_id"),
        CheckConstraint(one_of("role", ROLES), name="role"),
        Index("ix_trial_role", "study_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    trial_id: Mapped[str]
    role: Mapped[str]
    control: Mapped[str]
    condition: Mapped[str]
    question: Mapped[str]
    slots: Mapped[dict[str, str]] = mapped_column(JSON)
    classes: Mapped[list[str]] = mapped_column(JSON)
    sources: Mapped[list[str]] = mapped_column(JSON)
    key: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    uses: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    exposure: Mapped[dict[str, float]] = mapped_column(JSON)
    truth: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class TrialSource(Base):
    """A source image that a trial puts up for judgment, in whatever form.

    Whoever is given the trial has seen it; images shown beside it, as examples of
    a group, are no part of this.
    """

    __tablename__ = "trial_source"
    trial_id: Mapped[int] = mapped_column(
        ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True
    )
    source_sha256: Mapped[str] = mapped_column(primary_key=True)


class Recruitment(Base):
    """One recruiter and environment for one study, with what it may cost."""

    __tablename__ = "recruitment"
    __table_args__ = (
        UniqueConstraint("study_id", "recruiter", "environment"),
        CheckConstraint(one_of("environment", ENVIRONMENTS), name="environment"),
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        CheckConstraint("cap_minor >= 0", name="cap_not_negative"),
        CheckConstraint(
            "currency IS NOT NULL OR (price_minor IS NULL AND cap_minor IS NULL)",
            name="money_has_a_currency",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    recruiter: Mapped[str]
    environment: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    price_minor: Mapped[int | None]
    currency: Mapped[str | None]
    cap_minor: Mapped[int | None]
    created_at: Mapped[datetime]


class PersonalLink(Base):
    """A link for one person in the lab."""

    __tablename__ = "personal_link"
    __table_args__ = (UniqueConstraint("recruitment_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recruitment_id: Mapped[int] = mapped_column(
        ForeignKey("recruitment.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    token: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
