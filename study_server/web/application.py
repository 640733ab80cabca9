"""What every route may ask of the application it runs in."""

from __future__ import annotations

from typing import Final

from flask import current_app
from werkzeug.routing import BaseConverter

from study_server.services import Services

EXTENSION: Final = "secondlook"


def services() -> Services:
    """The services this application was put together with."""
    found: Services = current_app.extensions[EXTENSION]
    return found


class TokenConverter(BaseConverter):
    """An opaque token in an address; anything else leads nowhere."""

    regex = "[A-Za-z0-9_-]{8,128}"
