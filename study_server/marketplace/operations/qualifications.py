"""Qualifications: granted, revoked, looked up."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.errors import RequestError, wrong_state
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import (
    own_qualification_type,
    page_size,
    some_worker,
)
from study_server.marketplace.protocol.paging import read_token, write_page
from study_server.marketplace.protocol.parameter_limits import check_limits
from study_server.marketplace.protocol.structures import qualification_structure
from study_server.marketplace.store import qualifications, workers
from study_server.marketplace.store.tables import Qualification, WorkerMessage
from study_server.marketplace.work.qualification_grants import grant


def associate_qualification_with_worker(call: ApiCall, request: dict[str, Any]) -> None:
    """Give a worker a Qualification, or another score."""
    kind = own_qualification_type(call, request["QualificationTypeId"])
    worker = some_worker(call, request["WorkerId"])
    grant(
        call.tx,
        kind,
        worker,
        value=request.get("IntegerValue"),
        at=call.now,
        is_told=request.get("SendNotification", True),
    )


def disassociate_qualification_from_worker(
    call: ApiCall, request: dict[str, Any]
) -> None:
    """Take a Qualification away."""
    check_limits(request)
    found = _grant_of(call, request)
    if found.status != "Granted":
        raise wrong_state(
            "Qualification", found.status, allowed="Granted", rule="granted"
        )
    found.status = "Revoked"
    notice = WorkerMessage(
        worker_id=found.worker_id,
        requester_id=call.requester.id,
        subject=f"Your Qualification {found.kind.name!r} was revoked",
        text=request.get("Reason", ""),
        sent_at=call.now,
    )
    workers.send_notice(call.tx, notice)


def get_qualification_score(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A worker's Qualification with its score."""
    found = _grant_of(call, request)
    if found.status != "Granted":
        raise wrong_state(
            "Qualification", found.status, allowed="Granted", rule="score-of-granted"
        )
    return {"Qualification": qualification_structure(found)}


def list_workers_with_qualification_type(
    call: ApiCall, request: dict[str, Any]
) -> dict[str, Any]:
    """Everybody who was granted a Qualification, or had it revoked."""
    kind = own_qualification_type(call, request["QualificationTypeId"])
    page = qualifications.list_grants(
        call.tx,
        type_id=kind.id,
        status=request.get("Status", "Granted"),
        after=read_token(request, of="ListWorkersWithQualificationType"),
        limit=page_size(request, 10),
    )
    return write_page(
        page,
        key="Qualifications",
        show=qualification_structure,
        request=request,
        of="ListWorkersWithQualificationType",
    )


def _grant_of(call: ApiCall, request: dict[str, Any]) -> Qualification:
    kind = own_qualification_type(call, request["QualificationTypeId"])
    worker = workers.by_public_id(call.tx, request["WorkerId"])
    found = worker and qualifications.find_grant(
        call.tx, type_id=kind.id, worker_id=worker.id
    )
    if not found:
        raise RequestError(
            "QualificationDoesNotExist",
            f"You requested a Qualification that does not exist. Worker "
            f"{request['WorkerId']} was never granted {kind.public_id}.",
            rule="score-of-granted",
        )
    return found


OPERATIONS: Final = {
    "AssociateQualificationWithWorker": associate_qualification_with_worker,
    "DisassociateQualificationFromWorker": disassociate_qualification_from_worker,
    "GetQualificationScore": get_qualification_score,
    "ListWorkersWithQualificationType": list_workers_with_qualification_type,
}
