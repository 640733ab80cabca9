"""Images by their opaque names; their bytes never change."""

from __future__ import annotations

from flask import Blueprint, send_file
from flask.typing import ResponseReturnValue

from study_server.services import responding
from study_server.web.application import services

media = Blueprint("media", __name__)


@media.get("/media/<token:token>")
def image(token: str) -> ResponseReturnValue:
    """One PNG."""
    path = responding.media_file(services(), token)
    # The file's own name is the hash of its content, which is not for participants.
    answer = send_file(
        path, mimetype="image/png", conditional=True, etag=token, last_modified=0
    )
    del answer.headers["Content-Disposition"]
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer
