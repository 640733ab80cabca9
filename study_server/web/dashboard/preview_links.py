"""Signed links to a preview of a study, for whoever may not sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

from study_server.config import with_secret_key
from study_server.errors import UnknownTokenError
from study_server.services import Services
from study_server.services.quality import previews

_SALT: Final = "preview"
LIFETIME_DAYS: Final = 14


@dataclass(frozen=True, kw_only=True)
class LinkedPreview:
    """What a preview link leads to."""

    study: str
    n_trials: int


def preview_url(
    services: Services, study: str, *, n_trials: int = 3, days: int = LIFETIME_DAYS
) -> str:
    """The full address of a preview, which stores nothing and ends.

    Args:
        services: Settings, clock and store.
        study: Its name.
        n_trials: How many trials it shows.
        days: How long the link leads there, unless the study's links are ended.

    Raises:
        SettingsError: If a shared database has no secret key.
        UnknownStudyError: If there is no such study.
    """
    keys = with_secret_key(services.settings).keys
    ends_at = services.clock() + timedelta(days=days)
    edition = previews.edition(services, study)
    said = [study, n_trials, int(ends_at.timestamp()), edition]
    token = URLSafeSerializer(keys[0], salt=_SALT).dumps(said)
    return f"{services.settings.base_url}/preview/{token}/"


def read_preview(services: Services, token: str) -> LinkedPreview:
    """What a token leads to now.

    Raises:
        UnknownTokenError: If none of our keys signed it, or it has ended.
    """
    keys = [*reversed(with_secret_key(services.settings).keys)]
    try:
        said = URLSafeSerializer(keys, salt=_SALT).loads(token)
    except BadSignature as error:
        raise _leads_nowhere("is not one of ours") from error
    # Links of earlier versions never ended: they say less.
    if len(said) < 4:
        raise _leads_nowhere("is of an earlier version")
    study, n_trials, ends_at, edition = said[:4]
    has_ended = services.clock() >= datetime.fromtimestamp(ends_at, UTC)
    if has_ended or not previews.is_current(services, study, edition=edition):
        raise _leads_nowhere("has ended")
    return LinkedPreview(study=str(study), n_trials=int(n_trials))


def _leads_nowhere(why: str) -> UnknownTokenError:
    return UnknownTokenError(
        f"this preview link {why}; make a new one with `secondlook study preview NAME`"
    )
