"""HIT types and HITs: made and looked at."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any, Final

from study_server.marketplace.errors import RequestError
from study_server.marketplace.ids import group_id, new_id
from study_server.marketplace.notifications import announce
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol import request_tokens
from study_server.marketplace.protocol.lookup import (
    lock_account,
    own_hit,
    own_hit_type,
)
from study_server.marketplace.protocol.parameter_limits import (
    check_limits,
    check_words_of_hit,
    read_amount,
)
from study_server.marketplace.protocol.structures import hit_structure
from study_server.marketplace.questions.hit_questions import (
    check_can_be_done,
    read_question,
)
from study_server.marketplace.store import hits
from study_server.marketplace.store.tables import Hit, HitType
from study_server.marketplace.system_qualifications import is_for_masters
from study_server.marketplace.work.hit_settlement import hold
from study_server.marketplace.work.qualification_requirements import check_requirements
from study_server.marketplace.work.review_policies import (
    KNOWN_ANSWERS,
    PLURALITY,
    check_policy,
)

_DEFAULT_DELAY_S: Final = 2_592_000


def create_hit_type(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """The id of the HIT type with these properties, a new one where needed."""
    return {"HITTypeId": _hit_type(call, request).public_id}


def create_hit(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A HIT, with a HIT type of its properties."""
    _refuse_repetition(call, request)
    return _create(call, request, _hit_type(call, request))


def create_hit_with_hit_type(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A HIT of a HIT type there is."""
    _refuse_repetition(call, request)
    return _create(call, request, own_hit_type(call, request["HITTypeId"]))


def get_hit(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """A HIT, disposed of or not."""
    hit = own_hit(call, request["HITId"])
    return {"HIT": hit_structure(call.tx, hit, at=call.now)}


def _refuse_repetition(call: ApiCall, request: dict[str, Any]) -> None:
    lock_account(call)
    made = request_tokens.outcome_before(call, request, purpose="CreateHIT")
    if made is not None:
        raise RequestError(
            "HitAlreadyExists",
            f'The HIT with ID "{made}" already exists.',
            rule="hit-token",
        )


def _create(
    call: ApiCall, request: dict[str, Any], hit_type: HitType
) -> dict[str, Any]:
    check_limits(request)
    kind = _question_kind(request)
    check_policy(request.get("AssignmentReviewPolicy"), name=KNOWN_ANSWERS)
    check_policy(request.get("HITReviewPolicy"), name=PLURALITY)
    hit = _new_hit(call, request, hit_type)
    hit.question_kind = kind
    hits.add(call.tx, hit)
    hold(call.tx, hit)
    request_tokens.remember(call, request, purpose="CreateHIT", outcome=hit.public_id)
    announce(call.tx, "HITCreated", hit=hit, at=call.now)
    return {"HIT": hit_structure(call.tx, hit, at=call.now)}


def _new_hit(call: ApiCall, request: dict[str, Any], hit_type: HitType) -> Hit:
    n_assignments = request.get("MaxAssignments", 1)
    return Hit(
        public_id=new_id(),
        requester_id=call.requester.id,
        hit_type=hit_type,
        question=request["Question"],
        annotation=request.get("RequesterAnnotation"),
        max_assignments=n_assignments,
        n_at_creation=n_assignments,
        n_pending=0,
        n_submitted=0,
        n_decided=0,
        held_cents=0,
        status="Assignable",
        review_status="NotReviewed",
        is_expired=False,
        expires_at=call.now + timedelta(seconds=request["LifetimeInSeconds"]),
        created_at=call.now,
        assignment_review_policy=request.get("AssignmentReviewPolicy"),
        hit_review_policy=request.get("HITReviewPolicy"),
    )


def _question_kind(request: dict[str, Any]) -> str:
    if "HITLayoutId" in request:
        raise RequestError(
            "HITLayoutDoesNotExist",
            f"HITLayout {request['HITLayoutId']} does not exist: layouts were saved on "
            "the requester website, which this marketplace has not; give a Question.",
            rule="layouts",
        )
    if "Question" not in request:
        raise RequestError(
            "ParameterValidationError",
            "Either Question or HITLayoutId must be given.",
            rule="question-or-layout",
        )
    question = read_question(request["Question"])
    check_can_be_done(question)
    return question.kind


def _hit_type(call: ApiCall, request: dict[str, Any]) -> HitType:
    lock_account(call)
    check_limits(request)
    check_words_of_hit(request)
    reward_cents = read_amount(request, "Reward")
    requirements = request.get("QualificationRequirements", [])
    check_requirements(call.tx, requirements)
    properties = {
        "title": request["Title"],
        "description": request["Description"],
        "keywords": request.get("Keywords", ""),
        "reward_cents": reward_cents,
        "auto_approval_delay_s": request.get(
            "AutoApprovalDelayInSeconds", _DEFAULT_DELAY_S
        ),
        "assignment_duration_s": request["AssignmentDurationInSeconds"],
        "requirements": requirements,
    }
    text = json.dumps(properties, sort_keys=True)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    found = hits.find_type(call.tx, call.requester.id, digest=digest)
    return found or _add_hit_type(call, properties, digest)


def _add_hit_type(call: ApiCall, properties: dict[str, Any], digest: str) -> HitType:
    asked = [entry["QualificationTypeId"] for entry in properties["requirements"]]
    public_id = new_id()
    hit_type = HitType(
        public_id=public_id,
        group_id=group_id(public_id),
        requester_id=call.requester.id,
        digest=digest,
        is_for_masters=any(is_for_masters(type_id) for type_id in asked),
        created_at=call.now,
        **properties,
    )
    hits.add_type(call.tx, hit_type, asks_for=asked)
    return hit_type


OPERATIONS: Final = {
    "CreateHITType": create_hit_type,
    "CreateHIT": create_hit,
    "CreateHITWithHITType": create_hit_with_hit_type,
    "GetHIT": get_hit,
}
