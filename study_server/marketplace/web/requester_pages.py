"""The requester's pages: HITs, assignments with answers, workers, decisions, spend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study_server.marketplace import people
from study_server.marketplace.errors import MarketplaceError, RequestError
from study_server.marketplace.money import write_cents
from study_server.marketplace.questions.answers import as_table
from study_server.marketplace.store import (
    Transaction,
    assignments,
    hits,
    requesters,
    workers,
)
from study_server.marketplace.store.list_pages import ListPage
from study_server.marketplace.store.tables import Assignment, Hit, Requester
from study_server.marketplace.web.access import for_anyone, for_requesters
from study_server.marketplace.web.application import courier, market
from study_server.marketplace.web.signing_in import (
    current_requester,
    forget,
    said_before,
    sign_in_requester,
    sign_out,
)
from study_server.marketplace.work import assignment_decisions
from study_server.webkit.addresses import own_path
from study_server.webkit.reading import read_whole_number
from study_server.webkit.sign_in_requests import attempt_by, let_in, throttle, too_soon

requester_pages = Blueprint("market_requester", __name__, url_prefix="/requester")

_PAGE = 50
_STATES = ("Assignable", "Unassignable", "Reviewable", "Reviewing", "Disposed")


@dataclass(frozen=True, kw_only=True)
class AssignmentForReview:
    """An assignment as its requester sees it.

    Attributes:
        id: Of the assignment.
        worker_id: Who did it.
        status: Submitted, Approved or Rejected.
        submitted_at: When it was handed in.
        minutes: From acceptance to submission.
        answers: By question.
        feedback: What the worker was told.
    """

    id: str
    worker_id: str
    status: str
    submitted_at: datetime | None
    minutes: float
    answers: dict[str, str]
    feedback: str


@requester_pages.get("/sign-in")
@for_anyone
def sign_in() -> ResponseReturnValue:
    """The form: the two keys scripts use."""
    return _sign_in_page("")


@requester_pages.post("/sign-in")
@for_anyone
def enter() -> ResponseReturnValue:
    """Check the keys; guessing is slowed down."""
    key = request.form.get("access_key", "")
    attempt = attempt_by(key)
    if wait_s := throttle().count(attempt):
        return too_soon(wait_s, _sign_in_page)
    with market().store.read() as tx:
        found = people.check_requester(tx, key, request.form.get("secret_key", ""))
    if found is None:
        return _sign_in_page("The two keys do not belong together."), 403
    throttle().note_success(attempt)
    with market().store.write() as tx:
        sign_in_requester(tx, found)
    here = url_for("market_requester.overview")
    wanted = own_path(request.form.get("next", ""), otherwise=here)
    return let_in(key, to=wanted, form=url_for(".sign_in"))


@requester_pages.post("/sign-out")
@for_anyone
def leave() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return redirect(url_for("market_requester.sign_in"), code=303)


@requester_pages.get("/")
@for_requesters
def overview() -> ResponseReturnValue:
    """Every HIT, by type, the newest first, and the money."""
    with market().store.read() as tx:
        me, asked = _requester(tx), _asked()
        page = hits.list_groups(
            tx, me.id, before=asked.before, limit=_PAGE, status=asked.status
        )
        return render_template(
            "marketplace/requester_groups.html",
            requester=me,
            groups=page.rows,
            dollars=write_cents,
            counts=hits.count_by_status(tx, me.id),
            status=asked.status,
            next_before=_next_before(page),
            money=_money(tx, me),
        )


@requester_pages.get("/types/<type_id>")
@for_requesters
def hits_of_type(type_id: str) -> ResponseReturnValue:
    """The HITs of one type, newest first."""
    with market().store.read() as tx:
        me, asked = _requester(tx), _asked()
        kind = hits.type_by_public_id(tx, type_id)
        if kind is None or kind.requester_id != me.id:
            abort(404)
        page = hits.list_hits(
            tx,
            me.id,
            after=None if asked.before is None else (asked.before,),
            limit=_PAGE,
            status=asked.status,
            hit_type=kind,
        )
        return render_template(
            "marketplace/requester_hits.html",
            requester=me,
            kind=kind,
            hits=page.rows,
            reward=write_cents(kind.reward_cents),
            status=asked.status,
            next_before=_next_before(page),
        )


@requester_pages.get("/hits/<hit_id>")
@for_requesters
def hit(hit_id: str) -> ResponseReturnValue:
    """A HIT with its assignments and their answers."""
    with market().store.read() as tx:
        me = _requester(tx)
        found = _own_hit(tx, me, hit_id)
        answered = [_answered(a) for a in assignments.all_of_hit(tx, found.id)]
        return render_template(
            "marketplace/requester_hit.html",
            requester=me,
            hit=found,
            reward=_reward_of(found),
            answered=answered,
            problem=said_before(),
        )


@requester_pages.post("/assignments/<assignment_id>/<decision>")
@for_requesters
def decide(assignment_id: str, decision: str) -> ResponseReturnValue:
    """Approve or reject."""
    if decision not in ("approve", "reject"):
        abort(404)
    with market().store.write() as tx:
        me = _requester(tx)
        found = assignments.live(tx, assignment_id)
        if found is None or found.hit.requester_id != me.id:
            abort(404)
        hit_id = found.hit.public_id
        try:
            _decide(tx, found, decision)
        except (RequestError, MarketplaceError) as error:
            flash(str(error))
    courier().wake()
    return redirect(url_for("market_requester.hit", hit_id=hit_id), code=303)


@requester_pages.get("/workers")
@for_requesters
def people_page() -> ResponseReturnValue:
    """Everybody who worked for this requester."""
    with market().store.read() as tx:
        me = _requester(tx)
        blocks = workers.list_blocks(tx, me.id, after=None, limit=1000).rows
        return render_template(
            "marketplace/requester_workers.html",
            requester=me,
            rows=requesters.people_of(tx, me.id),
            blocked={block.worker.public_id: block.reason for block in blocks},
            dollars=write_cents,
        )


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Which HITs an address asks for, and where the page starts."""

    status: str | None
    before: int | None


def _asked() -> _Asked:
    status = request.args.get("status")
    return _Asked(
        status=status if status in _STATES else None,
        before=read_whole_number(request.args.get("before", "")),
    )


def _next_before(page: ListPage[Any]) -> int | None:
    return page.after[0] if page.after and not page.is_last else None


def _decide(tx: Transaction, found: Assignment, decision: str) -> None:
    hits.locked(tx, found.hit_id)
    found = assignments.refreshed(tx, found.id)
    feedback = request.form.get("feedback", "").strip()[:1024]
    now = market().clock()
    if decision == "approve":
        is_override = found.status == "Rejected"
        assignment_decisions.approve(
            tx, found, at=now, feedback=feedback or None, is_override=is_override
        )
        return
    if not feedback:
        raise MarketplaceError("say why the work is rejected: the worker reads it")
    assignment_decisions.reject(tx, found, at=now, feedback=feedback)


def _answered(entry: Assignment) -> AssignmentForReview:
    submitted_at = entry.submitted_at or entry.accepted_at
    return AssignmentForReview(
        id=entry.public_id,
        worker_id=entry.worker.public_id,
        status=entry.status,
        submitted_at=entry.submitted_at,
        minutes=(submitted_at - entry.accepted_at).total_seconds() / 60,
        answers=dict(as_table(entry.answer)),
        feedback=entry.feedback or "",
    )


def _money(tx: Transaction, me: Requester) -> dict[str, str]:
    paid = requesters.paid_cents(tx, me.id)
    cents = {
        "available": me.available_cents,
        "on hold": me.on_hold_cents,
        **paid,
    }
    return {name: write_cents(value) for name, value in cents.items()}


def _reward_of(hit: Hit) -> str:
    return write_cents(hit.hit_type.reward_cents)


def _own_hit(tx: Transaction, me: Requester, hit_id: str) -> Hit:
    found = hits.by_public_id(tx, hit_id)
    if found is None or found.requester_id != me.id:
        abort(404)
    return found


def _requester(tx: Transaction) -> Requester:
    found = current_requester(tx)
    if found is None:
        forget()
        abort(403)
    return found


def _sign_in_page(problem: str) -> str:
    wanted = request.values.get("next", "")
    return render_template(
        "marketplace/requester_sign_in.html", problem=problem, next=wanted
    )
