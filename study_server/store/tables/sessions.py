"""Tables of what people did: sessions, responses, display events, survey."""

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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.table_conventions import one_of
from study_server.store.tables.base import Base

SESSION_STATES: Final = ("started", "completed", "withdrawn", "expired", "returned")
VALIDITIES: Final = ("pending", "valid", "invalid")
KINDS: Final = ("practice", "trials")
_IS_LIVE: Final = text("state = 'started'")


class Session(Base):
    """One participant doing one block.

    While `state` is "started" the session holds one of the block's
    reservations, until `lease_ends_at`. `recruiter_ids` are the recruiter's own
    names of this visit (never of the person), `attempt` counts visits. While
    `held_reason` says why, a person has yet to decide whether it was work.
    `completion_code` is made when the last trial is done, and is nobody else's.
    `part_order` lists the parts of the study file by number in the order in which they
    come, `part_place` is how many of them are done; `break_ends_at` is when somebody in
    a break may go on.
    """

    __tablename__ = "session"
    __table_args__ = (
        UniqueConstraint("enrolment_id", "number"),
        CheckConstraint(one_of("state", SESSION_STATES), name="state"),
        CheckConstraint(one_of("validity", VALIDITIES), name="validity"),
        CheckConstraint(
            "validity <> 'valid' OR state = 'completed'", name="only_completed_is_valid"
        ),
        CheckConstraint(
            "(validity = 'invalid') = (reason IS NOT NULL)", name="invalid_has_a_reason"
        ),
        CheckConstraint(
            "state <> 'completed' OR completed_at IS NOT NULL", name="completed_at"
        ),
        CheckConstraint("attempt >= 1", name="attempt"),
        CheckConstraint("part_place >= 0", name="part_place"),
        Index(
            "uq_session_one_live",
            "enrolment_id",
            unique=True,
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
        Index(
            "ix_session_lease",
            "lease_ends_at",
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
        Index("ix_session_block_id", "block_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolment.id", ondelete="CASCADE")
    )
    block_id: Mapped[int] = mapped_column(ForeignKey("block.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[str]
    validity: Mapped[str]
    reason: Mapped[str | None]
    order_seed: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int] = mapped_column(default=1)
    recruiter_ids: Mapped[dict[str, Any]] = mapped_column(JSON)
    admitted_at: Mapped[datetime]
    lease_ends_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    judged_at: Mapped[datetime | None]
    held_reason: Mapped[str | None]
    completion_code: Mapped[str | None]
    part_order: Mapped[str | None]
    part_place: Mapped[int] = mapped_column(default=0, server_default="0")
    break_ends_at: Mapped[datetime | None]


class ImageRequest(Base):
    """That a session's browser asked for an image, by the server's own record.

    `n_sent` times it was sent, `n_refused` times it could not be.
    """

    __tablename__ = "image_request"
    session_id: Mapped[int] = mapped_column(
        ForeignKey("session.id", ondelete="CASCADE"), primary_key=True
    )
    media_token: Mapped[str] = mapped_column(primary_key=True)
    n_sent: Mapped[int]
    n_refused: Mapped[int]


class SessionTrial(Base):
    """A trial at its place in a session; `token` is its public name.

    `class_order` lists indexes into the trial's classes, in the order shown. `part` is
    the number of its part in the study file and `part_position` its place there, both
    from 0; None where a study has no parts.
    """

    __tablename__ = "session_trial"
    __table_args__ = (
        UniqueConstraint("session_id", "kind", "position"),
        UniqueConstraint("session_id", "trial_id"),
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint(
            "(part IS NULL) = (part_position IS NULL)", name="part_has_a_position"
        ),
        Index("ix_session_trial_trial_id", "trial_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(
        ForeignKey("session.id", ondelete="CASCADE")
    )
    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id", ondelete="CASCADE"))
    token: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    position: Mapped[int]
    class_order: Mapped[list[int]] = mapped_column(JSON)
    part: Mapped[int | None]
    part_position: Mapped[int | None]


class Response(Base):
    """What a participant did on a trial, saved once.

    `id` rises in the order of acceptance. `payload` is None where an image
    failed to show: recorded, never scored. `exclusion_reason` names the rules for
    single responses that it breaks, once its session is judged.
    """

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("session_trial_id"),
        UniqueConstraint("session_id", "client_key"),
        CheckConstraint("rt_ms >= 0", name="rt_ms"),
        CheckConstraint("n_display_failures >= 0", name="n_display_failures"),
        CheckConstraint(
            "payload IS NOT NULL OR (n_display_failures > 0 AND is_right IS NULL "
            "AND accepts IS NULL)",
            name="only_a_display_failure_is_empty",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(
        ForeignKey("session.id", ondelete="CASCADE")
    )
    session_trial_id: Mapped[int] = mapped_column(
        ForeignKey("session_trial.id", ondelete="CASCADE")
    )
    client_key: Mapped[str]
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    rt_ms: Mapped[float | None]
    is_right: Mapped[bool | None]
    accepts: Mapped[bool | None]
    n_display_failures: Mapped[int] = mapped_column(default=0)
    context: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime]
    wall_ms: Mapped[float | None]
    visible_ms: Mapped[float | None]
    all_shown_ms: Mapped[float | None]
    exposure_frames: Mapped[int | None]
    missed_frames: Mapped[int | None]
    dropped_frames: Mapped[int | None]
    exclusion_reason: Mapped[str | None]


class DisplayEvent(Base):
    """Something the browser saw happen while a trial was shown.

    `at_ms` counts from the page's own clock; `details` holds what else came.
    """

    __tablename__ = "display_event"
    __table_args__ = (UniqueConstraint("response_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(
        ForeignKey("response.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    kind: Mapped[str]
    at_ms: Mapped[float | None]
    slot: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class SurveyResponse(Base):
    """One field of the exit survey; `session_id` is the block just done."""

    __tablename__ = "survey_response"
    __table_args__ = (UniqueConstraint("session_id", "field"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(
        ForeignKey("session.id", ondelete="CASCADE")
    )
    field: Mapped[str]
    value: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
