"""Approving and rejecting work, and what both do to money."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from study_server.database.engine import Transaction
from study_server.marketplace.errors import RequestError, wrong_state
from study_server.marketplace.notifications import announce
from study_server.marketplace.store import requesters
from study_server.marketplace.store.tables import Assignment
from study_server.marketplace.work.hit_settlement import fee_cents, hold, pay

OVERRIDE_WITHIN: Final = timedelta(days=30)


def approve(
    tx: Transaction,
    assignment: Assignment,
    *,
    at: datetime,
    feedback: str | None = None,
    is_override: bool = False,
) -> None:
    """Approve submitted work and pay for it.

    Args:
        tx: A transaction that holds the requester's lock.
        assignment: What was submitted.
        at: The time it is.
        feedback: Shown to the worker.
        is_override: Whether rejected work may be approved, too.

    Raises:
        RequestError: If it is not in a state to be approved, or money is short.
    """
    if assignment.status == "Rejected" and is_override:
        _take_back_rejection(assignment, at)
    elif assignment.status == "Submitted":
        assignment.hit.n_submitted -= 1
        assignment.hit.n_decided += 1
    else:
        raise wrong_state(
            "Assignment",
            assignment.status,
            allowed="Submitted, Rejected" if is_override else "Submitted",
            rule="decide-submitted",
        )
    _pay(tx, assignment)
    assignment.status = "Approved"
    assignment.approved_at = at
    if feedback is not None:
        assignment.feedback = feedback
    assignment.worker.n_approved += 1
    announce(tx, "AssignmentApproved", hit=assignment.hit, at=at, assignment=assignment)


def reject(
    tx: Transaction, assignment: Assignment, *, at: datetime, feedback: str
) -> None:
    """Reject submitted work; the money held for it is free again.

    Raises:
        RequestError: If it is not in a state to be rejected.
    """
    if assignment.status != "Submitted":
        raise wrong_state(
            "Assignment",
            assignment.status,
            allowed="Submitted",
            rule="decide-submitted",
        )
    assignment.hit.n_submitted -= 1
    assignment.hit.n_decided += 1
    assignment.status = "Rejected"
    assignment.rejected_at = at
    assignment.feedback = feedback
    assignment.worker.n_rejected += 1
    hold(tx, assignment.hit, is_strict=False)
    announce(tx, "AssignmentRejected", hit=assignment.hit, at=at, assignment=assignment)


def _take_back_rejection(assignment: Assignment, at: datetime) -> None:
    submitted_at = assignment.submitted_at
    if assignment.hit.status == "Disposed":
        raise wrong_state(
            "HIT",
            "Disposed",
            allowed="Reviewable, Reviewing",
            rule="override-while-there",
        )
    if submitted_at is None or at - submitted_at > OVERRIDE_WITHIN:
        raise RequestError(
            "InvalidAssignmentState",
            f"This Assignment was submitted more than {OVERRIDE_WITHIN.days} days ago; "
            "its rejection can no longer be overridden.",
            rule="override-in-time",
        )
    assignment.worker.n_rejected -= 1


def _pay(tx: Transaction, assignment: Assignment) -> None:
    hit = assignment.hit
    requester = requesters.lock(tx, hit.requester_id)
    # What was held for this assignment is free first, so it pays for itself.
    hold(tx, hit, is_strict=False)
    reward, fee = hit.hit_type.reward_cents, fee_cents(hit)
    pay(requester, reward + fee)
    assignment.paid_cents, assignment.fee_cents = reward, fee
    assignment.worker.earned_cents += reward
