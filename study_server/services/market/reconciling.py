"""Our books against the market's own list: found, repaired, shown; more time, more places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from study_server.errors import (
    AlreadyDoneError,
    MarketError,
    MarketRefusedError,
    StudyStateError,
)
from study_server.recruiters.market import ListedPosting
from study_server.services.market import ledger, paying, posting
from study_server.services.market.balances import Balance
from study_server.services.market.recruitment import MarketRecruitment, require_account
from study_server.store.market import ledger as accounts
from study_server.store.market import postings
from study_server.store.tables import Hit

# Any time in the past means now.
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ReconcileReport:
    """What comparing with the market came to.

    Attributes:
        n_ours: Postings of ours that the market lists.
        n_found: Postings found there whose reply we never got.
        n_posted: Intended postings that were not there and are now.
        n_settled: Payments whose outcome is known now.
        n_unsettled: Calls nobody knows the outcome of yet.
        orphans: Postings under our name that our books do not hold, by the
            market's names; expired only on request.
        missing: Postings in our books that the market does not list.
        problems: In words.
    """

    n_ours: int
    n_found: int
    n_posted: int
    n_settled: int
    n_unsettled: int
    orphans: tuple[str, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...] = ()


def reconcile(recruitment: MarketRecruitment) -> ReconcileReport:
    """Compare with the market's own list and repair what can be repaired.

    Raises:
        StudyStateError: If the study was never posted there.
        MarketError: If the market cannot be asked.
    """
    with recruitment.services.store.read() as tx:
        require_account(recruitment, tx)
    listed = posting.listed(recruitment)
    n_found = posting.adopt(recruitment, listed)
    sent = posting.send_again(recruitment)
    paid = paying.settle(recruitment)
    n_extended = settle_extensions(recruitment, listed)
    with recruitment.services.store.read() as tx:
        hits = postings.hits_of(tx, recruitment.id)
        n_open = accounts.spent(tx, recruitment.id).n_open
    known = {hit.external_id for hit in hits}
    there = {posted.id for posted in listed}
    return ReconcileReport(
        n_ours=len(known & there),
        n_found=n_found,
        n_posted=sum(outcome.external_id is not None for outcome in sent),
        n_settled=paid.n_done + n_extended,
        n_unsettled=n_open,
        orphans=tuple(sorted(there - known)),
        missing=_missing(hits, there),
        problems=(
            *(str(outcome.error) for outcome in sent if outcome.error is not None),
            *paid.problems,
        ),
    )


def _missing(hits: Sequence[Hit], there: Collection[str]) -> tuple[str, ...]:
    names = (hit.external_id for hit in hits if hit.state == "posted")
    return tuple(sorted(n for n in names if n is not None and n not in there))


def expire(recruitment: MarketRecruitment, *, only: Collection[str] = ()) -> int:
    """Let nobody begin any more: the named postings, or every open one of ours.

    Orphans are expired when they are named. Work under way may still be handed in.

    Raises:
        StudyStateError: If a name is neither ours nor an orphan of ours.
        MarketError: If the market cannot be asked; it may be done again.
    """
    names = _expirable(recruitment, only)
    for name in names:
        recruitment.market.set_expiry(name, at=LONG_AGO)
    with recruitment.services.store.write() as tx:
        postings.notice(tx, recruitment.recruiter.name, external_ids=names)
    return len(names)


def extend_lifetime(recruitment: MarketRecruitment, *, hours: float) -> int:
    """Let people begin for so long from now on: every open posting of ours.

    Raises:
        StudyStateError: If it was never posted.
        MarketError: If the market cannot be asked; it may be done again.
    """
    with recruitment.services.store.read() as tx:
        require_account(recruitment, tx)
        hits = postings.hits_of(tx, recruitment.id, states=("posted",))
    until = recruitment.services.clock() + timedelta(hours=hours)
    for hit in hits:
        if hit.external_id is not None:
            recruitment.market.set_expiry(hit.external_id, at=until)
            with recruitment.services.store.write() as tx:
                postings.set_values(tx, hit.id, expires_at=until)
    return len(hits)


def extend_places(
    recruitment: MarketRecruitment, name: str, *, n_more: int, purpose: str
) -> bool:
    """Let more people do one posting; the same purpose is one extension.

    Returns:
        Whether it was done now; False where it was done before.

    Raises:
        StudyStateError: If the posting is not ours.
        SpendingError: If cap or balance forbid it.
        MarketError: If the market refuses, or does not answer.
    """
    hit = _hit_named(recruitment, name)
    intent = _more_places(recruitment, hit, n_more=n_more, purpose=purpose)
    # Before anything is written, so that nothing waits for money.
    Balance(recruitment.market).take(intent.amount_minor)
    with recruitment.services.store.write() as tx:
        entry = ledger.intend(
            recruitment.services,
            tx,
            intent,
            account_id=recruitment.id,
            recruitment_token=recruitment.token,
        )
    if entry.state == "done":
        return False
    try:
        recruitment.market.extend(name, n_more=n_more, token=entry.token)
    except AlreadyDoneError:
        pass
    except MarketRefusedError as error:
        if error.is_certain:
            with recruitment.services.store.write() as tx:
                ledger.refuse(recruitment.services, tx, entry.id, problem=str(error))
        raise
    return _extended(recruitment, entry.id, hit, n_more=n_more)


def require_hit(recruitment: MarketRecruitment, name: str) -> None:
    """Refuse a posting that is not ours, before anybody is asked to agree.

    Raises:
        StudyStateError: If it is not.
    """
    _hit_named(recruitment, name)


def _more_places(
    recruitment: MarketRecruitment, hit: Hit, *, n_more: int, purpose: str
) -> ledger.Intent:
    cost_minor = recruitment.place_cost_minor(hit.n_assignments + n_more)
    # Ten and more assignments cost more for those that are there, too.
    dearer = max(0, cost_minor - hit.cost_minor) * hit.n_assignments
    return ledger.Intent(
        kind="extend",
        key=f"extend/{hit.number}/{n_more}/{purpose}",
        amount_minor=cost_minor * n_more + dearer,
        hit_id=hit.id,
        reason=str(n_more),
    )


def settle_extensions(
    recruitment: MarketRecruitment, listed: Sequence[ListedPosting]
) -> int:
    """Extensions whose reply never came: ask again under the same token."""
    with recruitment.services.store.read() as tx:
        waiting = accounts.open_entries(tx, recruitment.id, kinds=("extend",))
        hits = {hit.id: hit for hit in postings.hits_of(tx, recruitment.id)}
    sizes = {posted.id: posted.n_assignments for posted in listed}
    n_settled = 0
    for entry in waiting:
        hit = hits[entry.hit_id or 0]
        n_more, name = int(entry.reason), hit.external_id or ""
        if sizes.get(name, 0) < hit.n_assignments + n_more:
            try:
                recruitment.market.extend(name, n_more=n_more, token=entry.token)
            except AlreadyDoneError:
                pass
            except MarketError:
                continue
        n_settled += _extended(recruitment, entry.id, hit, n_more=n_more)
    return n_settled


def _extended(
    recruitment: MarketRecruitment, entry_id: int, hit: Hit, *, n_more: int
) -> bool:
    """Write it down; False where somebody else did so meanwhile."""
    with recruitment.services.store.write() as tx:
        entry = accounts.lock_entry(tx, entry_id)
        if entry.state != "intended":
            return False
        ledger.conclude(recruitment.services, tx, entry_id)
        held = postings.get_hit(tx, hit.id)
        held.n_assignments += n_more
        held.cost_minor = recruitment.place_cost_minor(held.n_assignments)
        held.state = "posted"
        return True


def _expirable(recruitment: MarketRecruitment, only: Collection[str]) -> list[str]:
    with recruitment.services.store.read() as tx:
        require_account(recruitment, tx)
        hits = postings.hits_of(tx, recruitment.id, states=("posted",))
    ours = [hit.external_id for hit in hits if hit.external_id is not None]
    if not only:
        return ours
    known = {*ours, *(posted.id for posted in posting.listed(recruitment))}
    unknown = sorted(set(only) - known)
    if unknown:
        raise StudyStateError(
            f"not a posting of study {recruitment.study!r}: {', '.join(unknown)}; nothing "
            "was expired"
        )
    return sorted(set(only))


def _hit_named(recruitment: MarketRecruitment, name: str) -> Hit:
    with recruitment.services.store.read() as tx:
        require_account(recruitment, tx)
        for hit in postings.hits_of(tx, recruitment.id):
            if hit.external_id == name:
                return hit
    raise StudyStateError(f"{name} is not a posting of study {recruitment.study!r}")
