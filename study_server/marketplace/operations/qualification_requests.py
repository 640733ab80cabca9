"""Workers' requests for Qualifications: listed, granted, rejected."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.errors import does_not_exist, wrong_state
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import own_qualification_type, page_size
from study_server.marketplace.protocol.paging import read_token, write_page
from study_server.marketplace.protocol.parameter_limits import check_limits
from study_server.marketplace.protocol.structures import request_structure
from study_server.marketplace.store import qualifications, workers
from study_server.marketplace.store.tables import QualificationRequest, WorkerMessage
from study_server.marketplace.work import qualification_grants


def list_qualification_requests(
    call: ApiCall, request: dict[str, Any]
) -> dict[str, Any]:
    """Requests that wait for a decision."""
    type_id = request.get("QualificationTypeId")
    kind = None if type_id is None else own_qualification_type(call, type_id)
    page = qualifications.list_requests(
        call.tx,
        type_id=None if kind is None else kind.id,
        requester_id=call.requester.id,
        after=read_token(request, of="ListQualificationRequests"),
        limit=page_size(request, 10),
    )
    return write_page(
        page,
        key="QualificationRequests",
        show=request_structure,
        request=request,
        of="ListQualificationRequests",
    )


def accept_qualification_request(call: ApiCall, request: dict[str, Any]) -> None:
    """Grant what a worker asked for."""
    found = _own_request(call, request["QualificationRequestId"])
    qualification_grants.accept(
        call.tx, found, value=request.get("IntegerValue"), at=call.now
    )


def reject_qualification_request(call: ApiCall, request: dict[str, Any]) -> None:
    """Refuse what a worker asked for."""
    check_limits(request)
    found = _own_request(call, request["QualificationRequestId"])
    found.status, found.decided_at = "Rejected", call.now
    found.reason = request.get("Reason")
    notice = WorkerMessage(
        worker_id=found.worker_id,
        requester_id=call.requester.id,
        subject=f"Your request for {found.kind.name!r} was rejected",
        text=found.reason or "",
        sent_at=call.now,
    )
    workers.send_notice(call.tx, notice)


def _own_request(call: ApiCall, public_id: str) -> QualificationRequest:
    found = qualifications.find_request(call.tx, public_id)
    if found is None or found.kind.requester_id != call.requester.id:
        raise does_not_exist("QualificationRequest", public_id, rule="own-request")
    if found.status != "Submitted":
        raise wrong_state(
            "QualificationRequest",
            found.status,
            allowed="Submitted",
            rule="request-pending",
        )
    return found


OPERATIONS: Final = {
    "ListQualificationRequests": list_qualification_requests,
    "AcceptQualificationRequest": accept_qualification_request,
    "RejectQualificationRequest": reject_qualification_request,
}
