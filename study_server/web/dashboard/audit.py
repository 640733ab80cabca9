"""The researcher's blinded check, on the participant's trial page."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study_server.errors import FormError
from study_server.services.quality import audit as checking
from study_server.services.studies.life import get_study
from study_server.web.access import current_user, for_editors, for_viewers
from study_server.web.application import services
from study_server.web.blocks import block_json, receipt_json
from study_server.web.failures import sentence
from study_server.web.pages import render_runner, researcher_runner
from study_server.web.reading import read_fields, read_json
from study_server.webkit.reading import read_whole_number

audit = Blueprint("audit", __name__, url_prefix="/dashboard/studies/<name>/audit")


@audit.get("")
@for_viewers
def overview(name: str) -> ResponseReturnValue:
    """How far the check is; the votes are shown only when it is done."""
    return _overview(name)


@audit.post("/draw")
@for_editors
def draw(name: str) -> ResponseReturnValue:
    """Draw a sample, or enlarge it."""
    try:
        n = _read_n(read_fields(request).get("n", ""))
        checking.draw_audit(services(), name, n=n)
    except (FormError, checking.AuditError) as error:
        return _overview(name, problem=sentence(str(error))), error.status
    return redirect(url_for("audit.overview", name=name), code=303)


@audit.get("/trials")
@for_editors
def trials(name: str) -> ResponseReturnValue:
    """The trial page."""
    study = get_study(services(), name)
    runner = researcher_runner(
        study,
        title=f"Check of {study.name}",
        label="Check",
        block_url=url_for("audit.block", name=name),
        back_url=url_for("audit.overview", name=name),
        leave_label="Stop for now",
        has_csrf=True,
    )
    return render_runner(runner, paradigm=study.paradigm)


@audit.get("/block.json")
@for_editors
def block(name: str) -> ResponseReturnValue:
    """The next trials to judge."""
    return block_json(
        checking.next_audit_block(services(), name),
        post_url=url_for("audit.respond", name=name),
        done_url=url_for("audit.overview", name=name),
    )


@audit.post("/responses")
@for_editors
def respond(name: str) -> ResponseReturnValue:
    """Keep what the researcher says of one trial."""
    payload = read_json(request)
    user_id = current_user().id
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
    n = read_whole_number(text, least=1, most=100_000)
    if n is None:
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        raise FormError(f"expected a number of trials from 1 to 100000, got {shown!r}")
    return n
