"""Notifications of markets: one route for every recruiter that sends some."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from study_server.services.market import notifications
from study_server.web.access import for_anyone
from study_server.web.application import services

notify = Blueprint("notify", __name__)


@notify.post("/notify/<recruiter>")
@for_anyone
def take(recruiter: str) -> ResponseReturnValue:
    """Look at the postings a notification is about, at the next `hit sync`."""
    n = notifications.take_notification(services(), recruiter, body=request.get_data())
    return jsonify(noticed=n)
