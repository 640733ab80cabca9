"""What workers do with HITs: look, accept, return, submit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from study_server.database.engine import Transaction
from study_server.marketplace.errors import WorkerError
from study_server.marketplace.fault_injection import Faults
from study_server.marketplace.ids import new_id
from study_server.marketplace.notifications import announce
from study_server.marketplace.questions.answers import write_answers
from study_server.marketplace.store import assignments, hits, workers
from study_server.marketplace.store.tables import Assignment, Hit, Worker
from study_server.marketplace.work.qualification_requirements import access_of
from study_server.marketplace.work.review_policies import (
    review_assignment,
    settle_and_review,
)

PREVIEW_LASTS: Final = timedelta(seconds=60)
MAX_ANSWER_BYTES: Final = 1_000_000


def accept(
    tx: Transaction, hit: Hit, worker: Worker, *, at: datetime, faults: Faults
) -> Assignment:
    """Take a HIT; taking it a second time gives the same assignment.

    Raises:
        WorkerError: With why this worker cannot take it now.
    """
    hit = hits.locked(tx, hit.id)
    held = assignments.held_by(tx, hit.id, worker_id=worker.id)
    if held is not None:
        if held.status == "Accepted":
            return held
        raise WorkerError("you have done this HIT already")
    _check_may_accept(tx, hit, worker)
    assignment = _new_assignment(tx, hit, worker, at=at, faults=faults)
    assignments.add(tx, assignment)
    hit.n_pending += 1
    hits.stop_seeing(tx, hit.id, worker_id=worker.id)
    settle_and_review(tx, hit, at=at)
    announce(tx, "AssignmentAccepted", hit=hit, at=at, assignment=assignment)
    return assignment


def give_back(tx: Transaction, assignment: Assignment, *, at: datetime) -> None:
    """Return an assignment unfinished.

    Raises:
        WorkerError: If it is not accepted any more.
    """
    assignment = _locked(tx, assignment)
    if assignment.status != "Accepted":
        raise WorkerError(f"this assignment is {assignment.status.lower()} already")
    _end(tx, assignment, "Returned", at)


def abandon(tx: Transaction, assignment: Assignment, *, at: datetime) -> None:
    """End an assignment whose time to finish is over."""
    if assignment.status == "Accepted":
        _end(tx, assignment, "Abandoned", at)


def submit(
    tx: Transaction,
    assignment: Assignment,
    answer: str,
    *,
    at: datetime,
    faults: Faults,
) -> None:
    """Hand in the answers.

    Args:
        tx: A transaction.
        assignment: What was accepted.
        answer: A QuestionFormAnswers document.
        at: The time it is.
        faults: Whether a late submission is taken after all.

    Raises:
        WorkerError: If it is too late, or was handed in before.
    """
    assignment = _locked(tx, assignment)
    hit = assignment.hit
    if assignment.status == "Accepted" and at <= assignment.deadline_at:
        hit.n_pending -= 1
    elif not _is_let_in_late(tx, assignment, faults):
        raise WorkerError(_too_late(assignment))
    assignment.status = "Submitted"
    assignment.submitted_at = at
    assignment.auto_approve_at = at + timedelta(
        seconds=hit.hit_type.auto_approval_delay_s
    )
    assignment.answer = answer
    hit.n_submitted += 1
    assignment.worker.n_submitted += 1
    announce(tx, "AssignmentSubmitted", hit=hit, at=at, assignment=assignment)
    review_assignment(tx, assignment, at=at)
    settle_and_review(tx, hit, at=at, is_strict=False)


def answers_of_form(fields: Iterable[tuple[str, str]]) -> str:
    """What a form sent, as a document; the assignment's id is not part of it.

    Raises:
        WorkerError: If there is nothing beside the assignment's id, or too much.
    """
    kept = [(name, value) for name, value in fields if name != "assignmentId"]
    if not any(name for name, _ in kept):
        raise WorkerError(
            "the form sent nothing but assignmentId: at least one more field is needed"
        )
    answer = write_answers(kept)
    if len(answer) > MAX_ANSWER_BYTES:
        raise WorkerError(
            f"the answers are {len(answer)} bytes long; at most {MAX_ANSWER_BYTES} "
            "are taken"
        )
    return answer


def preview(tx: Transaction, hit: Hit, worker: Worker | None, *, at: datetime) -> None:
    """Look at a HIT without taking it; counts as pending for a minute.

    Raises:
        WorkerError: If this worker may not see it.
    """
    access = access_of(tx, hit.hit_type, worker)
    if not access.may_preview:
        raise WorkerError(
            f"this HIT is shown to qualified workers only: {'; '.join(access.unmet)}"
        )
    if worker is not None:
        hits.see(tx, hit.id, worker_id=worker.id, until=at + PREVIEW_LASTS)


def _check_may_accept(tx: Transaction, hit: Hit, worker: Worker) -> None:
    if hit.status != "Assignable":
        raise WorkerError("there are no more assignments of this HIT")
    block = workers.find_block(tx, requester_id=hit.requester_id, worker_id=worker.id)
    if block is not None:
        raise WorkerError("this requester does not let you work on their HITs")
    access = access_of(tx, hit.hit_type, worker)
    if not access.may_accept:
        raise WorkerError(
            f"you lack a Qualification for this HIT: {'; '.join(access.unmet)}"
        )


def _new_assignment(
    tx: Transaction, hit: Hit, worker: Worker, *, at: datetime, faults: Faults
) -> Assignment:
    used = assignments.reusable_id(tx, hit.id)
    is_used = used is not None and faults.strikes("id_reuse_rate")
    public_id = used if used is not None and is_used else new_id()
    return Assignment(
        public_id=public_id,
        attempt=assignments.next_attempt(tx, public_id),
        hit=hit,
        worker=worker,
        status="Accepted",
        accepted_at=at,
        deadline_at=at + timedelta(seconds=hit.hit_type.assignment_duration_s),
    )


def _locked(tx: Transaction, assignment: Assignment) -> Assignment:
    hits.locked(tx, assignment.hit_id)
    return assignments.refreshed(tx, assignment.id)


def _end(tx: Transaction, assignment: Assignment, status: str, at: datetime) -> None:
    assignment.status = status
    assignment.hit.n_pending -= 1
    announce(
        tx, f"Assignment{status}", hit=assignment.hit, at=at, assignment=assignment
    )
    settle_and_review(tx, assignment.hit, at=at, is_strict=False)


def _is_let_in_late(tx: Transaction, assignment: Assignment, faults: Faults) -> bool:
    """Whether an abandoned assignment may be handed in after all: a fault."""
    if assignment.status != "Abandoned" or not faults.strikes("late_rate"):
        return False
    is_taken = assignments.live(tx, assignment.public_id) is not None
    again = assignments.held_by(tx, assignment.hit_id, worker_id=assignment.worker_id)
    return not is_taken and again is None and assignment.hit.status != "Disposed"


def _too_late(assignment: Assignment) -> str:
    if assignment.status in ("Submitted", "Approved", "Rejected"):
        return "these answers were handed in before"
    if assignment.status == "Returned":
        return "this assignment was returned"
    return "the time for this assignment is over"
