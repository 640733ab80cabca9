"""UniqueRequestToken: what was done once with a token is not done again for a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from study_server.marketplace.opening import ApiCall
from study_server.marketplace.store import request_tokens
from study_server.marketplace.store.tables import RequestToken

LASTS: Final = timedelta(hours=24)


def outcome_before(
    call: ApiCall, request: dict[str, Any], *, purpose: str
) -> str | None:
    """What this token brought about within the last 24 hours; None if nothing."""
    token = request.get("UniqueRequestToken")
    if token is None:
        return None
    found = request_tokens.find_token(
        call.tx,
        call.requester.id,
        purpose=purpose,
        token=token,
        since=call.now - LASTS,
    )
    return None if found is None else found.outcome


def remember(
    call: ApiCall, request: dict[str, Any], *, purpose: str, outcome: str
) -> None:
    """Keep what the request's token, if it has one, brought about."""
    token = request.get("UniqueRequestToken")
    if token is not None:
        row = RequestToken(
            requester_id=call.requester.id,
            purpose=purpose,
            token=token,
            outcome=outcome,
            used_at=call.now,
        )
        request_tokens.keep_token(call.tx, row, forget_before=call.now - LASTS)
