"""HITs changed: more assignments, another expiry, another type, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from study_server.marketplace.errors import RequestError, wrong_state
from study_server.marketplace.money import MANY_ASSIGNMENTS
from study_server.marketplace.notifications import announce
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol import request_tokens
from study_server.marketplace.protocol.lookup import (
    lock_account,
    own_hit_to_change,
    own_hit_type,
)
from study_server.marketplace.protocol.parameter_limits import YEAR_S, check_limits
from study_server.marketplace.work.deadlines import dispose, expire
from study_server.marketplace.work.hit_settlement import hold
from study_server.marketplace.work.review_policies import settle_and_review


def create_additional_assignments_for_hit(
    call: ApiCall, request: dict[str, Any]
) -> None:
    """More assignments; never from fewer than 10 to 10 or more."""
    lock_account(call)
    before = request_tokens.outcome_before(
        call, request, purpose="CreateAdditionalAssignments"
    )
    if before is not None:
        raise RequestError(
            "DuplicateRequest",
            f'The idempotency token "{request["UniqueRequestToken"]}" has already been '
            f"processed, by request {before}.",
            rule="extension-token",
        )
    check_limits(request)
    hit = own_hit_to_change(call, request["HITId"])
    wanted = hit.max_assignments + request["NumberOfAdditionalAssignments"]
    if hit.n_at_creation < MANY_ASSIGNMENTS <= wanted:
        raise RequestError(
            "InvalidMaximumAssignmentsIncrease",
            f"HITs created with fewer than {MANY_ASSIGNMENTS} assignments cannot be "
            f"extended to have {MANY_ASSIGNMENTS} or more; this HIT was created with "
            f"{hit.n_at_creation} and would have {wanted}.",
            rule="below-ten",
        )
    hit.max_assignments = wanted
    settle_and_review(call.tx, hit, at=call.now)
    request_tokens.remember(
        call, request, purpose="CreateAdditionalAssignments", outcome=call.request_id
    )
    announce(call.tx, "HITExtended", hit=hit, at=call.now)


def update_expiration_for_hit(call: ApiCall, request: dict[str, Any]) -> None:
    """Another expiry; one in the past expires the HIT now."""
    hit = own_hit_to_change(call, request["HITId"])
    expires_at = request["ExpireAt"]
    if expires_at > call.now + timedelta(seconds=YEAR_S):
        raise RequestError(
            "InvalidExpirationIncrement",
            "ExpireAt: expected a time within the next 365 days, got "
            f"{expires_at.isoformat()}",
            rule="expiry",
        )
    if expires_at <= call.now:
        if not hit.is_expired:
            hit.expires_at = call.now
            expire(call.tx, hit.id, at=call.now)
        return
    was_later = expires_at > hit.expires_at
    hit.expires_at, hit.is_expired = expires_at, False
    settle_and_review(call.tx, hit, at=call.now)
    if was_later:
        announce(call.tx, "HITExtended", hit=hit, at=call.now)


def delete_hit(call: ApiCall, request: dict[str, Any]) -> None:
    """Dispose of a HIT that is reviewable and has every assignment decided."""
    hit = own_hit_to_change(call, request["HITId"])
    if hit.status not in ("Reviewable", "Reviewing"):
        raise wrong_state(
            "HIT", hit.status, allowed="Reviewing, Reviewable", rule="hit-reviewable"
        )
    if hit.n_submitted:
        raise RequestError(
            "InvalidHITState",
            f"This HIT is currently in the state '{hit.status}'. This operation can be "
            f"called with a status of: Reviewing, Reviewable, once its {hit.n_submitted}"
            " submitted assignments are approved or rejected",
            rule="hit-decided",
        )
    dispose(call.tx, hit.id, at=call.now)


def update_hit_review_status(call: ApiCall, request: dict[str, Any]) -> None:
    """From Reviewable to Reviewing, or back."""
    hit = own_hit_to_change(call, request["HITId"])
    wanted, allowed = "Reviewing", "Reviewable"
    if request.get("Revert", False):
        wanted, allowed = allowed, wanted
    if hit.status != allowed:
        raise wrong_state("HIT", hit.status, allowed=allowed, rule="review-status")
    hit.status = wanted


def update_hit_type_of_hit(call: ApiCall, request: dict[str, Any]) -> None:
    """Another HIT type, with its reward, title and everything."""
    hit = own_hit_to_change(call, request["HITId"])
    hit.hit_type = own_hit_type(call, request["HITTypeId"])
    call.tx.flush()
    hold(call.tx, hit)


OPERATIONS: Final = {
    "CreateAdditionalAssignmentsForHIT": create_additional_assignments_for_hit,
    "UpdateExpirationForHIT": update_expiration_for_hit,
    "DeleteHIT": delete_hit,
    "UpdateHITReviewStatus": update_hit_review_status,
    "UpdateHITTypeOfHIT": update_hit_type_of_hit,
}
