"""Signed links to a preview of a study, for whoever may not sign in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

from study_server.config import Settings, with_secret_key
from study_server.errors import UnknownTokenError

_SALT: Final = "preview"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a preview link leads to."""

    study: str
    n_trials: int


def preview_url(settings: Settings, study: str, *, n_trials: int = 3) -> str:
    """The full address of a preview; it never ends, and stores nothing.

    Raises:
        SettingsError: If a shared database has no secret key.
    """
    key = str(with_secret_key(settings).secret_key)
    token = URLSafeSerializer(key, salt=_SALT).dumps([study, n_trials])
    return f"{settings.base_url}/preview/{token}/"


def read_preview(secret_key: str, token: str) -> Preview:
    """What a token says.

    Raises:
        UnknownTokenError: If it was not signed with this key.
    """
    try:
        study, n_trials = URLSafeSerializer(secret_key, salt=_SALT).loads(token)
    except BadSignature as error:
        raise UnknownTokenError(
            "this preview link is not one of ours; make a new one with "
            "`secondlook study preview NAME`"
        ) from error
    return Preview(study=str(study), n_trials=int(n_trials))
