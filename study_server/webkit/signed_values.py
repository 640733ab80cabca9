"""Signed cookies and addresses: the newest key signs, former ones are still read."""

from __future__ import annotations

from flask import current_app
from itsdangerous import URLSafeTimedSerializer


def signer(salt: str) -> URLSafeTimedSerializer:
    """What signs and reads for one purpose, named by `salt`."""
    return URLSafeTimedSerializer(signing_keys(), salt=salt)


def signing_keys() -> list[str]:
    """Keys of this application, the newest last, as itsdangerous takes them."""
    former = current_app.config.get("SECRET_KEY_FALLBACKS") or []
    return [*reversed(former), str(current_app.secret_key)]
