"""What is sealed with the server's keys outside a browser: names and receipts.

Every purpose has a key of its own, derived from the server's; a key that was replaced
is still known under `former_keys`, so what it sealed can be told.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from study_server.config import with_secret_key
from study_server.services import Services

ERASED_WORK: Final = "erased work"
RECEIPT: Final = "erasure receipt"


def seal(services: Services, purpose: str, text: str) -> str:
    """A seal that only this server's newest key makes: 64 hex digits.

    Raises:
        SettingsError: If a shared database has no secret key.
    """
    return seals(services, purpose, text)[0]


def seals(services: Services, purpose: str, text: str) -> tuple[str, ...]:
    """The same by every key that is known, the newest first."""
    keys = with_secret_key(services.settings).keys
    return tuple(_seal(key, purpose, text) for key in keys)


def is_sealed(services: Services, purpose: str, text: str, *, with_seal: str) -> bool:
    """Whether one of this server's keys made the seal."""
    made = seals(services, purpose, text)
    return any(hmac.compare_digest(each, with_seal) for each in made)


def _seal(key: str, purpose: str, text: str) -> str:
    own = hashlib.sha256(f"{purpose}/{key}".encode()).digest()
    return hmac.new(own, text.encode(), "sha256").hexdigest()
