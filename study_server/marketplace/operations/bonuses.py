"""Bonuses: paid and listed."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.errors import RequestError
from study_server.marketplace.money import bonus_fee_cents
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol import request_tokens
from study_server.marketplace.protocol.lookup import (
    lock_account,
    own_assignment,
    own_hit,
    page_size,
)
from study_server.marketplace.protocol.paging import read_token, write_page
from study_server.marketplace.protocol.parameter_limits import check_limits, read_amount
from study_server.marketplace.protocol.structures import bonus_structure
from study_server.marketplace.store import assignments, workers
from study_server.marketplace.store.tables import Assignment, Bonus, WorkerMessage
from study_server.marketplace.work.hit_settlement import pay


def send_bonus(call: ApiCall, request: dict[str, Any]) -> None:
    """Pay a worker more, once per token."""
    lock_account(call)
    if request_tokens.outcome_before(call, request, purpose="SendBonus") is not None:
        raise RequestError(
            "DuplicateRequest",
            f'The idempotency token "{request["UniqueRequestToken"]}" has already been '
            "processed.",
            rule="bonus-token",
        )
    check_limits(request)
    bonus_cents = _amount(request)
    assignment = _assignment_of(call, request)
    _pay(call, assignment, bonus_cents, reason=request["Reason"])
    request_tokens.remember(call, request, purpose="SendBonus", outcome=call.request_id)
    _tell(call, assignment, request)


def list_bonus_payments(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """The bonuses of a HIT or of an assignment."""
    hit_id = assignment_ids = None
    if "AssignmentId" in request:
        own_assignment(call, request["AssignmentId"])
        assignment_ids = assignments.ids_with(call.tx, request["AssignmentId"])
    if "HITId" in request:
        hit_id = own_hit(call, request["HITId"]).id
    if hit_id is None and assignment_ids is None:
        raise RequestError(
            "ParameterValidationError",
            "Either HITId or AssignmentId must be given.",
            rule="bonuses-of",
        )
    page = assignments.list_bonuses(
        call.tx,
        hit_id=hit_id,
        assignment_ids=assignment_ids,
        after=read_token(request, of="ListBonusPayments"),
        limit=page_size(request, 10),
    )
    return write_page(
        page,
        key="BonusPayments",
        show=bonus_structure,
        request=request,
        of="ListBonusPayments",
    )


def _pay(
    call: ApiCall, assignment: Assignment, bonus_cents: int, *, reason: str
) -> None:
    fee_cents = bonus_fee_cents(bonus_cents)
    pay(call.requester, bonus_cents + fee_cents)
    assignment.worker.earned_cents += bonus_cents
    bonus = Bonus(
        requester_id=call.requester.id,
        worker_id=assignment.worker_id,
        assignment=assignment,
        hit_id=assignment.hit_id,
        bonus_cents=bonus_cents,
        fee_cents=fee_cents,
        reason=reason,
        granted_at=call.now,
    )
    assignments.add_bonus(call.tx, bonus)


def _amount(request: dict[str, Any]) -> int:
    cents = read_amount(request, "BonusAmount")
    if cents == 0:
        raise RequestError(
            "ParameterValidationError",
            "BonusAmount: expected more than 0",
            rule="bonus-above-zero",
        )
    if not request["Reason"].strip():
        raise RequestError(
            "ParameterValidationError",
            "Reason is empty: the worker is shown it",
            rule="bonus-reason",
        )
    return cents


def _assignment_of(call: ApiCall, request: dict[str, Any]) -> Assignment:
    """The assignment, which must be this worker's: ids of returned ones are reused."""
    assignment = own_assignment(call, request["AssignmentId"])
    if assignment.worker.public_id != request["WorkerId"]:
        raise RequestError(
            "InvalidAssignmentState",
            f"Assignment {request['AssignmentId']} does not belong to worker "
            f"{request['WorkerId']}.",
            rule="bonus-to-its-worker",
        )
    return assignment


def _tell(call: ApiCall, assignment: Assignment, request: dict[str, Any]) -> None:
    notice = WorkerMessage(
        worker_id=assignment.worker_id,
        requester_id=call.requester.id,
        subject=f"A bonus of ${request['BonusAmount']}",
        text=request["Reason"],
        sent_at=call.now,
    )
    workers.send_notice(call.tx, notice)


OPERATIONS: Final = {
    "SendBonus": send_bonus,
    "ListBonusPayments": list_bonus_payments,
}
