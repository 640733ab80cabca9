"""The marketplace's application, put together: the only place that knows all parts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from flask import Flask
from flask_wtf import CSRFProtect

from study_server.marketplace.notifications import Courier
from study_server.marketplace.opening import Marketplace
from study_server.marketplace.settings import MarketplaceSettings
from study_server.marketplace.store.sign_ins import attempt_storage
from study_server.marketplace.web.access import init_access
from study_server.marketplace.web.admin import admin
from study_server.marketplace.web.api import api
from study_server.marketplace.web.application import COURIER, MARKET
from study_server.marketplace.web.failures import init_failures
from study_server.marketplace.web.health import health
from study_server.marketplace.web.question_frames import frames
from study_server.marketplace.web.requester_pages import requester_pages
from study_server.marketplace.web.worker_account import worker_account
from study_server.marketplace.web.worker_pages import worker_pages
from study_server.webkit.applications import WebSettings, guard, set_up
from study_server.webkit.under_path import serve_under

# A question is 64 KB at most, in JSON and with Qualification tests some more;
# answers may hold a whole session.
MAX_BODY_BYTES: Final = 2 * 1024 * 1024
# Files, and what scripts and workers' frames ask for.
_UNCOUNTED: Final = ("static", "market_health.check", "market_frames.submit")
# Frames of HTMLQuestions have no origin, and load our scripts all the same.
_HEADERS: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}
_PACKAGE: Final = Path(__file__).parent.parent


def create_marketplace(market: Marketplace, *, has_courier: bool = True) -> Flask:
    """The web application of a marketplace.

    Args:
        market: Store, clock, faults, settings.
        has_courier: Whether notifications are delivered by a thread; otherwise
            they wait until somebody asks for delivery.
    """
    app = Flask(
        __name__,
        template_folder=str(_PACKAGE / "templates"),
        static_folder=str(_PACKAGE / "static"),
        static_url_path="/static",
    )
    set_up(app, _web_settings(market.settings))
    courier = Courier(market)
    app.extensions[MARKET] = market
    app.extensions[COURIER] = courier
    counts = attempt_storage(market.store, clock=market.wall_clock)
    csrf = guard(
        app, attempts=counts, clock=market.wall_clock, free=_UNCOUNTED, headers=_HEADERS
    )
    init_failures(app)
    _register(app, csrf)
    serve_under(app, market.settings.base_url)
    if has_courier:
        courier.start()
    return app


def _register(app: Flask, csrf: CSRFProtect) -> None:
    # Signed requests and the admin token cannot be ridden by another site; the forms
    # in frames come from other sites by design and carry an assignment's id.
    for part in (api, admin, frames):
        csrf.exempt(part)
        app.register_blueprint(part)
    for part in (health, worker_pages, worker_account, requester_pages):
        app.register_blueprint(part)
    init_access(app)


def _web_settings(settings: MarketplaceSettings) -> WebSettings:
    return WebSettings(
        keys=(settings.secret_key, *settings.former_keys),
        cookie="secondlook-marketplace",
        signed_in_for=timedelta(days=7),
        max_body_bytes=MAX_BODY_BYTES,
        base_url=settings.base_url,
        n_proxies=settings.trusted_proxies,
        is_host_forwarded=True,
    )
