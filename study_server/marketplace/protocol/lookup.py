"""Looking things up for a requester: only what is theirs, or an error that says so."""

from __future__ import annotations

from typing import Any

from study_server.marketplace.errors import RequestError, does_not_exist, wrong_state
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.store import (
    assignments,
    hits,
    qualifications,
    requesters,
    workers,
)
from study_server.marketplace.store.tables import (
    Assignment,
    Hit,
    HitType,
    QualificationType,
    Worker,
)


def own_hit(call: ApiCall, public_id: str) -> Hit:
    """A HIT of the caller.

    Raises:
        RequestError: If there is none of that id.
    """
    hit = hits.by_public_id(call.tx, public_id)
    if hit is None or hit.requester_id != call.requester.id:
        raise does_not_exist("HIT", public_id, rule="own-hit")
    return hit


def own_hit_to_change(call: ApiCall, public_id: str) -> Hit:
    """A HIT of the caller, locked and not disposed of.

    Raises:
        RequestError: If there is none of that id, or it is disposed of.
    """
    hit = hits.locked(call.tx, own_hit(call, public_id).id)
    if hit.status == "Disposed":
        raise wrong_state(
            "HIT",
            "Disposed",
            allowed="Assignable, Unassignable, Reviewable, Reviewing",
            rule="hit-there",
        )
    return hit


def own_hit_type(call: ApiCall, public_id: str) -> HitType:
    """A HIT type of the caller.

    Raises:
        RequestError: If there is none of that id.
    """
    found = hits.type_by_public_id(call.tx, public_id)
    if found is None or found.requester_id != call.requester.id:
        raise does_not_exist("HITType", public_id, rule="own-hit-type")
    return found


def own_assignment(call: ApiCall, public_id: str) -> Assignment:
    """An assignment of a HIT of the caller, in whatever state.

    Raises:
        RequestError: If there is none of that id.
    """
    found = assignments.live(call.tx, public_id) or assignments.latest(
        call.tx, public_id
    )
    if found is None or found.hit.requester_id != call.requester.id:
        raise does_not_exist("Assignment", public_id, rule="own-assignment")
    return found


def own_assignment_to_change(call: ApiCall, public_id: str) -> Assignment:
    """An assignment of a HIT of the caller, its requester locked.

    Raises:
        RequestError: If there is none of that id.
    """
    found = own_assignment(call, public_id)
    hits.locked(call.tx, found.hit_id)
    return assignments.refreshed(call.tx, found.id)


def qualification_type(call: ApiCall, public_id: str) -> QualificationType:
    """A Qualification type, anybody's.

    Raises:
        RequestError: If there is none of that id.
    """
    found = qualifications.find_type(call.tx, public_id)
    if found is None:
        raise does_not_exist("QualificationType", public_id, rule="qualification-type")
    return found


def own_qualification_type(call: ApiCall, public_id: str) -> QualificationType:
    """A Qualification type of the caller.

    Raises:
        RequestError: If there is none of that id, or it is somebody else's.
    """
    found = qualification_type(call, public_id)
    if found.requester_id != call.requester.id:
        raise RequestError(
            "PermissionDeniedException",
            f"You are not the owner of the QualificationType {public_id}.",
            rule="own-qualification-type",
        )
    return found


def some_worker(call: ApiCall, public_id: str) -> Worker:
    """A worker.

    Raises:
        RequestError: If there is none of that id.
    """
    found = workers.by_public_id(call.tx, public_id)
    if found is None:
        raise RequestError(
            "ParameterValidationError",
            f'The value "{public_id}" is not valid for the parameter WorkerId. There '
            "is no such worker here.",
            rule="worker",
        )
    return found


def lock_account(call: ApiCall) -> None:
    """Hold the caller's account until the transaction ends."""
    requesters.lock(call.tx, call.requester.id)


def page_size(request: dict[str, Any], default: int = 100) -> int:
    """How many rows a list operation was asked for."""
    return int(request.get("MaxResults", default))
