"""For load balancers, and for browsers that ask whether we are back."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> ResponseReturnValue:
    """That the server answers."""
    return jsonify(status="ok")
