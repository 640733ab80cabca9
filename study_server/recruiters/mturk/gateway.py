"""The market over boto3: every call with retries, every failure in our words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from study_server.errors import (
    AlreadyDoneError,
    MalformedAnswerError,
    MarketAwayError,
    MarketError,
    MarketRefusedError,
)
from study_server.recruiters.market import (
    BonusPayment,
    ListedPosting,
    Posting,
    PostingNotice,
    Status,
    Submission,
    UnreadableRecord,
    WorkOffer,
)
from study_server.recruiters.mturk.failures import in_our_words, is_throttle
from study_server.recruiters.mturk.notifications import read_notification
from study_server.recruiters.mturk.records import (
    STATUS,
    dollars,
    read_minor,
    read_posted,
    read_submission,
    write_requirement,
)

REGION: Final = "us-east-1"


N_CONNECTIONS: Final = 64


_PAGE: Final = 100


_WAITS_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0)


_NOTIFIED: Final = (
    "AssignmentSubmitted",
    "AssignmentReturned",
    "AssignmentAbandoned",
    "HITReviewable",
    "HITExpired",
)


# boto3 makes its clients' classes at run time.
Client = Any


ResultT = TypeVar("ResultT")


def connect(endpoint: str, *, read_timeout_s: float = 20.0) -> MTurkMarket:
    """The market at an address, with the keys boto3 finds.

    Raises:
        MarketError: If the address or the keys make no client.
    """
    config = Config(
        retries={"mode": "standard", "max_attempts": 6},
        max_pool_connections=N_CONNECTIONS,
        connect_timeout=5,
        read_timeout=read_timeout_s,
    )
    try:
        # A session of its own: boto3's shared one keeps the first keys it found.
        client = boto3.Session().client(
            "mturk", region_name=REGION, endpoint_url=endpoint, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise MarketAwayError(
            f"{endpoint!r} is no address of a market: {error}"
        ) from error
    return MTurkMarket(endpoint=endpoint, client=client)


def poll_queue(
    queue: str, *, endpoint: str | None = None, most: int = 100
) -> tuple[PostingNotice, ...]:
    """Notices waiting in an SQS queue, taken out once they are read.

    Raises:
        MarketError: If the queue cannot be read.
    """
    try:
        client = boto3.Session().client(
            "sqs", region_name=REGION, endpoint_url=endpoint
        )
        return tuple(_taken(client, queue, most=most))
    except (BotoCoreError, ClientError, ValueError) as error:
        raise in_our_words(error, endpoint=queue) from error


def _taken(client: Client, queue: str, *, most: int) -> Iterator[PostingNotice]:
    for _ in range(most):
        reply = client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        messages = reply.get("Messages", [])
        if not messages:
            return
        for message in messages:
            notice = _notice(message.get("Body", ""))
            if notice is not None:
                yield notice
            # Deleted last: a crash before leaves it for the next time.
            client.delete_message(
                QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"]
            )


def _notice(body: str) -> PostingNotice | None:
    try:
        return read_notification(body.encode("utf-8", "replace"))
    except MalformedAnswerError:
        return None


@dataclass(frozen=True, kw_only=True)
class MTurkMarket:
    """Calls of the requester API; boto3's clients may be shared by threads.

    Attributes:
        endpoint: Its address.
        client: From boto3.
        sleep: Waits some seconds; passed in by tests.
    """

    endpoint: str
    client: Client
    sleep: Callable[[float], None] = field(default=time.sleep)

    def balance_minor(self) -> int:
        """What the account can still spend, in cents."""
        reply = self._call("get_account_balance")
        return read_minor(reply.get("AvailableBalance", ""), endpoint=self.endpoint)

    def prepare(self, offer: WorkOffer) -> str:
        """The id of the HIT type; the same offer has the same."""
        reply = self._call(
            "create_hit_type",
            Title=offer.title,
            Description=offer.description,
            Keywords=offer.keywords,
            Reward=dollars(offer.reward_minor),
            AssignmentDurationInSeconds=offer.assignment_s,
            AutoApprovalDelayInSeconds=offer.auto_approval_s,
            QualificationRequirements=[
                write_requirement(r) for r in offer.requirements
            ],
        )
        return str(reply["HITTypeId"])

    def post(self, posting: Posting) -> str:
        """Create a HIT; its id."""
        reply = self._call(
            "create_hit_with_hit_type",
            HITTypeId=posting.offer_id,
            Question=posting.question.text,
            MaxAssignments=posting.n_assignments,
            LifetimeInSeconds=posting.lifetime_s,
            RequesterAnnotation=posting.annotation,
            UniqueRequestToken=posting.token,
        )
        return str(reply["HIT"]["HITId"])

    def extend(self, hit_id: str, *, n_more: int, token: str) -> None:
        """More assignments on a HIT."""
        self._call(
            "create_additional_assignments_for_hit",
            HITId=hit_id,
            NumberOfAdditionalAssignments=n_more,
            UniqueRequestToken=token,
        )

    def set_expiry(self, hit_id: str, *, at: datetime) -> None:
        """Move a HIT's expiry; a time in the past means now."""
        self._call("update_expiration_for_hit", HITId=hit_id, ExpireAt=at)

    def postings(self) -> Iterator[ListedPosting]:
        """Every HIT of the account, page by page; one seen twice comes once."""
        seen: set[str] = set()
        for page in self._pages("list_hits"):
            for hit in page.get("HITs", ()):
                if hit["HITId"] not in seen:
                    seen.add(hit["HITId"])
                    yield read_posted(hit)

    def find(self, hit_id: str) -> ListedPosting | None:
        """One HIT; None if there is none of that id."""
        try:
            return read_posted(self._call("get_hit", HITId=hit_id)["HIT"])
        except MarketRefusedError as error:
            if "DoesNotExist" in error.code:
                return None
            raise

    def submissions(self, hit_id: str) -> Iterator[Submission | UnreadableRecord]:
        """Every assignment of a HIT that was handed in."""
        for page in self._pages("list_assignments_for_hit", HITId=hit_id):
            for assignment in page.get("Assignments", ()):
                yield read_submission(assignment)

    def approve(self, assignment_id: str, *, overrides: bool = False) -> None:
        """Pay the reward."""
        self._call(
            "approve_assignment",
            AssignmentId=assignment_id,
            OverrideRejection=overrides,
        )

    def reject(self, assignment_id: str, *, feedback: str) -> None:
        """Refuse the reward."""
        self._call(
            "reject_assignment", AssignmentId=assignment_id, RequesterFeedback=feedback
        )

    def status_of(self, assignment_id: str) -> Status | None:
        """What was decided; None where nothing is handed in under that id."""
        try:
            reply = self._call("get_assignment", AssignmentId=assignment_id)
        except MarketRefusedError as error:
            if error.code == "keys":
                raise
            return None
        return STATUS.get(reply.get("Assignment", {}).get("AssignmentStatus", ""))

    def pay_bonus(self, bonus: BonusPayment, *, token: str) -> None:
        """Pay a bonus."""
        self._call(
            "send_bonus",
            WorkerId=bonus.worker_id,
            AssignmentId=bonus.assignment_id,
            BonusAmount=dollars(bonus.amount_minor),
            Reason=bonus.reason,
            UniqueRequestToken=token,
        )

    def bonuses(self, assignment_id: str) -> Iterator[BonusPayment]:
        """Bonuses paid for an assignment."""
        for page in self._pages("list_bonus_payments", AssignmentId=assignment_id):
            for paid in page.get("BonusPayments", ()):
                yield BonusPayment(
                    assignment_id=paid["AssignmentId"],
                    worker_id=paid["WorkerId"],
                    amount_minor=read_minor(
                        paid["BonusAmount"], endpoint=self.endpoint
                    ),
                    reason=paid.get("Reason", ""),
                )

    def make_qualification(self, name: str, *, description: str) -> str:
        """The id of our qualification of that name, made if there is none."""
        found = self._own_qualification(name)
        if found is not None:
            return found
        try:
            reply = self._call(
                "create_qualification_type",
                Name=name,
                Description=description,
                QualificationTypeStatus="Active",
            )
        except (MarketRefusedError, AlreadyDoneError):
            # Somebody else was quicker, or our own call whose reply was lost.
            found = self._own_qualification(name)
            if found is None:
                raise
            return found
        return str(reply["QualificationType"]["QualificationTypeId"])

    def grant(self, qualification_id: str, *, worker_id: str) -> None:
        """Give a worker a qualification, silently."""
        self._call(
            "associate_qualification_with_worker",
            QualificationTypeId=qualification_id,
            WorkerId=worker_id,
            IntegerValue=1,
            SendNotification=False,
        )

    def revoke(self, qualification_id: str, *, worker_id: str) -> None:
        """Take it away; whoever has it not is no error."""
        try:
            self._call(
                "disassociate_qualification_from_worker",
                QualificationTypeId=qualification_id,
                WorkerId=worker_id,
            )
        except MarketRefusedError as error:
            if error.code == "keys":
                raise

    def holders(self, qualification_id: str) -> Iterator[str]:
        """The workers who have it."""
        for page in self._pages(
            "list_workers_with_qualification_type",
            QualificationTypeId=qualification_id,
            Status="Granted",
        ):
            for held in page.get("Qualifications", ()):
                yield str(held["WorkerId"])

    def notify(self, offer_id: str, *, queue: str) -> None:
        """Have notifications of a HIT type sent to an SQS queue."""
        self._call(
            "update_notification_settings",
            HITTypeId=offer_id,
            Notification={
                "Destination": queue,
                "Transport": "SQS",
                "Version": "2006-05-05",
                "EventTypes": list(_NOTIFIED),
            },
            Active=True,
        )

    def _own_qualification(self, name: str) -> str | None:
        for page in self._pages(
            "list_qualification_types",
            Query=name,
            MustBeRequestable=False,
            MustBeOwnedByCaller=True,
        ):
            for kind in page.get("QualificationTypes", ()):
                if kind["Name"] == name:
                    return str(kind["QualificationTypeId"])
        return None

    def _pages(self, operation: str, **request: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - boto3's own
        """Every page; a token that comes back ends the walk."""
        tokens: set[str] = set()
        token: str | None = None
        while True:
            extra = {} if token is None else {"NextToken": token}
            page = self._call(operation, MaxResults=_PAGE, **request, **extra)
            yield page
            token = page.get("NextToken")
            if not token or token in tokens:
                return
            tokens.add(token)

    def _call(self, operation: str, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's own
        """One call; throttles are waited out after botocore has given up."""
        for wait_s in (*_WAITS_S, None):
            try:
                reply: Mapping[str, Any] = getattr(self.client, operation)(**request)
                return reply
            except ClientError as error:
                if wait_s is None or not is_throttle(error):
                    raise in_our_words(error, endpoint=self.endpoint) from error
            except (BotoCoreError, ValueError) as error:
                raise in_our_words(error, endpoint=self.endpoint) from error
            self.sleep(wait_s)
        raise MarketError("unreachable: the last turn returns or raises")
