"""The application, put together: the only place that knows all parts."""

from __future__ import annotations

import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Final

from flask import Flask

from study_server.config import Settings, load_settings, with_secret_key
from study_server.services import Services, open_services
from study_server.services.upkeep.chores import ChoreThread
from study_server.store.accounts.sign_in_attempts import attempt_storage
from study_server.web.access import init_access
from study_server.web.accounts.account import account
from study_server.web.accounts.second_factor import second_factor
from study_server.web.accounts.sign_in import sign_in
from study_server.web.accounts.users import users
from study_server.web.application import EXTENSION, TokenConverter
from study_server.web.assets import assets
from study_server.web.dashboard.audit import audit
from study_server.web.dashboard.preview import preview
from study_server.web.dashboard.quality import quality
from study_server.web.dashboard.studies import dashboard
from study_server.web.failures import init_failures
from study_server.web.health import health
from study_server.web.home_page import front
from study_server.web.market_notifications import notify
from study_server.web.media import media
from study_server.web.pages import init_pages
from study_server.web.participation.participant import participant
from study_server.webkit.applications import WebSettings, guard, set_up
from study_server.webkit.under_path import serve_under

# Files, and what only somebody with a token comes to.
_OPENED_BY_TOKENS: Final = (
    *("static", "assets.shared", "assets.of_paradigm", "media.image", "health.healthz"),
    *("participant.show", "participant.submit", "participant.block"),
    *("participant.respond", "participant.another", "participant.withdraw"),
    *("participant.confirm_withdrawal",),
)

# A response is a few hundred bytes, a survey a few thousand.
MAX_BODY_BYTES: Final = 256 * 1024


def create_app(
    settings: Settings | None = None, *, services: Services | None = None
) -> Flask:
    """The web application.

    Args:
        settings: Read from the environment where left out.
        services: Opened on the settings' database where left out.

    Raises:
        SettingsError: If a setting cannot be used.
        DatabaseOutdatedError: If a shared database needs `secondlook db upgrade`.
    """
    # Loads pandas now, so that the first session to be judged does not wait for it.
    import_module("analysis.people.exclusion_rules")
    settings = with_secret_key(settings or load_settings(os.environ, folder=Path.cwd()))
    app = Flask(__name__)
    set_up(app, _web_settings(settings))
    services = services or open_services(settings)
    app.extensions[EXTENSION] = services
    counts = attempt_storage(services.store, clock=services.clock)
    app.url_map.converters["token"] = TokenConverter
    csrf = guard(app, attempts=counts, clock=services.clock, free=_OPENED_BY_TOKENS)
    init_pages(app)
    init_failures(app)
    # Their addresses are the secret, or there is none: no session could be ridden.
    for secret in (participant, preview, notify):
        csrf.exempt(secret)
        app.register_blueprint(secret)
    for part in (front, health, media, assets, sign_in, account, second_factor, users):
        app.register_blueprint(part)
    for part in (dashboard, quality, audit):
        app.register_blueprint(part)
    init_access(app)
    serve_under(app, settings.base_url)
    return app


def create_served_app(settings: Settings) -> Flask:
    """The web application of a serving process, which also does the chores.

    Raises:
        SettingsError: If a setting cannot be used.
        DatabaseOutdatedError: If a shared database needs `secondlook db upgrade`.
    """
    app = create_app(settings)
    ChoreThread(app.extensions[EXTENSION]).start()
    return app


def _web_settings(settings: Settings) -> WebSettings:
    return WebSettings(
        keys=settings.keys,
        cookie="secondlook",
        signed_in_for=timedelta(hours=settings.sign_in_hours),
        max_body_bytes=MAX_BODY_BYTES,
        base_url=settings.base_url,
        n_proxies=settings.trusted_proxies,
    )
