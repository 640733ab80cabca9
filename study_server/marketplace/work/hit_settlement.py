"""A HIT's life: its status and what is held back for it follow from its counters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from study_server.database.engine import Transaction
from study_server.marketplace import money
from study_server.marketplace.errors import RequestError
from study_server.marketplace.notifications import announce
from study_server.marketplace.store import requesters
from study_server.marketplace.store.tables import Hit, Requester

DISPOSED_AFTER: Final = timedelta(days=120)


def unit_cents(hit: Hit) -> int:
    """What one approved assignment costs the requester: reward and fee."""
    return hit.hit_type.reward_cents + fee_cents(hit)


def fee_cents(hit: Hit) -> int:
    """The fee on one approved assignment."""
    return money.assignment_fee_cents(
        hit.hit_type.reward_cents,
        max_assignments=hit.max_assignments,
        is_for_masters=hit.hit_type.is_for_masters,
    )


def settle(tx: Transaction, hit: Hit, *, at: datetime, is_strict: bool = True) -> bool:
    """Bring status and held money in line with the counters.

    Args:
        tx: A transaction that holds the requester's lock.
        hit: A HIT whose counters were changed.
        at: The time it is.
        is_strict: Whether too little money is an error; otherwise what there is
            is held.

    Returns:
        Whether the HIT has become reviewable by this.

    Raises:
        RequestError: If the requester has too little money.
    """
    hold(tx, hit, is_strict=is_strict)
    before = hit.status
    hit.status = _status(hit)
    if hit.status in ("Assignable", "Unassignable"):
        hit.dispose_at = None
    is_new = hit.status == "Reviewable" and before in ("Assignable", "Unassignable")
    if is_new:
        hit.dispose_at = at + DISPOSED_AFTER
        announce(tx, "HITReviewable", hit=hit, at=at)
    return is_new


def hold(tx: Transaction, hit: Hit, *, is_strict: bool = True) -> None:
    """Hold back what the HIT may still cost, no more and no less.

    Raises:
        RequestError: If the requester has too little money.
    """
    requester = requesters.by_id(tx, hit.requester_id)
    if requester is None:
        return
    n_open = 0 if hit.is_expired else hit.n_available
    n_liable = (
        0 if hit.status == "Disposed" else hit.n_pending + hit.n_submitted + n_open
    )
    wanted = n_liable * unit_cents(hit)
    missing = wanted - hit.held_cents
    if missing > requester.available_cents:
        if is_strict:
            raise insufficient_funds(requester, missing)
        missing = requester.available_cents
    hit.held_cents += missing
    requester.on_hold_cents += missing
    requester.available_cents -= missing


def pay(requester: Requester, cents: int) -> None:
    """Take money out of the account for good.

    Raises:
        RequestError: If there is too little.
    """
    if cents > requester.available_cents:
        raise insufficient_funds(requester, cents)
    requester.available_cents -= cents
    requester.spent_cents += cents


def insufficient_funds(requester: Requester, cents: int) -> RequestError:
    """The error about too little money, with the amounts."""
    return RequestError(
        "InsufficientFunds",
        "This Requester has insufficient funds in their account to complete this "
        f"transaction: {money.write_cents(cents)} USD are needed, "
        f"{money.write_cents(requester.available_cents)} USD are available.",
        rule="funds",
    )


def _status(hit: Hit) -> str:
    if hit.status == "Disposed":
        return "Disposed"
    if not hit.is_expired and hit.n_available > 0:
        return "Assignable"
    if hit.n_pending > 0:
        return "Unassignable"
    return "Reviewing" if hit.status == "Reviewing" else "Reviewable"
