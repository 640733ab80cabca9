"""Routes for tests and demonstrations: workers without a browser, time, faults.

They exist only where the marketplace was started with an admin token, and every
request must carry it as `Authorization: Bearer TOKEN`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from study_server.marketplace import people
from study_server.marketplace.errors import MarketplaceError, WorkerError
from study_server.marketplace.fault_injection import describe
from study_server.marketplace.questions.answers import write_answers
from study_server.marketplace.store import (
    Transaction,
    assignments,
    hits,
    qualifications,
    workers,
)
from study_server.marketplace.store.tables import Assignment, Hit, Worker
from study_server.marketplace.web.access import for_admin
from study_server.marketplace.web.application import courier, market
from study_server.marketplace.work import qualification_grants, worker_actions
from study_server.marketplace.work.deadlines import pass_time
from study_server.webkit.reading import load_json

# Ten years: the calendar ends, and tests do not need its end.
_MAX_SECONDS: Final = 315_360_000

admin = Blueprint("market_admin", __name__, url_prefix="/admin")


@admin.before_request
def keep_time() -> None:
    """Bring everything to the time it is."""
    pass_time(market().store, now=market().clock())


@admin.errorhandler(MarketplaceError)
def say_why(error: MarketplaceError) -> ResponseReturnValue:
    """Errors in words."""
    return jsonify(error=str(error)), error.status


@admin.errorhandler(HTTPException)
def say_what(error: HTTPException) -> ResponseReturnValue:
    """HTTP errors as JSON."""
    return jsonify(error=error.description), error.code or 500


@admin.post("/workers")
@for_admin
def add_worker() -> ResponseReturnValue:
    """A new worker; the body may describe a history and a place."""
    here = market()
    with here.store.write() as tx:
        worker = people.add_worker(tx, people.read_profile(_body()), at=here.clock())
        return jsonify(WorkerId=worker.public_id), 201


@admin.post("/workers/<worker_id>/<action>")
@for_admin
def act(worker_id: str, action: str) -> ResponseReturnValue:
    """accept, submit, return, preview or ask-qualification, as that worker."""
    here = market()
    with here.store.write() as tx:
        worker = workers.by_public_id(tx, worker_id)
        if worker is None or action not in _ACTIONS:
            abort(404, f"no worker {worker_id} or no action {action}")
        reply = _ACTIONS[action](tx, worker, _body())
    courier().wake()
    return jsonify(reply)


@admin.post("/clock")
@for_admin
def advance() -> ResponseReturnValue:
    """Move time on by `seconds`; everything due by then happens."""
    seconds = _body().get("seconds", 0)
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds <= _MAX_SECONDS:
        raise MarketplaceError(
            f"seconds: expected 0 to {_MAX_SECONDS}, got {seconds!r}"
        )
    now = market().clock.advance(timedelta(seconds=seconds))
    pass_time(market().store, now=now)
    courier().wake()
    return jsonify(now=now.isoformat())


@admin.get("/faults")
@for_admin
def show_faults() -> ResponseReturnValue:
    """What goes wrong on purpose now."""
    return jsonify(describe(market().faults.plan))


@admin.post("/faults")
@for_admin
def change_faults() -> ResponseReturnValue:
    """Change some of what goes wrong."""
    return jsonify(describe(market().faults.change(**_body())))


@admin.post("/deliver")
@for_admin
def deliver() -> ResponseReturnValue:
    """Deliver the notifications that wait, now."""
    return jsonify(delivered=courier().deliver())


def _accept(tx: Transaction, worker: Worker, body: dict[str, Any]) -> dict[str, Any]:
    here = market()
    found = worker_actions.accept(
        tx, _hit(tx, body), worker, at=here.clock(), faults=here.faults
    )
    return _shown(found)


def _submit(tx: Transaction, worker: Worker, body: dict[str, Any]) -> dict[str, Any]:
    here = market()
    found = _assignment(tx, worker, body)
    answer = body.get("answer_xml")
    if answer is None:
        answers = body.get("answers") or {}
        if not isinstance(answers, dict):
            raise MarketplaceError("answers: expected an object of fields")
        answer = write_answers((str(k), str(v)) for k, v in answers.items())
    worker_actions.submit(tx, found, str(answer), at=here.clock(), faults=here.faults)
    return _shown(found)


def _return(tx: Transaction, worker: Worker, body: dict[str, Any]) -> dict[str, Any]:
    found = _assignment(tx, worker, body)
    worker_actions.give_back(tx, found, at=market().clock())
    return _shown(found)


def _preview(tx: Transaction, worker: Worker, body: dict[str, Any]) -> dict[str, Any]:
    worker_actions.preview(tx, _hit(tx, body), worker, at=market().clock())
    return {}


def _ask(tx: Transaction, worker: Worker, body: dict[str, Any]) -> dict[str, Any]:
    kind = qualifications.find_type(tx, str(body.get("QualificationTypeId")))
    if kind is None:
        raise WorkerError("there is no such Qualification type")
    asked = qualification_grants.ask_for(tx, kind, worker, at=market().clock())
    answer = body.get("answer_xml")
    if asked.status == "Started" and answer is not None:
        qualification_grants.hand_in(tx, asked, answer=str(answer), at=market().clock())
    return {"QualificationRequestId": asked.public_id, "Status": asked.status}


_ACTIONS = {
    "accept": _accept,
    "submit": _submit,
    "return": _return,
    "preview": _preview,
    "ask-qualification": _ask,
}


def _body() -> dict[str, Any]:
    try:
        found = load_json(request.data or b"{}")
    except ValueError as error:
        raise MarketplaceError(f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise MarketplaceError("expected a JSON object")
    return found


def _hit(tx: Transaction, body: dict[str, Any]) -> Hit:
    found = hits.by_public_id(tx, str(body.get("HITId")))
    if found is None:
        raise WorkerError(f"there is no HIT {body.get('HITId')}")
    return found


def _assignment(tx: Transaction, worker: Worker, body: dict[str, Any]) -> Assignment:
    public_id = str(body.get("AssignmentId"))
    found = assignments.of_worker(tx, public_id, worker_id=worker.id)
    if found is None:
        raise WorkerError(f"you have no assignment {public_id}")
    return found


def _shown(found: Assignment) -> dict[str, Any]:
    return {
        "AssignmentId": found.public_id,
        "HITId": found.hit.public_id,
        "Attempt": found.attempt,
        "Status": found.status,
        "Deadline": found.deadline_at.isoformat(),
    }
