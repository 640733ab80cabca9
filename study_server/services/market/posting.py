"""Blocks become postings: exactly what is missing to n valid, each once.

A posting is written down with its money before the market is asked for it; what was
written down and never answered is found or asked for again, under the same token.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from study_server.errors import (
    AlreadyDoneError,
    MarketError,
    MarketRefusedError,
    SpendingError,
)
from study_server.recruiters.base import Pays
from study_server.recruiters.market import ListedPosting, MarketQuestion, Posting
from study_server.services.accounts import activity
from study_server.services.market import collecting, ledger, repeats, sheets
from study_server.services.market.balances import Balance
from study_server.services.market.qualifying import Offers, prepare_offers
from study_server.services.market.quoting import (
    Quote,
    planned_places,
    quote_missing,
    refuse_to_spend,
)
from study_server.services.market.recruitment import MarketRecruitment
from study_server.store import Transaction, studies
from study_server.store.market import ledger as accounts
from study_server.store.market import postings
from study_server.store.market.postings import BlockNeed
from study_server.store.tables import Hit, MarketAccount

N_AT_ONCE: Final = 16
BATCH: Final = 100
WRITTEN_AT_ONCE: Final = 25
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class PostingDraft:
    """A posting that is written down and can be asked for.

    Attributes:
        hit_id: Our row.
        entry_id: Its ledger entry.
        posting: What the market is asked for.
        cost_minor: What it costs, all places and fees.
        is_retry: Whether the market may have been asked before.
    """

    hit_id: int
    entry_id: int
    posting: Posting
    cost_minor: int
    is_retry: bool = False


@dataclass(frozen=True, kw_only=True)
class PostingOutcome:
    """What became of a draft.

    Attributes:
        draft: Which.
        external_id: The market's name of it; None where it did not come to be.
        error: Why; None where it did.
        was_sent: Whether the market was asked at all.
    """

    draft: PostingDraft
    external_id: str | None = None
    error: Exception | None = None
    was_sent: bool = True


@dataclass(frozen=True, kw_only=True)
class PostReport:
    """What posting came to.

    Attributes:
        quote: Its price.
        n_posted: Postings that are up.
        n_unsettled: Postings nobody knows of yet; run the command again.
        problem: Why it stopped early; empty where it did not.
    """

    quote: Quote
    n_posted: int
    n_unsettled: int
    problem: str = ""


def post(
    recruitment: MarketRecruitment,
    *,
    agrees: Callable[[Quote], bool],
    low_pay_reason: str | None = None,
    n_at_once: int = N_AT_ONCE,
    on_progress: Progress = lambda _done, _all: None,
) -> PostReport:
    """Post exactly what is missing to n valid responses.

    What was intended before is found or posted first, and what was handed in is
    taken in, so that nothing is posted that is there already.

    Raises:
        StudyStateError: If the study would let nobody in.
        SpendingError: If cap, floor or balance forbid it, or nobody agrees.
        MarketError: If the market cannot be asked.
    """
    with recruitment.services.store.read() as tx:
        is_known = accounts.find_account(tx, recruitment.id) is not None
    if is_known:
        _settle_postings(recruitment)
        collecting.sync(recruitment)
    return post_missing(
        recruitment,
        agrees=agrees,
        low_pay_reason=low_pay_reason,
        n_at_once=n_at_once,
        on_progress=on_progress,
    )


def post_missing(
    recruitment: MarketRecruitment,
    *,
    agrees: Callable[[Quote], bool],
    low_pay_reason: str | None = None,
    n_at_once: int = N_AT_ONCE,
    on_progress: Progress = lambda _done, _all: None,
) -> PostReport:
    """Post what is missing to n valid responses, and nothing more.

    Args:
        recruitment: Of which study, on which market.
        agrees: Shown the price; False stops before anything is posted.
        low_pay_reason: Why people are paid less than the study's floor; kept.
        n_at_once: Calls at a time.
        on_progress: Told postings done and in all.

    Raises:
        StudyStateError: If the study would let nobody in.
        SpendingError: If cap, floor or balance forbid it, or nobody agrees.
        MarketError: If the market cannot be asked at all.
    """
    quote = quote_missing(recruitment)
    refuse_to_spend(quote, low_pay_reason=low_pay_reason)
    if not quote.n_assignments:
        return PostReport(quote=quote, n_posted=0, n_unsettled=0)
    balance = Balance(recruitment.market)
    balance.take(quote.total_minor)
    if not agrees(quote):
        raise SpendingError("nobody agreed to the price; nothing was posted")
    keep_low_pay_reason(recruitment, low_pay_reason)
    offers = prepare_offers(recruitment)
    return _post_all(
        recruitment,
        offers,
        quote=quote,
        # What is spent from here on is looked at call by call.
        balance=Balance(recruitment.market),
        n_at_once=n_at_once,
        on_progress=on_progress,
    )


def keep_low_pay_reason(recruitment: MarketRecruitment, reason: str | None) -> None:
    """Open the account, and keep why people are paid less than the floor."""
    with recruitment.services.store.write() as tx:
        open_account(recruitment, tx)
        if reason and reason.strip():
            accounts.keep(tx, recruitment.id, {"low_pay_reason": reason.strip()})


def open_account(recruitment: MarketRecruitment, tx: Transaction) -> MarketAccount:
    """The account, opened and bound to its market where there is none yet."""
    account = accounts.find_account(tx, recruitment.id)
    if account is not None:
        return account
    studies.add(
        tx,
        MarketAccount(
            recruitment_id=recruitment.id,
            endpoint=recruitment.market.endpoint,
            currency=_currency(recruitment.recruiter),
            cap_minor=recruitment.section.cap_minor,
            committed_minor=0,
            n_posted=0,
            opened_at=recruitment.services.clock(),
        ),
    )
    return accounts.lock_account(tx, recruitment.id)


def _currency(recruiter: object) -> str:
    if not isinstance(recruiter, Pays):
        raise TypeError("a market on which work is posted pays for it")
    return recruiter.currency


def _post_all(
    recruitment: MarketRecruitment,
    offers: Offers,
    *,
    quote: Quote,
    balance: Balance,
    n_at_once: int,
    on_progress: Progress,
) -> PostReport:
    n_posted, n_unsettled, problem = 0, 0, ""
    with ThreadPoolExecutor(n_at_once) as pool:
        sending = _Sending(recruitment, balance=balance, pool=pool)
        batches = _draft_in_batches(recruitment, offers, n_hits=len(quote.hits))
        for outcome in _send_batches(recruitment, sending, batches):
            n_posted += outcome.external_id is not None
            n_unsettled += outcome.external_id is None and _is_open(outcome)
            problem = problem or str(outcome.error or "")
            on_progress(n_posted, len(quote.hits))
    if n_posted:
        what = f"{n_posted} HITs, {recruitment.environment}"
        activity.note_now(
            recruitment.services, "work posted", subject=recruitment.study, detail=what
        )
    return PostReport(
        quote=quote, n_posted=n_posted, n_unsettled=n_unsettled, problem=problem
    )


def _draft_in_batches(
    recruitment: MarketRecruitment, offers: Offers, *, n_hits: int
) -> Iterator[Sequence[PostingDraft]]:
    """Write down what to ask for next, some at a time."""
    while n_hits and (
        drafts := draft_postings(recruitment, offers, most=min(BATCH, n_hits))
    ):
        yield drafts
        n_hits -= len(drafts)


def draft_postings(
    recruitment: MarketRecruitment, offers: Offers, *, most: int
) -> list[PostingDraft]:
    """Write intents for what is missing now, at most so many, money set aside.

    Whoever else posts at this moment waits here, and then finds less missing.
    """
    if most <= 0:
        return []
    with recruitment.services.store.write() as tx:
        studies.lock_study(tx, recruitment.study_id)
        account = open_account(recruitment, tx)
        planned = list(planned_places(recruitment, tx))[:most]
        writer = _writer(recruitment, tx, offers, planned=planned)
        drafts = [
            writer.draft(need, n_places=n, number=account.n_posted + at)
            for at, (need, n) in enumerate(planned, start=1)
        ]
        accounts.keep(tx, recruitment.id, {"n_posted": account.n_posted + len(drafts)})
        return drafts


def _writer(
    recruitment: MarketRecruitment,
    tx: Transaction,
    offers: Offers,
    *,
    planned: Sequence[tuple[BlockNeed, int]],
) -> _Writer:
    if recruitment.section.delivery != "html":
        return _Writer(recruitment, tx, offers)
    if offers.newcomers == offers.anybody:
        # Nobody does two, so it does not matter what others show.
        return _Writer(recruitment, tx, offers, used=Counter())
    sheets_ = postings.sheets_of(tx, recruitment.id)
    return _Writer(
        recruitment,
        tx,
        offers,
        used=Counter(key for sheet in sheets_ for key in sheets.asked_in(sheet)),
        shelf=repeats.shelf_of_all(
            recruitment, tx, planned=[need.block_id for need, _ in planned]
        ),
    )


class _Writer:
    """Writes postings down, one after another.

    `used` counts the pages that ask for a trial, `shelf` holds what was posted;
    None where people come to our own pages.
    """

    def __init__(
        self,
        recruitment: MarketRecruitment,
        tx: Transaction,
        offers: Offers,
        *,
        used: Counter[int] | None = None,
        shelf: repeats.Shelf | None = None,
    ) -> None:
        self._recruitment = recruitment
        self._tx = tx
        self._offers = offers
        self._used = used
        self._shelf = shelf

    def draft(self, need: BlockNeed, *, n_places: int, number: int) -> PostingDraft:
        """A posting for one block, its money set aside."""
        recruitment, tx = self._recruitment, self._tx
        hit = self._hit(need, n_places=n_places, number=number)
        question = _question(recruitment, tx, hit)
        intent = ledger.Intent(
            kind="post",
            key=_key(number),
            amount_minor=hit.cost_minor * n_places,
            hit_id=hit.id,
            salt=hashlib.sha256(question.text.encode()).hexdigest(),
        )
        entry = ledger.intend(
            recruitment.services,
            tx,
            intent,
            account_id=recruitment.id,
            recruitment_token=recruitment.token,
        )
        return PostingDraft(
            hit_id=hit.id,
            entry_id=entry.id,
            cost_minor=entry.amount_minor,
            posting=_posting(
                recruitment,
                hit,
                hit.offer_id or self._offers.anybody,
                question=question,
                token=entry.token,
            ),
        )

    def _hit(self, need: BlockNeed, *, n_places: int, number: int) -> Hit:
        return postings.add_hit(
            self._tx,
            Hit(
                account_id=self._recruitment.id,
                block_id=need.block_id,
                number=number,
                state="intended",
                n_assignments=n_places,
                cost_minor=self._recruitment.place_cost_minor(n_places),
                offer_id=self._offer_for(need.block_id),
                sheet=self._sheet(need, number=number),
                created_at=self._recruitment.services.clock(),
            ),
        )

    def _offer_for(self, block_id: int) -> str:
        """What shows again what another posting shows is for people who are new."""
        if self._shelf is None:
            return self._offers.anybody
        is_again = self._shelf.has_like(block_id)
        self._shelf.add(block_id)
        return self._offers.newcomers if is_again else self._offers.anybody

    def _sheet(self, need: BlockNeed, *, number: int) -> dict[str, Any] | None:
        if self._used is None:
            return None
        sheet = sheets.deal_sheet(
            self._recruitment,
            self._tx,
            block_id=need.block_id,
            number=number,
            used=self._used,
        )
        self._used.update(sheets.asked_in(sheet))
        return sheet


def _redraft(
    recruitment: MarketRecruitment, tx: Transaction, hit: Hit, offer_id: str
) -> PostingDraft | None:
    """The very same draft of a posting that is written down; None if it is settled."""
    entry = accounts.find_entry(tx, hit.account_id, key=_key(hit.number))
    if entry is None or entry.state != "intended":
        return None
    return PostingDraft(
        hit_id=hit.id,
        entry_id=entry.id,
        cost_minor=entry.amount_minor,
        is_retry=True,
        posting=_posting(
            recruitment,
            hit,
            hit.offer_id or offer_id,
            question=_question(recruitment, tx, hit),
            token=entry.token,
        ),
    )


def _posting(
    recruitment: MarketRecruitment,
    hit: Hit,
    offer_id: str,
    *,
    question: MarketQuestion,
    token: str,
) -> Posting:
    return Posting(
        offer_id=offer_id,
        question=question,
        n_assignments=hit.n_assignments,
        lifetime_s=recruitment.section.lifetime_hours * 3600,
        annotation=_annotation(recruitment, number=hit.number, token=token),
        token=token,
    )


def _annotation(recruitment: MarketRecruitment, *, number: int, token: str) -> str:
    """Our name of a posting, which the market keeps for us."""
    return f"{recruitment.annotation_head}{number}/{token[:24]}"


def _question(
    recruitment: MarketRecruitment, tx: Transaction, hit: Hit
) -> MarketQuestion:
    if hit.sheet is None:
        question: MarketQuestion = recruitment.recruiter.frame_question(
            recruitment.link
        )
        return question
    html = sheets.render_sheet(recruitment, tx, hit.sheet)
    page: MarketQuestion = recruitment.recruiter.page_question(html)
    return page


def _key(number: int) -> str:
    return f"post/{number}"


class _Sending:
    """Asks for drafts, several at a time; after the first failure for no more."""

    def __init__(
        self,
        recruitment: MarketRecruitment,
        *,
        balance: Balance,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._recruitment = recruitment
        self._balance = balance
        self._pool = pool
        self._failed: list[Exception] = []

    @property
    def has_failed(self) -> bool:
        return bool(self._failed)

    def submit(self, drafts: Sequence[PostingDraft]) -> list[Future[PostingOutcome]]:
        """The outcomes to come; what is not asked for is free again."""
        return [self._pool.submit(self._send, draft) for draft in drafts]

    def _send(self, draft: PostingDraft) -> PostingOutcome:
        if self._failed:
            return PostingOutcome(draft=draft, error=self._failed[0], was_sent=False)
        outcome = _send(self._recruitment, draft, balance=self._balance)
        if outcome.error is not None:
            self._failed.append(outcome.error)
        return outcome


def _send_batches(
    recruitment: MarketRecruitment,
    sending: _Sending,
    batches: Iterator[Sequence[PostingDraft]],
) -> Iterator[PostingOutcome]:
    """Outcomes, written before they come out; the next drafts are never waited for.

    After the first failure nothing more is asked for; what was not is free again.
    """
    pending: set[Future[PostingOutcome]] = set()
    group: list[PostingOutcome] = []
    while True:
        if len(pending) <= BATCH // 2 and not sending.has_failed:
            pending.update(sending.submit(next(batches, ())))
        if not pending:
            return
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        broken = [f for f in done if isinstance(f.exception(), Exception)]
        group += [future.result() for future in done if future not in broken]
        if len(group) >= WRITTEN_AT_ONCE or not pending or broken:
            with recruitment.services.store.write() as tx:
                for outcome in group:
                    _write(recruitment, tx, outcome)
            yield from group
            group = []
        for future in broken:
            future.result()  # a fault of ours ends it here; what was asked is written


def _send(
    recruitment: MarketRecruitment, draft: PostingDraft, *, balance: Balance
) -> PostingOutcome:
    try:
        balance.take(draft.cost_minor)
    except (SpendingError, MarketError) as error:
        return PostingOutcome(draft=draft, error=error, was_sent=False)
    try:
        external_id: str | None = recruitment.market.post(draft.posting)
    except AlreadyDoneError as done:
        external_id = done.external_id
        if external_id is None:
            return PostingOutcome(draft=draft, error=done)
    except MarketError as error:
        return PostingOutcome(draft=draft, error=error)
    return PostingOutcome(draft=draft, external_id=external_id)


def _is_open(outcome: PostingOutcome) -> bool:
    """Whether nobody knows what became of it."""
    error = outcome.error
    if error is None:
        return False
    if not outcome.was_sent:
        return outcome.draft.is_retry
    return not (isinstance(error, MarketRefusedError) and error.is_certain)


def _write(
    recruitment: MarketRecruitment, tx: Transaction, outcome: PostingOutcome
) -> None:
    """Keep what became of a draft."""
    draft = outcome.draft
    if outcome.external_id is not None:
        lifetime = timedelta(seconds=draft.posting.lifetime_s)
        _write_posted(
            recruitment,
            tx,
            draft.hit_id,
            entry_id=draft.entry_id,
            external_id=outcome.external_id,
            expires_at=recruitment.services.clock() + lifetime,
        )
    elif not _is_open(outcome):
        entry = ledger.refuse(
            recruitment.services, tx, draft.entry_id, problem=str(outcome.error)
        )
        if entry.state == "refused":
            postings.set_values(tx, draft.hit_id, state="refused")


def _write_posted(
    recruitment: MarketRecruitment,
    tx: Transaction,
    hit_id: int,
    *,
    entry_id: int,
    external_id: str,
    expires_at: datetime,
) -> None:
    ledger.conclude(recruitment.services, tx, entry_id)
    postings.set_values(
        tx,
        hit_id,
        state="posted",
        external_id=external_id,
        expires_at=expires_at,
    )


def _settle_postings(recruitment: MarketRecruitment) -> None:
    """Before anything new is posted: find or post what was intended before."""
    with recruitment.services.store.read() as tx:
        waiting = accounts.open_entries(tx, recruitment.id, kinds=("post",))
    if waiting:
        adopt(recruitment, listed(recruitment))
        send_again(recruitment)


def listed(recruitment: MarketRecruitment) -> list[ListedPosting]:
    """What the market lists under this recruitment's name."""
    head = recruitment.annotation_head
    return [p for p in recruitment.market.postings() if p.annotation.startswith(head)]


def adopt(recruitment: MarketRecruitment, listed: Sequence[ListedPosting]) -> int:
    """Write down postings that are there although their reply never came."""
    by_name = {posted.annotation: posted for posted in listed}
    n_found = 0
    for hit, entry_id, name in _intended(recruitment):
        posted = by_name.get(name)
        if posted is None:
            continue
        n_found += 1
        with recruitment.services.store.write() as tx:
            _write_posted(
                recruitment,
                tx,
                hit.id,
                entry_id=entry_id,
                external_id=posted.id,
                expires_at=posted.expires_at,
            )
    return n_found


def _intended(recruitment: MarketRecruitment) -> list[tuple[Hit, int, str]]:
    """Postings without outcome: the row, its entry and its name at the market."""
    with recruitment.services.store.read() as tx:
        entries = accounts.open_entries(tx, recruitment.id, kinds=("post",))
        hits = {hit.id: hit for hit in postings.hits_of(tx, recruitment.id)}
    intended = ((hits[entry.hit_id or 0], entry) for entry in entries)
    return [
        (hit, entry.id, _annotation(recruitment, number=hit.number, token=entry.token))
        for hit, entry in intended
    ]


def send_again(recruitment: MarketRecruitment) -> list[PostingOutcome]:
    """Ask again, under the same tokens, for postings that are not there."""
    with recruitment.services.store.read() as tx:
        account = accounts.find_account(tx, recruitment.id)
        if account is None or account.offer_id is None:
            return []
        hits = postings.hits_of(tx, recruitment.id, states=("intended",))
        found = [_redraft(recruitment, tx, hit, account.offer_id) for hit in hits]
    wanted = [draft for draft in found if draft is not None]
    if not wanted:
        return []
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        sending = _Sending(recruitment, balance=Balance(recruitment.market), pool=pool)
        return list(_send_batches(recruitment, sending, iter([wanted])))
