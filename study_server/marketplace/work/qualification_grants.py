"""Granting Qualifications: by a requester, by a request, by a test."""

from __future__ import annotations

from datetime import datetime, timedelta

from study_server.database.engine import Transaction
from study_server.marketplace.errors import WorkerError
from study_server.marketplace.ids import new_id
from study_server.marketplace.questions.answer_keys import score_test
from study_server.marketplace.store import qualifications, workers
from study_server.marketplace.store.tables import (
    Qualification,
    QualificationRequest,
    QualificationType,
    Worker,
    WorkerMessage,
)


def grant(
    tx: Transaction,
    kind: QualificationType,
    worker: Worker,
    *,
    value: int | None,
    at: datetime,
    is_told: bool,
) -> None:
    """Give a worker a Qualification, or another score; 1 where none is given."""
    value = 1 if value is None else value
    found = qualifications.find_grant(tx, type_id=kind.id, worker_id=worker.id)
    if found is None:
        found = Qualification(
            kind=kind, worker=worker, value=value, status="Granted", granted_at=at
        )
        qualifications.add_grant(tx, found)
    found.value, found.status, found.granted_at = value, "Granted", at
    if is_told:
        _tell(tx, found, at)


def ask_for(
    tx: Transaction, kind: QualificationType, worker: Worker, *, at: datetime
) -> QualificationRequest:
    """Begin a request; one without a test is handed in at once.

    Raises:
        WorkerError: If this worker cannot ask (again, yet).
    """
    last = qualifications.last_request(tx, type_id=kind.id, worker_id=worker.id)
    if last is not None and last.status == "Started" and not _is_over(last, kind, at):
        return last
    _check_may_ask(kind, last, at)
    request = QualificationRequest(
        public_id=new_id(),
        kind=kind,
        worker=worker,
        status="Started",
        test=kind.test,
        requested_at=at,
    )
    qualifications.add_request(tx, request)
    if kind.test is None:
        hand_in(tx, request, answer=None, at=at)
    return request


def hand_in(
    tx: Transaction, request: QualificationRequest, *, answer: str | None, at: datetime
) -> None:
    """Hand in a request, with the test's answers where it has one.

    Types that are granted automatically, and tests with an answer key, are
    decided at once; the rest waits for the requester.

    Raises:
        WorkerError: If it was handed in before, or the time is over.
    """
    kind = request.kind
    if request.status != "Started":
        raise WorkerError("this request was handed in before")
    if kind.test is not None and _is_over(request, kind, at):
        raise WorkerError("the time for this test is over")
    request.status, request.submitted_at, request.answer = "Submitted", at, answer
    if kind.is_auto_granted:
        accept(tx, request, value=kind.auto_granted_value, at=at)
    elif kind.answer_key is not None and answer is not None:
        accept(tx, request, value=score_test(kind.answer_key, answer), at=at)


def accept(
    tx: Transaction, request: QualificationRequest, *, value: int | None, at: datetime
) -> None:
    """Grant what was asked for."""
    request.status, request.decided_at = "Granted", at
    grant(tx, request.kind, request.worker, value=value, at=at, is_told=True)


def _tell(tx: Transaction, granted: Qualification, at: datetime) -> None:
    notice = WorkerMessage(
        worker_id=granted.worker.id,
        requester_id=granted.kind.requester_id,
        subject=f"You were granted the Qualification {granted.kind.name!r}",
        text=f"Your score is {granted.value}.",
        sent_at=at,
    )
    workers.send_notice(tx, notice)


def _check_may_ask(
    kind: QualificationType, last: QualificationRequest | None, at: datetime
) -> None:
    if not kind.is_requestable or kind.status != "Active" or kind.deleted_at:
        raise WorkerError("this Qualification cannot be requested")
    if last is None:
        return
    if last.status == "Submitted":
        raise WorkerError(
            "you have asked for this Qualification; wait for the decision"
        )
    if kind.retry_delay_s is None:
        raise WorkerError("this Qualification can be requested once only")
    again_at = last.requested_at + timedelta(seconds=kind.retry_delay_s)
    if at < again_at:
        raise WorkerError(
            "you can ask for this Qualification again from "
            f"{again_at.strftime('%Y-%m-%d %H:%M')} UTC"
        )


def _is_over(
    request: QualificationRequest, kind: QualificationType, at: datetime
) -> bool:
    if kind.test_duration_s is None:
        return False
    return at > request.requested_at + timedelta(seconds=kind.test_duration_s)
