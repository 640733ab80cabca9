"""A few trials as participants see them; nothing is stored."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study_server.services.quality import previews
from study_server.services.studies.life import get_study
from study_server.web.access import for_anyone
from study_server.web.application import services
from study_server.web.blocks import block_json, receipt_json
from study_server.web.dashboard.preview_links import LinkedPreview, read_preview
from study_server.web.pages import render_runner, researcher_runner
from study_server.web.reading import read_json

preview = Blueprint("preview", __name__)


@preview.get("/preview/<token>/")
@for_anyone
def show(token: str) -> ResponseReturnValue:
    """The trial page."""
    study = get_study(services(), _read(token).study)
    runner = researcher_runner(
        study,
        title=f"Preview of {study.title}",
        label="Preview: nothing is stored",
        block_url=url_for("preview.block", token=token),
        back_url=url_for("preview.done", token=token),
        leave_label="Leave",
    )
    return render_runner(runner, paradigm=study.paradigm)


@preview.get("/preview/<token>/block.json")
@for_anyone
def block(token: str) -> ResponseReturnValue:
    """The trials."""
    asked = _read(token)
    return block_json(
        previews.preview_block(services(), asked.study, n_trials=asked.n_trials),
        post_url=url_for("preview.respond", token=token),
        done_url=url_for("preview.done", token=token),
    )


@preview.post("/preview/<token>/responses")
@for_anyone
def respond(token: str) -> ResponseReturnValue:
    """Read a response as the study would, and forget it."""
    asked = _read(token)
    payload = read_json(request)
    return receipt_json(
        previews.check_preview_response(
            services(), asked.study, payload, n_trials=asked.n_trials
        )
    )


@preview.get("/preview/<token>/done")
@for_anyone
def done(token: str) -> ResponseReturnValue:
    """The end of it."""
    study = get_study(services(), _read(token).study)
    return render_template("preview_done.html", study=study, token=token)


def _read(token: str) -> LinkedPreview:
    return read_preview(services(), token)
