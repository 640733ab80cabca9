"""The worker site: finding HITs, looking at them, doing them."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study_server.marketplace.errors import WorkerError
from study_server.marketplace.store import Transaction, assignments, hits, workers
from study_server.marketplace.store.tables import Worker
from study_server.marketplace.web.access import for_anyone, for_workers
from study_server.marketplace.web.application import courier, market
from study_server.marketplace.web.question_frames import QuestionFrame, frame_of
from study_server.marketplace.web.signing_in import current_worker, said_before
from study_server.marketplace.work import browsing, worker_actions
from study_server.marketplace.work.deadlines import pass_time
from study_server.webkit.security_headers import allow

worker_pages = Blueprint("market_worker", __name__)


@worker_pages.before_app_request
def keep_time() -> None:
    """Bring everything to the time it is before a page is made."""
    if request.endpoint and request.endpoint.startswith(_BLUEPRINTS):
        pass_time(market().store, now=market().clock())


_BLUEPRINTS = ("market_worker", "market_requester")


@worker_pages.get("/")
@for_anyone
def home() -> ResponseReturnValue:
    """The HITs."""
    return redirect(url_for("market_worker.groups"))


@worker_pages.get("/mturk/preview")
@for_anyone
def old_preview() -> ResponseReturnValue:
    """Where scripts send workers: the group, by its id or its HIT type's."""
    wanted = request.args.get("groupId", "")
    with market().store.read() as tx:
        kind = hits.type_by_group(tx, wanted) or hits.type_by_public_id(tx, wanted)
        if kind is None:
            abort(404)
        return redirect(url_for("market_worker.preview", group_id=kind.group_id))


@worker_pages.get("/worker/")
@for_anyone
def groups() -> ResponseReturnValue:
    """Every group of HITs this worker may see."""
    words = request.args.get("words", "").strip()[:200]
    is_qualified_only = request.args.get("qualified") == "yes"
    with market().store.read() as tx:
        worker = current_worker(tx)
        found = browsing.find_groups(
            tx, worker, words=words, is_qualified_only=is_qualified_only
        )
        return render_template(
            "marketplace/groups.html",
            groups=found,
            under_way=[] if worker is None else assignments.under_way(tx, worker.id),
            words=words,
            is_qualified_only=is_qualified_only,
            worker=worker,
            n_unread=_n_unread(tx, worker),
        )


@worker_pages.get("/worker/projects/<group_id>/tasks")
@for_anyone
def preview(group_id: str) -> ResponseReturnValue:
    """The HIT of a group a worker would get, to look at; nobody is named to it."""
    here = market()
    with here.store.write() as tx:
        kind = hits.type_by_group(tx, group_id) or hits.type_by_public_id(tx, group_id)
        if kind is None:
            abort(404)
        worker = current_worker(tx)
        hit = browsing.next_hit(tx, kind, worker)
        group = browsing.describe_group(tx, kind, worker)
        frame = None
        if hit is not None and group.access.may_preview:
            worker_actions.preview(tx, hit, worker, at=here.clock())
            frame = _shown(frame_of(hit))
        return render_template(
            "marketplace/preview.html",
            hit=hit,
            group=group,
            worker=worker,
            n_unread=_n_unread(tx, worker),
            problem=said_before(),
            frame=frame,
        )


@worker_pages.post("/worker/hits/<hit_id>/accept")
@for_workers
def accept(hit_id: str) -> ResponseReturnValue:
    """Take a HIT."""
    here = market()
    with here.store.write() as tx:
        worker, hit = current_worker(tx), hits.by_public_id(tx, hit_id)
        if worker is None or hit is None:
            abort(404)
        group_id = hit.hit_type.group_id
        try:
            found = worker_actions.accept(
                tx, hit, worker, at=here.clock(), faults=here.faults
            )
            assignment_id = found.public_id
        except WorkerError as error:
            flash(str(error))
            where = url_for("market_worker.preview", group_id=group_id)
            return redirect(where, code=303)
    courier().wake()
    where = url_for("market_worker.work", assignment_id=assignment_id)
    return redirect(where, code=303)


@worker_pages.get("/worker/assignments/<assignment_id>")
@for_workers
def work(assignment_id: str) -> ResponseReturnValue:
    """An accepted HIT in its frame; what became of it, afterwards."""
    now = market().clock()
    with market().store.read() as tx:
        worker = current_worker(tx)
        found = worker and assignments.of_worker(tx, assignment_id, worker_id=worker.id)
        if worker is None or not found:
            abort(404)
        group = browsing.describe_group(tx, found.hit.hit_type, worker)
        following = browsing.next_hit(tx, found.hit.hit_type, worker)
        is_open = found.status == "Accepted"
        return render_template(
            "marketplace/work.html" if is_open else "marketplace/worked.html",
            assignment=found,
            group=group,
            worker=worker,
            n_unread=_n_unread(tx, worker),
            frame=_shown(frame_of(found.hit, assignment=found)) if is_open else None,
            seconds_left=max(0, int((found.deadline_at - now).total_seconds())),
            has_next=following is not None and group.access.may_accept,
        )


@worker_pages.post("/worker/assignments/<assignment_id>/return")
@for_workers
def give_back(assignment_id: str) -> ResponseReturnValue:
    """Return a HIT unfinished."""
    here = market()
    with here.store.write() as tx:
        worker = current_worker(tx)
        found = worker and assignments.of_worker(tx, assignment_id, worker_id=worker.id)
        if worker is None or not found:
            abort(404)
        worker_actions.give_back(tx, found, at=here.clock())
    courier().wake()
    return redirect(url_for("market_worker.groups"), code=303)


def _shown(frame: QuestionFrame) -> QuestionFrame:
    """Let this page show frames: tasks go from site to site before they come back."""
    allow({"frame-src": "'self' https: http:"})
    return frame


def _n_unread(tx: Transaction, worker: Worker | None) -> int:
    return 0 if worker is None else workers.count_unread(tx, worker.id)
