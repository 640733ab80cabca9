"""What a market is on which work is posted: records in our words, one protocol.

Amounts are in minor units of the market's currency. Every call that makes
something or pays carries a token derived from our own ids, so that it can be
sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Comparator = Literal[
    "LessThan",
    "LessThanOrEqualTo",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "EqualTo",
    "NotEqualTo",
    "Exists",
    "DoesNotExist",
    "In",
    "NotIn",
]
Guards = Literal["Accept", "PreviewAndAccept", "DiscoverPreviewAndAccept"]
Status = Literal["submitted", "approved", "rejected"]


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where to post.

    Attributes:
        is_live: Whether real money moves; else the sandbox.
        endpoint: An address of one's own; None means the recruiter's.
    """

    is_live: bool = False
    endpoint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What a worker must have, or must not have, to take part."""

    qualification_id: str
    comparator: Comparator
    values: tuple[int, ...] = ()
    locales: tuple[str, ...] = ()
    guards: Guards = "Accept"


@dataclass(frozen=True, kw_only=True)
class WorkOffer:
    """What every posting of a study has in common."""

    title: str
    description: str
    keywords: str
    reward_minor: int
    assignment_s: int
    auto_approval_s: int
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MarketQuestion:
    """What workers see, in the market's own format; `n_bytes` is its size."""

    text: str

    @property
    def n_bytes(self) -> int:
        """Bytes in UTF-8."""
        return len(self.text.encode())


@dataclass(frozen=True, kw_only=True)
class Posting:
    """Work to be posted.

    Attributes:
        offer_id: From `Market.prepare`.
        question: What workers see.
        n_assignments: How many people may do it.
        lifetime_s: Seconds until nobody may begin.
        annotation: Our name of it, seen by nobody else.
        token: The same at every retry, at most 64 characters.
    """

    offer_id: str
    question: MarketQuestion
    n_assignments: int
    lifetime_s: int
    annotation: str
    token: str


@dataclass(frozen=True, kw_only=True)
class ListedPosting:
    """A posting as the market has it.

    Attributes:
        id: The market's name of it.
        annotation: Our name of it; empty where somebody else posted it.
        is_open: Whether anybody can still begin.
        n_assignments: How many people may do it.
        n_available: Places nobody holds.
        n_pending: Places somebody holds now.
        n_completed: Decided ones.
        expires_at: When nobody may begin any more.
    """

    id: str
    annotation: str
    is_open: bool
    n_assignments: int
    n_available: int
    n_pending: int
    n_completed: int
    expires_at: datetime

    @property
    def n_handed_in(self) -> int:
        """Places that are used up."""
        return max(0, self.n_assignments - self.n_available - self.n_pending)


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Work that somebody handed in.

    Attributes:
        id: The market's name of the place; a place that is returned gives its
            name to the next worker.
        hit_id: The posting.
        worker_id: The person, as the market names them.
        status: What was decided about it.
        accepted_at: When they began.
        submitted_at: When they handed in.
        answer: What they handed in, as it came.
    """

    id: str
    hit_id: str
    worker_id: str
    status: Status
    accepted_at: datetime
    submitted_at: datetime
    answer: str


@dataclass(frozen=True, kw_only=True)
class UnreadableRecord:
    """A record of the market that is not what its protocol says; why."""

    problem: str


@dataclass(frozen=True, kw_only=True)
class BonusPayment:
    """Money on top of the reward."""

    assignment_id: str
    worker_id: str
    amount_minor: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class PostingNotice:
    """Postings at which something happened, by the market's names."""

    hit_ids: frozenset[str]


class Market(Protocol):
    """A market that can be called; safe to share between threads.

    Every method raises `MarketRefusedError` (a definite no), `MarketBusyError` or
    `MarketAwayError` (nothing was done, try again) or `MarketUnsureError` (it may
    have been done).
    """

    @property
    def endpoint(self) -> str:
        """Its address."""

    def balance_minor(self) -> int:
        """What the account can still spend."""

    def prepare(self, offer: WorkOffer) -> str:
        """The market's name of an offer; the same for the same offer."""

    def post(self, posting: Posting) -> str:
        """Post; the market's name of it.

        Raises:
            AlreadyDoneError: If this token has posted before.
        """

    def extend(self, hit_id: str, *, n_more: int, token: str) -> None:
        """Let more people do it.

        Raises:
            AlreadyDoneError: If this token has done so before.
        """

    def set_expiry(self, hit_id: str, *, at: datetime) -> None:
        """Let nobody begin from then on; a time in the past means now."""

    def postings(self) -> Iterator[ListedPosting]:
        """Everything the account has posted."""

    def find(self, hit_id: str) -> ListedPosting | None:
        """One posting; None if there is none of that name."""

    def submissions(self, hit_id: str) -> Iterator[Submission | UnreadableRecord]:
        """What was handed in, each readable or not."""

    def approve(self, assignment_id: str, *, overrides: bool = False) -> None:
        """Pay the reward; `overrides` takes a rejection back."""

    def reject(self, assignment_id: str, *, feedback: str) -> None:
        """Refuse the reward, with a reason the worker reads."""

    def status_of(self, assignment_id: str) -> Status | None:
        """What was decided; None where nothing is handed in under that name."""

    def pay_bonus(self, bonus: BonusPayment, *, token: str) -> None:
        """Pay a bonus.

        Raises:
            AlreadyDoneError: If this token has paid before.
        """

    def bonuses(self, assignment_id: str) -> Iterator[BonusPayment]:
        """Bonuses paid for an assignment."""

    def make_qualification(self, name: str, *, description: str) -> str:
        """The market's name of a qualification of ours, made if there is none."""

    def grant(self, qualification_id: str, *, worker_id: str) -> None:
        """Give a worker a qualification, silently; again changes nothing."""

    def revoke(self, qualification_id: str, *, worker_id: str) -> None:
        """Take it away; whoever has it not is no error."""

    def holders(self, qualification_id: str) -> Iterator[str]:
        """The workers who have it."""

    def notify(self, offer_id: str, *, queue: str) -> None:
        """Have notifications about an offer's postings sent to a queue."""
