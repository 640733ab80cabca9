"""A participant's way: landing, steps, trials, responses, withdrawal."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, make_response, redirect, render_template, request
from flask import url_for as address
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Headers

from study_server.errors import AdmissionError, FormError
from study_server.services.participation import (
    admission,
    frame_ancestors,
    responding,
    taking_steps,
)
from study_server.services.participation.refusals import Device
from study_server.web.access import for_anyone
from study_server.web.application import services
from study_server.web.blocks import block_json, receipt_json
from study_server.web.failures import sentence
from study_server.web.pages import render_step
from study_server.web.participation.resuming import read_kept, read_resume, write_resume
from study_server.web.reading import read_fields, read_json
from study_server.webkit.security_headers import allow_frames

participant = Blueprint("participant", __name__)

# Read by scripts, shown by nobody.
_NO_PAGES: Final = ("participant.block", "participant.respond")


@participant.before_request
def allow_market_frames() -> None:
    """A market may show the pages of its people, errors included."""
    names = request.view_args or {}
    if request.endpoint in _NO_PAGES:
        return
    allow_frames(
        frame_ancestors.framed_by(
            services(),
            recruitment=names.get("recruitment"),
            enrolment=names.get("token"),
        )
    )


@participant.get("/s/<token:recruitment>")
@participant.get("/s/<token:recruitment>/<token:personal>")
@for_anyone
def land(recruitment: str, personal: str | None = None) -> ResponseReturnValue:
    """What the study is, before anything is stored."""
    landing = admission.look_at(
        services(),
        recruitment,
        incoming=read_fields(request),
        personal=personal,
        resume=read_resume(recruitment),
        device=device_of(request.headers),
        address=request.remote_addr,
    )
    return render_template("participant/landing.html", landing=landing)


@participant.post("/s/<token:recruitment>")
@participant.post("/s/<token:recruitment>/<token:personal>")
@for_anyone
def enter(recruitment: str, personal: str | None = None) -> ResponseReturnValue:
    """Come in, or come back in."""
    fields = read_fields(request)
    entry = admission.enter(
        services(),
        recruitment,
        incoming=fields,
        personal=personal,
        resume=read_resume(recruitment),
        kept=read_kept(fields),
        device=device_of(request.headers),
        address=request.remote_addr,
    )
    answer = make_response(_to(entry.token))
    return write_resume(answer, recruitment, enrolment=entry.token)


@participant.get("/p/<token:token>/")
@for_anyone
def show(token: str) -> ResponseReturnValue:
    """The page of the current step."""
    return render_step(taking_steps.current_step(services(), token))


@participant.post(
    "/p/<token:token>/<any(consent,warning,screen,instructions,comprehension,break,survey,debriefing):step>"
)
@for_anyone
def submit(token: str, step: str) -> ResponseReturnValue:
    """Take a step's form; one that comes twice or too late changes nothing."""
    try:
        taking_steps.take_step(services(), token, step, read_fields(request))
    except FormError as error:
        current = taking_steps.current_step(services(), token)
        return render_step(current, problem=sentence(str(error))), error.status
    return _to(token)


@participant.get("/p/<token:token>/withdraw")
@for_anyone
def confirm_withdrawal(token: str) -> ResponseReturnValue:
    """Ask before withdrawing."""
    step = taking_steps.current_step(services(), token)
    if not step.can_withdraw:
        return _to(token)
    return render_template(
        "participant/withdraw.html",
        step=step,
        texts=step.texts,
        milestones=[],
        problem="",
    )


@participant.post("/p/<token:token>/withdraw")
@for_anyone
def withdraw(token: str) -> ResponseReturnValue:
    """Withdraw for good."""
    taking_steps.withdraw(services(), token)
    return _to(token)


@participant.post("/p/<token:token>/another")
@for_anyone
def another(token: str) -> ResponseReturnValue:
    """One more block; where there is none, the page says why."""
    try:
        taking_steps.take_another_block(services(), token)
    except AdmissionError as error:
        current = taking_steps.current_step(services(), token)
        return render_step(current, problem=sentence(str(error))), error.status
    return _to(token)


@participant.get("/p/<token:token>/block.json")
@for_anyone
def block(token: str) -> ResponseReturnValue:
    """The trials to do now."""
    return block_json(
        responding.load_block(services(), token),
        post_url=address("participant.respond", token=token),
        done_url=address("participant.show", token=token),
    )


@participant.post("/p/<token:token>/responses")
@for_anyone
def respond(token: str) -> ResponseReturnValue:
    """Save one response; the receipt means that it is on disk."""
    payload = read_json(request)
    return receipt_json(responding.take_response(services(), token, payload))


def device_of(headers: Headers) -> Device:
    """Phone, tablet or desktop, from what the browser sends.

    An iPad that asks for desktop pages is taken for a desktop: nothing it sends
    tells them apart.
    """
    agent = headers.get("User-Agent", "")
    is_android = "Android" in agent
    if "iPad" in agent or "Tablet" in agent or (is_android and "Mobile" not in agent):
        return "tablet"
    says_mobile = headers.get("Sec-CH-UA-Mobile", "").strip() == "?1"
    return "phone" if says_mobile or "Mobi" in agent else "desktop"


def _to(token: str) -> ResponseReturnValue:
    return redirect(address("participant.show", token=token), code=303)
