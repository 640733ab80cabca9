"""What the site is, for whoever comes without a study's link."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from study_server.web.access import for_anyone

front = Blueprint("front", __name__)


@front.get("/")
@for_anyone
def show() -> ResponseReturnValue:
    """In plain words, and where researchers go on."""
    return render_template("front.html")
