"""The researcher's blinded check, on the participant's trial page."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from study_server.errors import FormError
from study_server.services import audit as checking
from study_server.services.studies import get_study
from study_server.services.study_texts import all_texts
from study_server.web.application import services
from study_server.web.blocks import block_json, receipt_json
from study_server.web.failures import sentence
from study_server.web.pages import Runner, render_runner
from study_server.web.reading import read_fields, read_json
from study_server.web.sign_in import require_user

audit = Blueprint("audit", __name__, url_prefix="/dashboard/studies/<name>/audit")
audit.before_request(require_user)


@audit.get("")
def overview(name: str) -> ResponseReturnValue:
    """How far the check is; the votes are shown only when it is done."""
    return _overview(name)


@audit.post("/draw")
def draw(name: str) -> ResponseReturnValue:
    """Draw a sample, or enlarge it."""
    try:
        n = _read_n(read_fields(request).get("n", ""))
        checking.draw_audit(services(), name, n=n)
    except (FormError, checking.AuditError) as error:
        return _overview(name, problem=sentence(str(error))), error.status
    return redirect(url_for("audit.overview", name=name), code=303)


@audit.get("/trials")
def trials(name: str) -> ResponseReturnValue:
    """The trial page."""
    study = get_study(services(), name)
    runner = Runner(
        title=f"Check of {study.name}",
        label="Check",
        block_url=url_for("audit.block", name=name),
        done_url=url_for("audit.overview", name=name),
        leave_url=url_for("audit.overview", name=name),
        leave_label="Stop for now",
        texts=all_texts(study.file.texts),
        language=study.file.study.language,
        has_csrf=True,
    )
    return render_runner(runner, paradigm=study.paradigm)


@audit.get("/block.json")
def block(name: str) -> ResponseReturnValue:
    """The next trials to judge."""
    return block_json(
        checking.next_audit_block(services(), name),
        post_url=url_for("audit.respond", name=name),
        done_url=url_for("audit.overview", name=name),
    )


@audit.post("/responses")
def respond(name: str) -> ResponseReturnValue:
    """Keep what the researcher says of one trial."""
    payload = read_json(request)
    user_id = session.get("user_id")
    receipt = checking.take_audit_response(services(), name, payload, user_id=user_id)
    return receipt_json(receipt)


def _overview(name: str, *, problem: str = "") -> str:
    return render_template(
        "dashboard/audit.html",
        study=get_study(services(), name),
        overview=checking.audit_overview(services(), name),
        problem=problem,
    )


def _read_n(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 100_000:
        raise FormError(f"expected a number of trials from 1 to 100000, got {text!r}")
    return int(text)
