"""Who may take part, told to the market: the offer and its qualifications.

Admission refuses whoever may not come in any case; the market's qualifications
only keep people from accepting what they would have to give back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import timedelta

from study_server.errors import MarketRefusedError
from study_server.recruiters.base import Notifies
from study_server.recruiters.market import WorkOffer
from study_server.services.market.recruitment import MarketRecruitment
from study_server.services.study_files.sections import StudyFile
from study_server.store.market import assignments, ledger, postings


@dataclass(frozen=True, kw_only=True)
class Offers:
    """The market's names of a study's offers, which differ in who may take them.

    Attributes:
        anybody: For everybody whom the study admits.
        newcomers: For those of them who have handed in nothing yet.
    """

    anybody: str
    newcomers: str


def prepare_offers(recruitment: MarketRecruitment) -> Offers:
    """The offers, their qualifications made and up to date.

    Each asks for a qualification of this study alone, so that the market never
    takes postings of two studies with the same words for one group of work.
    """
    file = _file(recruitment)
    own, others = _taken_part(recruitment), _of_others(recruitment, file)
    newcomers = anybody = _offer(recruitment, absent=(own, *others))
    if file.design.is_open_again:
        enough = _kept(recruitment, "enough_id", purpose="did enough")
        newcomers, anybody = anybody, _offer(recruitment, absent=(enough, *others))
    offers = Offers(
        anybody=_prepare(recruitment, anybody),
        newcomers=_prepare(recruitment, newcomers),
    )
    digest = hashlib.sha256(repr(astuple(anybody)).encode()).hexdigest()
    with recruitment.services.store.write() as tx:
        ledger.keep(
            tx,
            recruitment.id,
            {"offer_id": offers.anybody, "offer_sha256": digest},
        )
    return offers


def _offer(recruitment: MarketRecruitment, *, absent: tuple[str, ...]) -> WorkOffer:
    offer: WorkOffer = recruitment.recruiter.offer(
        recruitment.section, spot=recruitment.spot, absent=absent
    )
    return offer


def _prepare(recruitment: MarketRecruitment, offer: WorkOffer) -> str:
    offer_id = recruitment.market.prepare(offer)
    _ask_for_notifications(recruitment, offer_id)
    return offer_id


def qualify_workers(recruitment: MarketRecruitment) -> list[str]:
    """Tell the market who took part, who did enough and who has to wait.

    Returns:
        What went wrong, in words; everybody else is told of all the same.

    Raises:
        MarketError: If the market cannot be asked.
    """
    return [
        *_grant_taken_part(recruitment),
        *_grant_enough(recruitment),
        *_update_waiting(recruitment),
    ]


def _grant_enough(recruitment: MarketRecruitment) -> list[str]:
    """Keep people who did as many blocks as they may from more; what went wrong."""
    n_most = _file(recruitment).design.max_blocks_per_participant
    with recruitment.services.store.read() as tx:
        account = ledger.find_account(tx, recruitment.id)
        done = assignments.workers_with(tx, recruitment.id, n_sessions=n_most)
    if account is None or account.enough_id is None or not done:
        return []
    enough = account.enough_id
    new = done - set(recruitment.market.holders(enough))
    refused = _each(
        sorted(new), lambda w: recruitment.market.grant(enough, worker_id=w)
    )
    return [f"somebody who did enough: {words}" for words in refused.values()]


def _grant_taken_part(recruitment: MarketRecruitment) -> list[str]:
    """Give people who handed in this study's qualification; what went wrong.

    A crash in between only gives it once more, which changes nothing.
    """
    with recruitment.services.store.read() as tx:
        account = ledger.find_account(tx, recruitment.id)
        waiting = assignments.ungranted(tx, recruitment.id)
    if account is None or account.taken_part_id is None:
        return []
    own = account.taken_part_id
    workers = list(dict.fromkeys(worker for _, worker in waiting))
    refused = _each(workers, lambda w: recruitment.market.grant(own, worker_id=w))
    with recruitment.services.store.write() as tx:
        assignments.mark_granted(tx, [key for key, w in waiting if w not in refused])
    return [f"somebody who took part: {words}" for words in refused.values()]


def _update_waiting(recruitment: MarketRecruitment) -> list[str]:
    """Bar who took part in an excluded study too lately; let the others in again.

    Returns:
        What went wrong, in words; the others are barred and let in all the same.
    """
    exclude = _file(recruitment).exclude
    if not exclude.studies or exclude.days is None:
        return []
    since = recruitment.services.clock() - timedelta(days=exclude.days)
    with recruitment.services.store.read() as tx:
        account = ledger.find_account(tx, recruitment.id)
        barred = postings.workers_since(
            tx,
            exclude.studies,
            issuer=recruitment.recruiter.issuer(recruitment.section),
            since=since,
        )
    if account is None or account.waits_id is None:
        return []
    waits = account.waits_id
    holders = set(recruitment.market.holders(waits))
    refused = {
        **_each(
            sorted(barred - holders),
            lambda w: recruitment.market.grant(waits, worker_id=w),
        ),
        **_each(
            sorted(holders - barred),
            lambda w: recruitment.market.revoke(waits, worker_id=w),
        ),
    }
    return [f"somebody who has to wait: {words}" for words in refused.values()]


def _each(workers: Sequence[str], call: Callable[[str], None]) -> dict[str, str]:
    """Call for every worker; those the market refuses, with its words.

    Raises:
        MarketError: If it would refuse, or not hear, the next one too.
    """
    refused = {}
    for worker in workers:
        try:
            call(worker)
        except MarketRefusedError as error:
            if error.is_hopeless:
                raise
            refused[worker] = str(error).replace(worker, "this worker")
    return refused


def _of_others(recruitment: MarketRecruitment, file: StudyFile) -> tuple[str, ...]:
    """Qualifications of excluded studies' people."""
    if not file.exclude.studies:
        return ()
    if file.exclude.days is not None:
        waits = _kept(recruitment, "waits_id", purpose="waits")
        _update_waiting(recruitment)
        return (waits,)
    with recruitment.services.store.read() as tx:
        others = postings.accounts_named(
            tx, file.exclude.studies, endpoint=recruitment.market.endpoint
        )
    return tuple(a.taken_part_id for a in others if a.taken_part_id is not None)


def _taken_part(recruitment: MarketRecruitment) -> str:
    return _kept(recruitment, "taken_part_id", purpose="took part")


def _kept(recruitment: MarketRecruitment, column: str, *, purpose: str) -> str:
    """A qualification of ours, made where there is none yet."""
    with recruitment.services.store.read() as tx:
        account = ledger.find_account(tx, recruitment.id)
        found: str | None = getattr(account, column, None)
    if found is not None:
        return found
    # The name says nothing about the study; the address part makes it ours alone.
    made = recruitment.market.make_qualification(
        f"Image study {recruitment.token[:12]} ({purpose})",
        description="Given to people who have taken part in a study about images.",
    )
    with recruitment.services.store.write() as tx:
        ledger.keep(tx, recruitment.id, {column: made})
    return made


def _ask_for_notifications(recruitment: MarketRecruitment, offer_id: str) -> None:
    queue = getattr(recruitment.section, "notification_queue", None)
    if queue is not None and isinstance(recruitment.recruiter, Notifies):
        recruitment.market.notify(offer_id, queue=queue)


def _file(recruitment: MarketRecruitment) -> StudyFile:
    with recruitment.services.store.read() as tx:
        return recruitment.read_file(tx)
