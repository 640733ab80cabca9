"""Notifications about what happens to HITs: put on their way, then delivered."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from study_server.database.engine import Transaction
from study_server.database.failures import DATABASE_FAILURES
from study_server.marketplace.ids import new_id
from study_server.marketplace.opening import Marketplace
from study_server.marketplace.store import notifications, requesters
from study_server.marketplace.store.tables import (
    Assignment,
    Hit,
    HitType,
    Notification,
    Requester,
)

_log = logging.getLogger(__name__)

MAX_TRIES: Final = 5
_BATCH: Final = 200
_PAUSE_S: Final = 1.0


def announce(
    tx: Transaction,
    event_type: str,
    *,
    hit: Hit,
    at: datetime,
    assignment: Assignment | None = None,
) -> None:
    """Tell the HIT type's requester, if they asked to be told of this."""
    kind = hit.hit_type
    wanted = kind.notification
    if not kind.is_notifying or not wanted or event_type not in wanted["EventTypes"]:
        return
    event = {
        "EventType": event_type,
        "EventTimestamp": _stamp(at),
        "HITTypeId": kind.public_id,
        "HITId": hit.public_id,
    }
    if assignment is not None:
        event["AssignmentId"] = assignment.public_id
    requester = requesters.by_id(tx, kind.requester_id)
    put_on_its_way(tx, wanted, event, requester=requester, at=at)


def announce_test(
    tx: Transaction,
    specification: dict[str, Any],
    *,
    event_type: str,
    requester: Requester,
    at: datetime,
) -> None:
    """Send a message as if the event had happened to a HIT that does not exist."""
    event = {
        "EventType": event_type,
        "EventTimestamp": _stamp(at),
        "HITTypeId": new_id(),
        "HITId": new_id(),
    }
    if event_type.startswith("Assignment"):
        event["AssignmentId"] = new_id()
    put_on_its_way(tx, specification, event, requester=requester, at=at)


def put_on_its_way(
    tx: Transaction,
    specification: dict[str, Any],
    event: dict[str, str],
    *,
    requester: Requester | None,
    at: datetime,
) -> None:
    """Keep a message until it is delivered."""
    doc_id = new_id()
    body = {
        "EventDocVersion": specification["Version"],
        "EventDocId": doc_id,
        "CustomerId": requester.public_id if requester else "",
        "Events": [event],
    }
    notifications.add_notification(
        tx,
        Notification(
            doc_id=doc_id,
            transport=specification["Transport"],
            destination=specification["Destination"],
            body=json.dumps(body),
            happened_at=at,
        ),
    )


def has_notification(hit_type: HitType) -> bool:
    """Whether a HIT type was ever given a notification specification."""
    return bool(hit_type.notification)


class Courier:
    """Delivers waiting notifications, in a thread of its own or when asked to."""

    def __init__(self, market: Marketplace) -> None:
        self._market = market
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None
        self._session = boto3.Session()
        self._clients: dict[str, Any] = {}

    def start(self) -> None:
        """Deliver from now on, until `stop`."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Deliver no more."""
        self._is_over.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def wake(self) -> None:
        """There may be something to deliver."""
        self._wake.set()

    def deliver(self) -> int:
        """Deliver what waits now; gives the number of messages sent."""
        with self._lock:
            with self._market.store.read() as tx:
                events = notifications.waiting_notifications(tx, limit=_BATCH)
            return sum(self._send(event) for event in self._in_disorder(events))

    def _run(self) -> None:
        while not self._is_over.is_set():
            self._wake.wait(_PAUSE_S)
            self._wake.clear()
            if not self._is_over.is_set():
                self._deliver_or_log()

    def _deliver_or_log(self) -> None:
        """A database that cannot be written to now does not end the thread."""
        try:
            self.deliver()
        except DATABASE_FAILURES:
            _log.exception("notifications could not be delivered; trying again")

    def _in_disorder(self, events: list[Notification]) -> list[Notification]:
        """The events, some of them behind the one that followed."""
        order = list(events)
        for at in range(len(order) - 1):
            if self._market.faults.strikes("disorder_rate"):
                order[at], order[at + 1] = order[at + 1], order[at]
        return order

    def _send(self, event: Notification) -> int:
        n_times = 1 + self._market.faults.strikes("duplicate_rate")
        failure = None
        n_sent = 0
        for _ in range(n_times):
            failure = self._hand_over(event)
            n_sent += failure is None
        self._note(event, failure)
        return n_sent

    def _hand_over(self, event: Notification) -> str | None:
        """Why it did not work; None if it did."""
        try:
            if event.transport == "SQS":
                client = self._client("sqs")
                client.send_message(QueueUrl=event.destination, MessageBody=event.body)
            elif event.transport == "SNS":
                client = self._client("sns")
                client.publish(TopicArn=event.destination, Message=event.body)
            else:
                return "this marketplace sends no mail"
        except (BotoCoreError, ClientError) as error:
            return str(error)
        return None

    def _note(self, event: Notification, failure: str | None) -> None:
        now = self._market.clock()
        with self._market.store.write() as tx:
            kept = notifications.get_notification(tx, event.id)
            if kept is None:
                return
            kept.n_tries += 1
            kept.failure = failure
            if failure is None or kept.n_tries >= MAX_TRIES:
                kept.delivered_at = now

    def _client(self, service: str) -> Any:  # noqa: ANN401 - botocore ships no types
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:  # noqa: ANN401 - botocore ships no types
        return self._session.client(
            service,
            region_name="us-east-1",
            endpoint_url=self._market.settings.sqs_endpoint,
            # Queues of a local endpoint take anybody's signature.
            aws_access_key_id="marketplace",
            aws_secret_access_key="marketplace",  # noqa: S106 - no secret  # nosec B106
            config=Config(
                connect_timeout=3, read_timeout=5, retries={"max_attempts": 1}
            ),
        )


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
