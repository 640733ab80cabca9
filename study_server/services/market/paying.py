"""Approving, rejecting and bonuses, from intent to outcome: each once.

What is excluded from the analysis is paid all the same, unless the study file says
to hold it for a person to decide; nothing is ever rejected but by a person, and
nothing is paid by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from study_server.errors import (
    AlreadyDoneError,
    MarketError,
    MarketRefusedError,
    SpendingError,
    StudyError,
    StudyStateError,
)
from study_server.recruiters.market import BonusPayment, Status
from study_server.services.accounts import activity
from study_server.services.market import ledger
from study_server.services.market.balances import Balance
from study_server.services.market.ledger import Intent
from study_server.services.market.recruitment import MarketRecruitment, require_account
from study_server.store.market import assignments
from study_server.store.market import ledger as accounts
from study_server.store.market.assignments import HandedInWork
from study_server.store.tables import LedgerEntry

# Room is kept for the mark at its end.
MAX_REASON: Final = 4000


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Something to be decided or paid for one piece of work.

    Attributes:
        work: The work.
        intent: As the ledger gets it.
    """

    work: HandedInWork
    intent: Intent


@dataclass(frozen=True, kw_only=True)
class PayReport:
    """What came of payments. Amounts are minor units.

    Attributes:
        n_done: Decisions and payments that are done now.
        n_before: Those that were done before; nothing was done again.
        n_held: Work that waits for a person to decide.
        n_unsettled: Calls nobody knows the outcome of; run the command again.
        pay_minor: What people got.
        problems: What did not work, in words.
    """

    n_done: int = 0
    n_before: int = 0
    n_held: int = 0
    n_unsettled: int = 0
    pay_minor: int = 0
    problems: tuple[str, ...] = ()


def pays_by_rule(recruitment: MarketRecruitment, work: HandedInWork) -> bool:
    """Whether the study's pay rules approve this work without a person's look."""
    section = recruitment.section
    if work.held_reason is not None:
        return False
    match work.assignment.label:
        case "complete":
            is_paid = work.validity == "valid" or section.pay_invalid == "full"
            # What is still under way is nothing yet.
            return is_paid and work.validity != "pending"
        case "repeat":
            return section.pay_invalid == "full"
        case "partial" | "late":
            return section.pay_partial == "full"
        case "left":
            return section.pay_screened_out == "full" or section.pay_partial == "full"
        case _:
            return False


def approve(
    recruitment: MarketRecruitment,
    *,
    only: Collection[str] = (),
    overrides: bool = False,
) -> PayReport:
    """Pay the reward: of what the rules say, or of the named assignments.

    Args:
        recruitment: Of which study, on which market.
        only: The market's names of assignments; whatever the rules say.
        overrides: Take rejections of the named ones back.

    Raises:
        StudyStateError: If it was never posted, or a name is unknown.
    """
    work = _work(recruitment)
    if only:
        chosen = _named(work, only)
        statuses = ("submitted", "rejected") if overrides else ("submitted",)
    else:
        chosen = [entry for entry in work if pays_by_rule(recruitment, entry)]
        statuses = ("submitted",)
    open_ = [w for w in work if w.assignment.status == "submitted"]
    payments = [
        _approval(recruitment, w) for w in chosen if w.assignment.status in statuses
    ]
    # What the cap may refuse comes last, and stops nothing that is set aside.
    payments.sort(key=lambda payment: payment.intent.amount_minor)
    done = _carry_out(recruitment, payments)
    _note(recruitment, "work approved", report=done)
    n_chosen = sum(p.work.assignment.status == "submitted" for p in payments)
    return replace(done, n_held=len(open_) - n_chosen)


def _approval(recruitment: MarketRecruitment, work: HandedInWork) -> Payment:
    # Set aside when it was posted; set free if it was rejected or its place given up.
    is_dearer = work.assignment.status == "rejected" or not work.assignment.is_covered
    intent = Intent(
        kind="approve",
        key=f"approve/{work.assignment.id}",
        amount_minor=work.hit.cost_minor if is_dearer else 0,
        pay_minor=recruitment.section.reward_minor,
        assignment_id=work.assignment.id,
        hit_id=work.hit.id,
    )
    return Payment(work=work, intent=intent)


def reject(
    recruitment: MarketRecruitment, *, only: Collection[str], feedback: str
) -> PayReport:
    """Refuse the reward of named assignments, with a reason the worker reads.

    Raises:
        StudyStateError: If it was never posted, or a name is unknown.
        SpendingError: If there is no reason.
    """
    if not feedback.strip():
        raise SpendingError("a rejection needs a reason, which the worker reads")
    payments = [
        Payment(
            work=w,
            intent=Intent(
                kind="reject",
                key=f"reject/{w.assignment.id}",
                assignment_id=w.assignment.id,
                hit_id=w.hit.id,
                reason=feedback.strip(),
            ),
        )
        for w in _named(_work(recruitment), only)
        if w.assignment.status == "submitted"
    ]
    done = _carry_out(recruitment, payments)
    _note(recruitment, "work rejected", report=done)
    return done


def bonus_payments(
    recruitment: MarketRecruitment,
    *,
    amount_minor: int,
    reason: str,
    only: Collection[str] = (),
) -> list[Payment]:
    """A bonus for the named work, or for everything complete that was not rejected.

    The same amount for the same reason is one bonus, however often it is asked for.

    Raises:
        StudyStateError: If it was never posted, or a name is unknown.
        SpendingError: If there is no amount or no reason.
    """
    if amount_minor <= 0 or not reason.strip():
        raise SpendingError(
            "a bonus needs an amount above 0 and a reason, which the worker reads"
        )
    work = _work(recruitment)
    chosen = (
        _named(work, only)
        if only
        else [
            w
            for w in work
            if w.assignment.label == "complete" and w.held_reason is None
        ]
    )
    return [
        _extra(recruitment, w, amount_minor=amount_minor, reason=reason.strip())
        for w in chosen
        if w.assignment.status != "rejected"
    ]


def _extra(
    recruitment: MarketRecruitment,
    work: HandedInWork,
    *,
    amount_minor: int,
    reason: str,
) -> Payment:
    purpose = hashlib.sha256(f"{amount_minor}/{reason}".encode()).hexdigest()
    fee = recruitment.recruiter.bonus_fee_minor(recruitment.section, amount_minor)
    intent = Intent(
        kind="bonus",
        key=f"bonus/{work.assignment.id}/{purpose[:16]}",
        amount_minor=amount_minor + fee,
        pay_minor=amount_minor,
        assignment_id=work.assignment.id,
        hit_id=work.hit.id,
        reason=reason[:MAX_REASON],
    )
    return Payment(work=work, intent=intent)


def pay_bonuses(
    recruitment: MarketRecruitment, payments: Sequence[Payment]
) -> PayReport:
    """Pay bonuses, each once."""
    done = _carry_out(recruitment, payments)
    _note(recruitment, "bonuses paid", report=done)
    return done


def _note(
    recruitment: MarketRecruitment, action: activity.Action, *, report: PayReport
) -> None:
    if not report.n_done:
        return
    amount = f"{report.pay_minor} minor units of {recruitment.recruiter.currency}"
    what = f"{report.n_done} assignments, {amount}, {recruitment.environment}"
    activity.note_now(
        recruitment.services, action, subject=recruitment.study, detail=what
    )


def new_cost_minor(recruitment: MarketRecruitment, payments: Sequence[Payment]) -> int:
    """What payments would cost that are not in the ledger yet, fees included."""
    with recruitment.services.store.read() as tx:
        known = {
            entry.key
            for entry in accounts.entries_of(tx, recruitment.id)
            if entry.state != "refused"
        }
    return sum(p.intent.amount_minor for p in payments if p.intent.key not in known)


def require_known(recruitment: MarketRecruitment, names: Collection[str]) -> None:
    """Refuse names of work that is not here, before anybody is asked to agree.

    Raises:
        StudyStateError: If it was never posted, or a name is unknown.
    """
    _named(_work(recruitment), names)


def _work(recruitment: MarketRecruitment) -> list[HandedInWork]:
    with recruitment.services.store.read() as tx:
        require_account(recruitment, tx)
        return assignments.work_of(tx, recruitment.id)


def _named(work: Sequence[HandedInWork], names: Collection[str]) -> list[HandedInWork]:
    """The newest piece of work under each name.

    Raises:
        StudyStateError: If nobody handed in under a name.
    """
    newest = {entry.assignment.external_id: entry for entry in work}
    unknown = sorted(set(names) - set(newest))
    if unknown:
        raise StudyStateError(
            f"no work is known under: {', '.join(unknown)}; `secondlook hit sync` "
            "takes in what was handed in, `secondlook hit show` lists it"
        )
    return [newest[name] for name in dict.fromkeys(names)]


def settle(recruitment: MarketRecruitment) -> PayReport:
    """Find out, or bring about, what was asked for and has no outcome."""
    return _carry_out(recruitment, _unsettled(recruitment))


def _unsettled(recruitment: MarketRecruitment) -> list[Payment]:
    with recruitment.services.store.read() as tx:
        entries = accounts.open_entries(
            tx, recruitment.id, kinds=("approve", "reject", "bonus")
        )
        by_id = {w.assignment.id: w for w in assignments.work_of(tx, recruitment.id)}
    return [
        Payment(
            work=by_id[entry.assignment_id],
            intent=Intent(
                kind=entry.kind,  # type: ignore[arg-type] # the database checks the words
                key=entry.key,
                amount_minor=entry.amount_minor,
                pay_minor=entry.pay_minor,
                assignment_id=entry.assignment_id,
                reason=entry.reason,
            ),
        )
        for entry in entries
        if entry.assignment_id is not None
    ]


def _carry_out(
    recruitment: MarketRecruitment, payments: Sequence[Payment]
) -> PayReport:
    """Intent, call, outcome: one after another, and stop where none can work."""
    report, balance = PayReport(), Balance(recruitment.market)
    for payment in payments:
        try:
            if _was_done(recruitment, payment):
                report = replace(report, n_before=report.n_before + 1)
                continue
            # Before anything is written, so that nothing waits for money.
            balance.take(payment.intent.amount_minor)
            entry = _intend(recruitment, payment)
            _ask(recruitment, payment, token=entry.token)
        except (SpendingError, MarketError) as error:
            report = _failed(recruitment, report, payment, error)
            if isinstance(error, SpendingError) or error.is_hopeless:
                break
        else:
            report = _done(recruitment, report, payment, entry_id=entry.id)
    return report


def _was_done(recruitment: MarketRecruitment, payment: Payment) -> bool:
    with recruitment.services.store.read() as tx:
        entry = accounts.find_entry(tx, recruitment.id, key=payment.intent.key)
        return entry is not None and entry.state == "done"


def _intend(recruitment: MarketRecruitment, payment: Payment) -> LedgerEntry:
    with recruitment.services.store.write() as tx:
        return ledger.intend(
            recruitment.services,
            tx,
            payment.intent,
            account_id=recruitment.id,
            recruitment_token=recruitment.token,
        )


def _done(
    recruitment: MarketRecruitment,
    report: PayReport,
    payment: Payment,
    *,
    entry_id: int,
) -> PayReport:
    if not _conclude(recruitment, entry_id, payment):
        # Somebody else did it meanwhile, under the same token.
        return replace(report, n_before=report.n_before + 1)
    return replace(
        report,
        n_done=report.n_done + 1,
        pay_minor=report.pay_minor + payment.intent.pay_minor,
    )


def _conclude(recruitment: MarketRecruitment, entry_id: int, payment: Payment) -> bool:
    """Write down that it is done, and what the work's decision is now.

    Returns:
        Whether the ledger says so by this; False where it said so before.
    """
    with recruitment.services.store.write() as tx:
        was_open = accounts.lock_entry(tx, entry_id).state == "intended"
        entry = ledger.conclude(recruitment.services, tx, entry_id)
        work = assignments.get_assignment(tx, payment.work.assignment.id)
        if entry.kind == "approve":
            work.status = "approved"
        elif entry.kind == "reject" and work.status == "submitted":
            work.status = "rejected"
            accounts.commit_money(tx, recruitment.id, -payment.work.hit.cost_minor)
        return was_open


def _failed(
    recruitment: MarketRecruitment,
    report: PayReport,
    payment: Payment,
    error: StudyError,
) -> PayReport:
    """What could not be done is free again; what may have been done stays open."""
    is_refused = isinstance(error, MarketRefusedError) and error.is_certain
    with recruitment.services.store.write() as tx:
        entry = accounts.find_entry(tx, recruitment.id, key=payment.intent.key)
        if entry is not None and is_refused:
            ledger.refuse(recruitment.services, tx, entry.id, problem=str(error))
        is_open = entry is not None and entry.state == "intended"
    return replace(
        report,
        n_unsettled=report.n_unsettled + is_open,
        problems=(*report.problems, str(error)),
    )


def _ask(recruitment: MarketRecruitment, payment: Payment, *, token: str) -> None:
    """Have the market do it; what it has done already is no failure."""
    match payment.intent.kind:
        case "approve":
            _decide(
                recruitment,
                payment,
                wanted="approved",
                ask=lambda name: recruitment.market.approve(
                    name, overrides=payment.work.assignment.status == "rejected"
                ),
            )
        case "reject":
            _decide(
                recruitment,
                payment,
                wanted="rejected",
                ask=lambda name: recruitment.market.reject(
                    name, feedback=payment.intent.reason
                ),
            )
        case _:
            _pay_bonus(recruitment, payment, token=token)


def _decide(
    recruitment: MarketRecruitment,
    payment: Payment,
    *,
    wanted: Status,
    ask: Callable[[str], None],
) -> None:
    """Decide; a no because it is decided already is no failure."""
    name = payment.work.assignment.external_id
    try:
        ask(name)
    except MarketRefusedError as error:
        if error.is_hopeless or recruitment.market.status_of(name) != wanted:
            raise


def _pay_bonus(recruitment: MarketRecruitment, payment: Payment, *, token: str) -> None:
    """Pay; the market's own list says whether an old intent was carried out."""
    if payment.work.worker is None:
        raise MarketRefusedError(
            "this person was erased, so nobody knows whom to pay any more"
        )
    bonus = BonusPayment(
        assignment_id=payment.work.assignment.external_id,
        worker_id=payment.work.worker,
        amount_minor=payment.intent.pay_minor,
        # The mark tells this bonus from another one with the same words; it stays
        # the same even where a new token is needed.
        reason=f"{payment.intent.reason} [{_mark(recruitment, payment)}]",
    )
    if any(
        paid.worker_id == bonus.worker_id and paid.reason == bonus.reason
        for paid in recruitment.market.bonuses(bonus.assignment_id)
    ):
        return
    try:
        recruitment.market.pay_bonus(bonus, token=token)
    except AlreadyDoneError:
        return


def _mark(recruitment: MarketRecruitment, payment: Payment) -> str:
    return ledger.derive_token(recruitment.token, payment.intent.key)[:10]
