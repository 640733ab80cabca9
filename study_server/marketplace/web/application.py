"""What every route may ask of the application it runs in."""

from __future__ import annotations

from typing import Final

from flask import current_app

from study_server.marketplace.notifications import Courier
from study_server.marketplace.opening import Marketplace

MARKET: Final = "secondlook-market"
COURIER: Final = "secondlook-courier"


def market() -> Marketplace:
    """The marketplace this application was put together for."""
    found: Marketplace = current_app.extensions[MARKET]
    return found


def courier() -> Courier:
    """Who delivers this application's notifications."""
    found: Courier = current_app.extensions[COURIER]
    return found
