"""Rows as the structures of the service model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from study_server.database.engine import Transaction
from study_server.marketplace.money import write_cents
from study_server.marketplace.store import hits
from study_server.marketplace.store.tables import (
    Assignment,
    Bonus,
    Hit,
    Qualification,
    QualificationRequest,
    QualificationType,
    WorkerBlock,
)

Structure = dict[str, Any]


def hit_structures(
    tx: Transaction, rows: Iterable[Hit], *, at: datetime
) -> list[Structure]:
    """HITs; whoever is looking at one counts as pending."""
    rows = list(rows)
    n_looking = hits.count_previews(tx, [hit.id for hit in rows], at=at)
    return [_hit(hit, n_looking) for hit in rows]


def hit_structure(tx: Transaction, hit: Hit, *, at: datetime) -> Structure:
    """One HIT."""
    return hit_structures(tx, [hit], at=at)[0]


def assignment_structure(assignment: Assignment) -> Structure:
    """An assignment."""
    return {
        "AssignmentId": assignment.public_id,
        "WorkerId": assignment.worker.public_id,
        "HITId": assignment.hit.public_id,
        "AssignmentStatus": assignment.status,
        "AutoApprovalTime": assignment.auto_approve_at,
        "AcceptTime": assignment.accepted_at,
        "SubmitTime": assignment.submitted_at,
        "ApprovalTime": assignment.approved_at,
        "RejectionTime": assignment.rejected_at,
        "Deadline": assignment.deadline_at,
        "Answer": assignment.answer,
        "RequesterFeedback": assignment.feedback,
    }


def bonus_structure(bonus: Bonus) -> Structure:
    """A bonus payment."""
    return {
        "WorkerId": bonus.assignment.worker.public_id,
        "BonusAmount": write_cents(bonus.bonus_cents),
        "AssignmentId": bonus.assignment.public_id,
        "Reason": bonus.reason,
        "GrantTime": bonus.granted_at,
    }


def qualification_type_structure(kind: QualificationType) -> Structure:
    """A Qualification type."""
    return {
        "QualificationTypeId": kind.public_id,
        "CreationTime": kind.created_at,
        "Name": kind.name,
        "Description": kind.description,
        "Keywords": kind.keywords,
        "QualificationTypeStatus": kind.status,
        "Test": kind.test,
        "TestDurationInSeconds": kind.test_duration_s,
        "AnswerKey": kind.answer_key,
        "RetryDelayInSeconds": kind.retry_delay_s,
        "IsRequestable": kind.is_requestable,
        "AutoGranted": kind.is_auto_granted,
        "AutoGrantedValue": kind.auto_granted_value if kind.is_auto_granted else None,
    }


def qualification_structure(grant: Qualification) -> Structure:
    """A worker's Qualification."""
    return {
        "QualificationTypeId": grant.kind.public_id,
        "WorkerId": grant.worker.public_id,
        "GrantTime": grant.granted_at,
        "IntegerValue": grant.value,
        "Status": grant.status,
    }


def request_structure(request: QualificationRequest) -> Structure:
    """A worker's request for a Qualification."""
    return {
        "QualificationRequestId": request.public_id,
        "QualificationTypeId": request.kind.public_id,
        "WorkerId": request.worker.public_id,
        "Test": request.test,
        "Answer": request.answer,
        "SubmitTime": request.submitted_at,
    }


def block_structure(block: WorkerBlock) -> Structure:
    """A blocked worker."""
    return {"WorkerId": block.worker.public_id, "Reason": block.reason}


def _hit(hit: Hit, n_looking: Mapping[int, int]) -> Structure:
    kind = hit.hit_type
    return {
        "HITId": hit.public_id,
        "HITTypeId": kind.public_id,
        "HITGroupId": kind.group_id,
        "CreationTime": hit.created_at,
        "Title": kind.title,
        "Description": kind.description,
        "Question": hit.question,
        "Keywords": kind.keywords,
        "HITStatus": hit.status,
        "MaxAssignments": hit.max_assignments,
        "Reward": write_cents(kind.reward_cents),
        "AutoApprovalDelayInSeconds": kind.auto_approval_delay_s,
        "Expiration": hit.expires_at,
        "AssignmentDurationInSeconds": kind.assignment_duration_s,
        "RequesterAnnotation": hit.annotation,
        "QualificationRequirements": kind.requirements,
        "HITReviewStatus": hit.review_status,
        "NumberOfAssignmentsPending": hit.n_pending + n_looking.get(hit.id, 0),
        "NumberOfAssignmentsAvailable": hit.n_available,
        "NumberOfAssignmentsCompleted": hit.n_decided,
    }
