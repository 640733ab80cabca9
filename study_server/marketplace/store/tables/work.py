"""Tables of the work: HIT types, HITs, assignments, bonuses."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from study_server.marketplace.store.tables.base import Cents, MarketplaceBase, one_of
from study_server.marketplace.store.tables.people import Worker

HIT_STATES: Final = (
    "Assignable",
    "Unassignable",
    "Reviewable",
    "Reviewing",
    "Disposed",
)
REVIEW_STATES: Final = (
    "NotReviewed",
    "MarkedForReview",
    "ReviewedAppropriate",
    "ReviewedInappropriate",
)
ASSIGNMENT_STATES: Final = (
    "Accepted",
    "Submitted",
    "Approved",
    "Rejected",
    "Returned",
    "Abandoned",
)
_IS_THERE: Final = text("status <> 'Disposed'")
_IS_RUNNING: Final = text("NOT is_expired")
_IS_ACCEPTED: Final = text("status = 'Accepted'")
_IS_SUBMITTED: Final = text("status = 'Submitted'")
_COUNTS: Final = text("status NOT IN ('Returned', 'Abandoned')")


class HitType(MarketplaceBase):
    """What HITs have in common; the same properties are the same type.

    `digest` is a hash of the properties; `requirements` are QualificationRequirement
    structures as they were given.
    """

    __tablename__ = "market_hit_type"
    __table_args__ = (
        UniqueConstraint("requester_id", "digest"),
        CheckConstraint("reward_cents >= 0", name="reward_cents"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    group_id: Mapped[str] = mapped_column(unique=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE")
    )
    digest: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    keywords: Mapped[str]
    reward_cents: Mapped[int] = mapped_column(Cents)
    auto_approval_delay_s: Mapped[int]
    assignment_duration_s: Mapped[int]
    requirements: Mapped[list[dict[str, Any]]]
    is_for_masters: Mapped[bool]
    notification: Mapped[dict[str, Any] | None]
    is_notifying: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class HitTypeQualification(MarketplaceBase):
    """A Qualification type that a HIT type asks for."""

    __tablename__ = "market_hit_type_qualification"
    qualification_type_id: Mapped[str] = mapped_column(primary_key=True)
    hit_type_id: Mapped[int] = mapped_column(
        ForeignKey("market_hit_type.id", ondelete="CASCADE"), primary_key=True
    )


class Hit(MarketplaceBase):
    """A HIT with the counters that decide its status.

    `n_pending` are accepted and not yet submitted, `n_submitted` wait for a
    decision, `n_decided` were approved or rejected. `held_cents` is what is kept
    back for assignments that may still have to be paid. `dispose_at` is set while
    the HIT can be reviewed.
    """

    __tablename__ = "market_hit"
    __table_args__ = (
        CheckConstraint(one_of("status", HIT_STATES), name="status"),
        CheckConstraint(one_of("review_status", REVIEW_STATES), name="review_status"),
        CheckConstraint("max_assignments >= 1", name="max_assignments"),
        CheckConstraint("n_pending >= 0", name="n_pending"),
        CheckConstraint("n_submitted >= 0", name="n_submitted"),
        CheckConstraint("n_decided >= 0", name="n_decided"),
        CheckConstraint("held_cents >= 0", name="held_cents"),
        # Lists walk the key downwards from the last one seen: no OFFSET anywhere.
        Index(
            "ix_market_hit_list",
            "requester_id",
            "id",
            sqlite_where=_IS_THERE,
            postgresql_where=_IS_THERE,
        ),
        Index("ix_market_hit_status", "requester_id", "status", "id"),
        Index("ix_market_hit_open", "status", "hit_type_id", "id"),
        Index(
            "ix_market_hit_expires_at",
            "expires_at",
            sqlite_where=_IS_RUNNING,
            postgresql_where=_IS_RUNNING,
        ),
        Index(
            "ix_market_hit_dispose_at",
            "dispose_at",
            sqlite_where=_IS_THERE,
            postgresql_where=_IS_THERE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE")
    )
    hit_type_id: Mapped[int] = mapped_column(
        ForeignKey("market_hit_type.id", ondelete="CASCADE"), index=True
    )
    question: Mapped[str] = mapped_column(Text)
    question_kind: Mapped[str]
    annotation: Mapped[str | None]
    max_assignments: Mapped[int]
    n_at_creation: Mapped[int]
    n_pending: Mapped[int] = mapped_column(default=0)
    n_submitted: Mapped[int] = mapped_column(default=0)
    n_decided: Mapped[int] = mapped_column(default=0)
    held_cents: Mapped[int] = mapped_column(Cents, default=0)
    status: Mapped[str]
    review_status: Mapped[str] = mapped_column(default="NotReviewed")
    is_expired: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]
    dispose_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    assignment_review_policy: Mapped[dict[str, Any] | None]
    hit_review_policy: Mapped[dict[str, Any] | None]
    hit_type: Mapped[HitType] = relationship(lazy="joined", innerjoin=True)

    @property
    def n_available(self) -> int:
        """How many more assignments can be accepted before it is full."""
        taken = self.n_pending + self.n_submitted + self.n_decided
        return max(0, self.max_assignments - taken)


class Assignment(MarketplaceBase):
    """One worker's go at a HIT.

    `public_id` names one live assignment only, but a returned one's may be given
    out again; `attempt` counts how often it has been.
    """

    __tablename__ = "market_assignment"
    __table_args__ = (
        UniqueConstraint("public_id", "attempt"),
        CheckConstraint(one_of("status", ASSIGNMENT_STATES), name="status"),
        CheckConstraint("attempt >= 1", name="attempt"),
        Index(
            "uq_market_assignment_one_live",
            "public_id",
            unique=True,
            sqlite_where=_COUNTS,
            postgresql_where=_COUNTS,
        ),
        Index(
            "uq_market_assignment_one_each",
            "hit_id",
            "worker_id",
            unique=True,
            sqlite_where=_COUNTS,
            postgresql_where=_COUNTS,
        ),
        Index("ix_market_assignment_list", "hit_id", "submitted_at", "id"),
        Index("ix_market_assignment_worker_id", "worker_id", "id"),
        Index(
            "ix_market_assignment_deadline_at",
            "deadline_at",
            sqlite_where=_IS_ACCEPTED,
            postgresql_where=_IS_ACCEPTED,
        ),
        Index(
            "ix_market_assignment_auto_approve_at",
            "auto_approve_at",
            sqlite_where=_IS_SUBMITTED,
            postgresql_where=_IS_SUBMITTED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=1)
    hit_id: Mapped[int] = mapped_column(ForeignKey("market_hit.id", ondelete="CASCADE"))
    worker_id: Mapped[int] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE")
    )
    status: Mapped[str]
    accepted_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    auto_approve_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    feedback: Mapped[str | None] = mapped_column(Text)
    paid_cents: Mapped[int] = mapped_column(Cents, default=0)
    fee_cents: Mapped[int] = mapped_column(Cents, default=0)
    hit: Mapped[Hit] = relationship(lazy="joined", innerjoin=True)
    worker: Mapped[Worker] = relationship(lazy="joined", innerjoin=True)


class Bonus(MarketplaceBase):
    """Money paid on top of an assignment's reward."""

    __tablename__ = "market_bonus"
    __table_args__ = (
        CheckConstraint("bonus_cents > 0", name="bonus_cents"),
        Index("ix_market_bonus_hit_id", "hit_id", "id"),
        Index("ix_market_bonus_assignment_id", "assignment_id", "id"),
        Index("ix_market_bonus_worker_id", "worker_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("market_requester.id", ondelete="CASCADE"), index=True
    )
    worker_id: Mapped[int] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE")
    )
    assignment_id: Mapped[int] = mapped_column(
        ForeignKey("market_assignment.id", ondelete="CASCADE")
    )
    hit_id: Mapped[int] = mapped_column(ForeignKey("market_hit.id", ondelete="CASCADE"))
    bonus_cents: Mapped[int] = mapped_column(Cents)
    fee_cents: Mapped[int] = mapped_column(Cents)
    reason: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime]
    assignment: Mapped[Assignment] = relationship(lazy="joined", innerjoin=True)


class HitPreview(MarketplaceBase):
    """A worker looking at a HIT without having accepted it, for a while."""

    __tablename__ = "market_preview"
    hit_id: Mapped[int] = mapped_column(
        ForeignKey("market_hit.id", ondelete="CASCADE"), primary_key=True
    )
    worker_id: Mapped[int] = mapped_column(
        ForeignKey("market_worker.id", ondelete="CASCADE"), primary_key=True
    )
    ends_at: Mapped[datetime]
