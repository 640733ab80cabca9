"""The worker site: signing up and in, earnings, Qualifications, messages."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study_server.marketplace import people
from study_server.marketplace.errors import MarketplaceError, WorkerError
from study_server.marketplace.store import Transaction, qualifications, workers
from study_server.marketplace.store.tables import Worker
from study_server.marketplace.system_qualifications import percent_approved
from study_server.marketplace.web.access import for_anyone, for_workers
from study_server.marketplace.web.application import market
from study_server.marketplace.web.question_frames import url_of_test
from study_server.marketplace.web.signing_in import (
    current_worker,
    forget,
    said_before,
    sign_in_worker,
    sign_out,
)
from study_server.marketplace.work import browsing, qualification_grants
from study_server.webkit.addresses import own_path
from study_server.webkit.security_headers import allow
from study_server.webkit.sign_in_requests import attempt_by, let_in, throttle, too_soon

worker_account = Blueprint("market_worker_account", __name__, url_prefix="/worker")

_MAX_LISTED = 200


@worker_account.get("/sign-up")
@for_anyone
def sign_up() -> ResponseReturnValue:
    """The form for a new worker."""
    return _sign_up_page("")


@worker_account.post("/sign-up")
@for_anyone
def add() -> ResponseReturnValue:
    """A new worker, signed in at once."""
    form = request.form
    profile = people.WorkerProfile(
        name=form.get("name", ""),
        password=form.get("password", ""),
        country=form.get("country", "").strip().upper(),
        subdivision=form.get("subdivision", "").strip().upper(),
        is_adult=form.get("adult") == "yes",
    )
    if not profile.name:
        return _sign_up_page("Choose a name."), 400
    if wait_s := throttle().count_sign_up(str(request.remote_addr)):
        return too_soon(wait_s, _sign_up_page)
    try:
        with market().store.write() as tx:
            sign_in_worker(tx, people.add_worker(tx, profile, at=market().clock()))
    except MarketplaceError as error:
        return _sign_up_page(str(error)), 400
    there = url_for("market_worker.groups")
    return let_in(profile.name, to=there, form=url_for(".sign_in"))


@worker_account.get("/sign-in")
@for_anyone
def sign_in() -> ResponseReturnValue:
    """The form."""
    return _sign_in_page("")


@worker_account.post("/sign-in")
@for_anyone
def enter() -> ResponseReturnValue:
    """Check name and password; guessing is slowed down."""
    name = request.form.get("name", "")
    attempt = attempt_by(name)
    if wait_s := throttle().count(attempt):
        return too_soon(wait_s, _sign_in_page)
    password = request.form.get("password", "")
    with market().store.read() as tx:
        worker = people.check_worker(tx, name, password)
    if worker is None:
        return _sign_in_page("Name and password do not belong together."), 403
    throttle().note_success(attempt)
    with market().store.write() as tx:
        worker = people.renew_hash(tx, worker, password)
        sign_in_worker(tx, worker)
    here = url_for("market_worker.groups")
    wanted = own_path(request.form.get("next", ""), otherwise=here)
    return let_in(name, to=wanted, form=url_for(".sign_in"))


@worker_account.post("/sign-out")
@for_anyone
def leave() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return redirect(url_for("market_worker.groups"), code=303)


@worker_account.get("/work")
@for_workers
def work() -> ResponseReturnValue:
    """What this worker did and earned."""
    with market().store.read() as tx:
        worker = _worker(tx)
        return render_template(
            "marketplace/earnings.html",
            worker=worker,
            n_unread=workers.count_unread(tx, worker.id),
            done=browsing.list_work(tx, worker, limit=_MAX_LISTED),
            earnings=browsing.earnings_of(tx, worker),
            percent=percent_approved(worker),
        )


@worker_account.get("/messages")
@for_workers
def messages() -> ResponseReturnValue:
    """What requesters wrote."""
    with market().store.write() as tx:
        worker = _worker(tx)
        found = workers.notices(tx, worker.id)
        page = render_template(
            "marketplace/messages.html", worker=worker, n_unread=0, notices=found
        )
        workers.mark_read(tx, worker.id, at=market().clock())
    return page


@worker_account.get("/qualifications")
@for_workers
def list_qualifications() -> ResponseReturnValue:
    """What this worker has, and what can be asked for."""
    words = request.args.get("words", "").strip()[:200]
    with market().store.read() as tx:
        worker = _worker(tx)
        page = qualifications.list_types(
            tx,
            query_text=words or None,
            must_be_requestable=True,
            owner_id=None,
            after=None,
            limit=_MAX_LISTED,
        )
        granted = qualifications.grants_of(tx, worker.id)
        has = {grant.kind.id for grant in granted}
        return render_template(
            "marketplace/qualifications.html",
            worker=worker,
            n_unread=workers.count_unread(tx, worker.id),
            granted=granted,
            kinds=[k for k in page.rows if k.id not in has and k.status == "Active"],
            words=words,
            percent=percent_approved(worker),
            problem=said_before(),
        )


@worker_account.post("/qualifications/<type_id>")
@for_workers
def ask(type_id: str) -> ResponseReturnValue:
    """Ask for a Qualification; one with a test shows it."""
    with market().store.write() as tx:
        worker, kind = _worker(tx), qualifications.find_type(tx, type_id)
        if kind is None:
            abort(404)
        try:
            asked = qualification_grants.ask_for(tx, kind, worker, at=market().clock())
        except WorkerError as error:
            flash(str(error))
            return redirect(url_for(".list_qualifications"), code=303)
        where = url_for(".list_qualifications")
        if asked.status == "Started":
            where = url_for(".take_test", request_id=asked.public_id)
    return redirect(where, code=303)


@worker_account.get("/tests/<request_id>")
@for_workers
def take_test(request_id: str) -> ResponseReturnValue:
    """A Qualification test in its frame."""
    with market().store.read() as tx:
        worker, asked = _worker(tx), qualifications.find_request(tx, request_id)
        if asked is None or asked.worker_id != worker.id:
            abort(404)
        if asked.status != "Started":
            return redirect(url_for(".list_qualifications"))
        allow({"frame-src": "'self'"})
        return render_template(
            "marketplace/test.html",
            worker=worker,
            n_unread=workers.count_unread(tx, worker.id),
            kind=asked.kind,
            url=url_of_test(request_id),
        )


def _worker(tx: Transaction) -> Worker:
    worker = current_worker(tx)
    if worker is None:
        forget()
        abort(403)
    return worker


def _sign_up_page(problem: str) -> str:
    return render_template(
        "marketplace/sign_up.html", problem=problem, form=request.form
    )


def _sign_in_page(problem: str) -> str:
    wanted = request.values.get("next", "")
    return render_template("marketplace/sign_in.html", problem=problem, next=wanted)
