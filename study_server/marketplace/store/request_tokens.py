"""Queries about request tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from study_server.database.engine import Transaction
from study_server.marketplace.store.tables import RequestToken


def find_token(
    tx: Transaction, requester_id: int, *, purpose: str, token: str, since: datetime
) -> RequestToken | None:
    """The token, if it was used since then."""
    return tx.scalar(
        select(RequestToken).where(
            RequestToken.requester_id == requester_id,
            RequestToken.purpose == purpose,
            RequestToken.token == token,
            RequestToken.used_at > since,
        )
    )


def keep_token(
    tx: Transaction, token: RequestToken, *, forget_before: datetime
) -> None:
    """Remember a token; those used before then are forgotten."""
    tx.execute(delete(RequestToken).where(RequestToken.used_at <= forget_before))
    tx.add(token)
    tx.flush()
