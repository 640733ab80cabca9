"""For load balancers, and for browsers that ask whether we are back."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from study_server.web.access import for_anyone

health = Blueprint("health", __name__)


@health.get("/healthz")
@for_anyone
def healthz() -> ResponseReturnValue:
    """That the server answers."""
    return jsonify(status="ok")
