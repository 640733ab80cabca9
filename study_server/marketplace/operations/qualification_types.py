"""Qualification types: made, changed, listed, deleted."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.errors import RequestError
from study_server.marketplace.ids import new_id
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import (
    lock_account,
    own_qualification_type,
    page_size,
    qualification_type,
)
from study_server.marketplace.protocol.paging import read_token, write_page
from study_server.marketplace.protocol.parameter_limits import check_limits
from study_server.marketplace.protocol.structures import qualification_type_structure
from study_server.marketplace.questions.answer_keys import read_answer_key
from study_server.marketplace.questions.hit_questions import read_test
from study_server.marketplace.store import hits, qualifications
from study_server.marketplace.store.tables import QualificationType


def create_qualification_type(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A Qualification type; its name is new among the requester's."""
    lock_account(call)
    check_limits(request)
    _check_test(request, has_test="Test" in request)
    if qualifications.find_type_by_name(
        call.tx, call.requester.id, name=request["Name"]
    ):
        raise RequestError(
            "QualificationTypeAlreadyExists",
            "You have already created a QualificationType with this name. A "
            "QualificationType's name must be unique among all of the "
            "QualificationTypes created by the same user.",
            rule="type-name",
        )
    kind = _new_type(call, request)
    qualifications.add_type(call.tx, kind)
    return {"QualificationType": qualification_type_structure(kind)}


def get_qualification_type(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A Qualification type, anybody's; the answer key is its owner's only."""
    kind = qualification_type(call, request["QualificationTypeId"])
    return {"QualificationType": _shown(call, kind)}


def list_qualification_types(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """Qualification types whose words match."""
    is_own = request.get("MustBeOwnedByCaller", False)
    page = qualifications.list_types(
        call.tx,
        query_text=request.get("Query"),
        must_be_requestable=request["MustBeRequestable"],
        owner_id=call.requester.id if is_own else None,
        after=read_token(request, of="ListQualificationTypes"),
        limit=page_size(request, 10),
    )
    return write_page(
        page,
        key="QualificationTypes",
        show=lambda kind: _shown(call, kind),
        request=request,
        of="ListQualificationTypes",
    )


def update_qualification_type(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """Change what can be changed; a test is never taken away."""
    lock_account(call)
    check_limits(request)
    kind = own_qualification_type(call, request["QualificationTypeId"])
    has_test = kind.test is not None or "Test" in request
    _check_test(request, has_test=has_test)
    if "Test" in request:
        kind.test = request["Test"]
        kind.answer_key = request.get("AnswerKey")
        kind.test_duration_s = request["TestDurationInSeconds"]
        kind.is_auto_granted = False
    for name, column in _CHANGEABLE.items():
        if name in request:
            setattr(kind, column, request[name])
    return {"QualificationType": qualification_type_structure(kind)}


def delete_qualification_type(call: ApiCall, request: dict[str, Any]) -> None:
    """Delete a type: open requests are rejected, HIT types without HITs go with it."""
    lock_account(call)
    kind = own_qualification_type(call, request["QualificationTypeId"])
    kind.deleted_at = call.now
    kind.status = "Inactive"
    qualifications.reject_requests(call.tx, kind.id, at=call.now)
    hits.delete_unused_types_asking_for(call.tx, qualification_type_id=kind.public_id)


def _new_type(call: ApiCall, request: dict[str, Any]) -> QualificationType:
    return QualificationType(
        public_id=new_id(),
        requester_id=call.requester.id,
        name=request["Name"],
        description=request["Description"],
        keywords=request.get("Keywords"),
        status=request["QualificationTypeStatus"],
        test=request.get("Test"),
        test_duration_s=request.get("TestDurationInSeconds"),
        answer_key=request.get("AnswerKey"),
        retry_delay_s=request.get("RetryDelayInSeconds"),
        is_auto_granted=request.get("AutoGranted", False),
        auto_granted_value=request.get("AutoGrantedValue", 1),
        is_requestable=True,
        created_at=call.now,
    )


_CHANGEABLE: Final = {
    "Description": "description",
    "QualificationTypeStatus": "status",
    "RetryDelayInSeconds": "retry_delay_s",
    "AutoGranted": "is_auto_granted",
    "AutoGrantedValue": "auto_granted_value",
}


def _shown(call: ApiCall, kind: QualificationType) -> dict[str, Any]:
    shown = qualification_type_structure(kind)
    if kind.requester_id != call.requester.id:
        shown["AnswerKey"] = None
    return shown


def _check_test(request: dict[str, Any], *, has_test: bool) -> None:
    """Refuse a test that does not go with the rest of the request."""
    if request.get("AutoGranted", False) and has_test:
        raise RequestError(
            "ParameterValidationError",
            "AutoGranted cannot be true for a type with a Test",
            rule="no-automatic-test",
        )
    if "Test" in request:
        if "TestDurationInSeconds" not in request:
            raise RequestError(
                "ParameterValidationError",
                "a Test needs TestDurationInSeconds",
                rule="test-has-duration",
            )
        read_test(request["Test"])
    if "AnswerKey" in request:
        read_answer_key(request["AnswerKey"])


OPERATIONS: Final = {
    "CreateQualificationType": create_qualification_type,
    "GetQualificationType": get_qualification_type,
    "ListQualificationTypes": list_qualification_types,
    "UpdateQualificationType": update_qualification_type,
    "DeleteQualificationType": delete_qualification_type,
}
