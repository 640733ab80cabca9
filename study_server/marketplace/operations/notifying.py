"""Messages to workers, and notifications to requesters."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.errors import RequestError
from study_server.marketplace.notifications import announce_test, has_notification
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import own_hit_type
from study_server.marketplace.protocol.parameter_limits import check_limits
from study_server.marketplace.store import workers
from study_server.marketplace.store.tables import WorkerMessage

MAX_WORKERS: Final = 100
_VERSIONS: Final = ("2006-05-05", "2014-08-15")


def notify_workers(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """Leave a message for workers whose work the requester has judged before."""
    check_limits(request)
    n_asked = len(request["WorkerIds"])
    if n_asked > MAX_WORKERS:
        raise RequestError(
            "ParameterValidationError",
            f"WorkerIds: expected at most {MAX_WORKERS}, got {n_asked}",
            rule="notify-100",
        )
    asked = list(dict.fromkeys(request["WorkerIds"]))
    known = workers.judged_by(call.tx, call.requester.id, asked)
    failures = [
        _failure(call, public_id) for public_id in asked if public_id not in known
    ]
    for public_id in known:
        _leave(call, public_id, request)
    return {"NotifyWorkersFailureStatuses": failures}


def update_notification_settings(call: ApiCall, request: dict[str, Any]) -> None:
    """What the requester wants to be told about HITs of a type."""
    hit_type = own_hit_type(call, request["HITTypeId"])
    specification = request.get("Notification")
    if specification is None and "Active" not in request:
        raise RequestError(
            "ParameterValidationError",
            "Either Notification or Active must be given.",
            rule="notification-or-active",
        )
    if specification is not None:
        _check(specification, is_test=False)
        hit_type.notification = specification
    elif not has_notification(hit_type):
        raise RequestError(
            "ParameterValidationError",
            f"HITType {hit_type.public_id} has no notification specification yet; give "
            "one with Notification.",
            rule="notification-before",
        )
    hit_type.is_notifying = request.get("Active", True)


def send_test_event_notification(call: ApiCall, request: dict[str, Any]) -> None:
    """Send a message as if something had happened."""
    _check(request["Notification"], is_test=True)
    announce_test(
        call.tx,
        request["Notification"],
        event_type=request["TestEventType"],
        requester=call.requester,
        at=call.now,
    )


def _leave(call: ApiCall, public_id: str, request: dict[str, Any]) -> None:
    worker = workers.by_public_id(call.tx, public_id)
    if worker is not None:
        notice = WorkerMessage(
            worker_id=worker.id,
            requester_id=call.requester.id,
            subject=request["Subject"],
            text=request["MessageText"],
            sent_at=call.now,
        )
        workers.send_notice(call.tx, notice)


def _failure(call: ApiCall, public_id: str) -> dict[str, str]:
    is_there = workers.by_public_id(call.tx, public_id) is not None
    why = (
        f"Worker {public_id} has not done work of yours that you approved or rejected"
        if is_there
        else f"Worker {public_id} does not exist"
    )
    return {
        "NotifyWorkersFailureCode": "HardFailure",
        "NotifyWorkersFailureMessage": why,
        "WorkerId": public_id,
    }


def _check(specification: dict[str, Any], *, is_test: bool) -> None:
    if specification["Version"] not in _VERSIONS:
        raise RequestError(
            "ParameterValidationError",
            f"Notification.Version: expected {' or '.join(_VERSIONS)}, got "
            f"{specification['Version']!r}",
            rule="notification-version",
        )
    if not is_test and "Ping" in specification["EventTypes"]:
        raise RequestError(
            "ParameterValidationError",
            "Ping is only valid for SendTestEventNotification.",
            rule="ping",
        )
    transport, destination = specification["Transport"], specification["Destination"]
    is_good = {
        "SQS": destination.startswith(("https://", "http://")),
        "SNS": destination.startswith("arn:"),
        "Email": "@" in destination,
    }[transport]
    if not is_good:
        raise RequestError(
            "InvalidTransportEndpoint",
            f"Notification.Destination: expected a queue's URL for SQS, a topic's ARN "
            f"for SNS, an address for Email; got {destination!r} for {transport}",
            rule="destination",
        )


OPERATIONS: Final = {
    "NotifyWorkers": notify_workers,
    "UpdateNotificationSettings": update_notification_settings,
    "SendTestEventNotification": send_test_event_notification,
}
