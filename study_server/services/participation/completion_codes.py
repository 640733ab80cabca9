"""Completion codes: one for each session, so that nobody can hand in another's."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.studies.progress import require_study
from study_server.store.participation import sessions

# 50 bits, in letters and digits that nobody takes for one another.
_N_CHARACTERS: Final = 10


@dataclass(frozen=True, kw_only=True)
class CodeLine:
    """A session's code, and whether it is one to be paid for.

    Attributes:
        code: What the person was shown.
        participant: Our random id.
        session: The session's public name.
        completed_at: When its last trial was done.
        is_held: Whether a person has yet to decide; then nobody was shown the code.
    """

    code: str
    participant: str
    session: str
    completed_at: datetime | None
    is_held: bool


def new_code(services: Services) -> str:
    """A code that cannot be guessed."""
    digest = hashlib.sha256(services.new_token().encode()).digest()
    return base64.b32encode(digest).decode()[:_N_CHARACTERS]


def list_codes(
    services: Services, name: str, *, environment: Environment = "live"
) -> tuple[CodeLine, ...]:
    """The code of every completed session, oldest first.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    with services.store.read() as tx:
        study = require_study(tx, name)
        found = sessions.coded_in(tx, study.id, environment=environment)
        return tuple(
            CodeLine(
                code=entry.session.completion_code or "",
                participant=entry.participant,
                session=entry.session.public_id,
                completed_at=entry.session.completed_at,
                is_held=entry.session.held_reason is not None,
            )
            for entry in found
        )
