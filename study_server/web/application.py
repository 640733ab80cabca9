"""What every route may ask of the application it runs in."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import current_app, g
from werkzeug.routing import BaseConverter

from study_server.services import Actor, Services
from study_server.services.accounts.sign_ins import SignedInUser

EXTENSION: Final = "secondlook"
VISITOR: Final = Actor(name="somebody", source="web")


def services() -> Services:
    """The services this application was put together with."""
    found: Services = current_app.extensions[EXTENSION]
    presence: SignedInUser | None = g.get("presence")
    if presence is None:
        return replace(found, actor=VISITOR)
    return replace(found, actor=Actor(name=presence.user.name, source="web"))


class TokenConverter(BaseConverter):
    """An opaque token in an address; anything else leads nowhere."""

    regex = "[A-Za-z0-9_-]{8,128}"
