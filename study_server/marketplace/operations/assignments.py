"""Assignments: listed, approved, rejected."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.errors import RequestError, wrong_state
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import (
    own_assignment,
    own_assignment_to_change,
    own_hit,
    page_size,
)
from study_server.marketplace.protocol.paging import read_token, write_page
from study_server.marketplace.protocol.parameter_limits import check_limits
from study_server.marketplace.protocol.structures import (
    assignment_structure,
    hit_structure,
)
from study_server.marketplace.store import assignments
from study_server.marketplace.work import assignment_decisions

_SHOWN: Final = ("Submitted", "Approved", "Rejected")


def get_assignment(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A submitted assignment and its HIT."""
    found = own_assignment(call, request["AssignmentId"])
    if found.status not in _SHOWN:
        raise wrong_state(
            "Assignment",
            found.status,
            allowed="Reviewable,Approved,Rejected",
            rule="see-submitted",
        )
    return {
        "Assignment": assignment_structure(found),
        "HIT": hit_structure(call.tx, found.hit, at=call.now),
    }


def list_assignments_for_hit(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A HIT's submitted assignments, the first submitted first."""
    hit = own_hit(call, request["HITId"])
    page = assignments.list_of_hit(
        call.tx,
        hit.id,
        statuses=request.get("AssignmentStatuses") or _SHOWN,
        after=read_token(request, of="ListAssignmentsForHIT"),
        limit=page_size(request, 10),
    )
    return write_page(
        page,
        key="Assignments",
        show=assignment_structure,
        request=request,
        of="ListAssignmentsForHIT",
    )


def approve_assignment(call: ApiCall, request: dict[str, Any]) -> None:
    """Approve, and pay reward and fee."""
    check_limits(request)
    assignment_decisions.approve(
        call.tx,
        own_assignment_to_change(call, request["AssignmentId"]),
        at=call.now,
        feedback=request.get("RequesterFeedback"),
        is_override=request.get("OverrideRejection", False),
    )


def reject_assignment(call: ApiCall, request: dict[str, Any]) -> None:
    """Reject, with words for the worker; scripts that have none send an empty text."""
    check_limits(request)
    assignment_decisions.reject(
        call.tx,
        own_assignment_to_change(call, request["AssignmentId"]),
        at=call.now,
        feedback=request["RequesterFeedback"],
    )


def get_file_upload_url(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """Refused: no HIT can ask for files."""
    own_assignment(call, request["AssignmentId"])
    raise RequestError(
        "QuestionDoesNotExist",
        f"There is no FileUploadAnswer question {request['QuestionIdentifier']!r}: "
        "FileUploadAnswer was taken out of the API in December 2017.",
        rule="no-files",
    )


OPERATIONS: Final = {
    "GetAssignment": get_assignment,
    "ListAssignmentsForHIT": list_assignments_for_hit,
    "ApproveAssignment": approve_assignment,
    "RejectAssignment": reject_assignment,
    "GetFileUploadURL": get_file_upload_url,
}
