"""Whether the marketplace can serve."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from study_server.marketplace.store import requesters
from study_server.marketplace.web.access import for_anyone
from study_server.marketplace.web.application import market

health = Blueprint("market_health", __name__)


@health.get("/healthz")
@for_anyone
def check() -> ResponseReturnValue:
    """200 while the database can be read."""
    with market().store.read() as tx:
        requesters.all_requesters(tx)
    return jsonify(status="ok")
