"""Images by their opaque names; their bytes never change."""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, request, send_file
from flask.typing import ResponseReturnValue

from study_server.services.participation import stimulus_images
from study_server.web.access import for_anyone
from study_server.web.application import services

media = Blueprint("media", __name__)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


@media.get("/media/<token:token>")
@for_anyone
def image(token: str) -> ResponseReturnValue:
    """One PNG."""
    asker = request.args.get("by", "")
    path = stimulus_images.media_file(
        services(), token, session=asker if _NAME.fullmatch(asker) else None
    )
    # The file's own name is the hash of its content, which is not for participants.
    answer = send_file(
        path, mimetype="image/png", conditional=True, etag=token, last_modified=0
    )
    del answer.headers["Content-Disposition"]
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer
