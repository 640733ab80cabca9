"""Queries on which images a session's browser asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite

from study_server.database.engine import Transaction
from study_server.store.tables import (
    DisplayEvent,
    ImageRequest,
    Response,
    Session,
    SessionTrial,
    Stimulus,
    Trial,
)


@dataclass(frozen=True, kw_only=True)
class RequestedImage:
    """An image of a session, by their public names."""

    session: str
    media_token: str


@dataclass(frozen=True, kw_only=True)
class ImageDeliveries:
    """How often an image was sent, and how often it could not be."""

    n_sent: int = 0
    n_refused: int = 0


def add(tx: Transaction, counts: Mapping[RequestedImage, ImageDeliveries]) -> None:
    """Add to what is recorded; sessions that are not there are passed over."""
    names = {asked.session for asked in counts}
    query = select(Session.public_id, Session.id).where(Session.public_id.in_(names))
    keys = {row[0]: row[1] for row in tx.execute(query)}
    rows = [
        {
            "session_id": keys[asked.session],
            "media_token": asked.media_token,
            "n_sent": answered.n_sent,
            "n_refused": answered.n_refused,
        }
        # In one order, so that two writers never wait for each other.
        for asked, answered in sorted(
            counts.items(), key=lambda item: (item[0].session, item[0].media_token)
        )
        if asked.session in keys
    ]
    if rows:
        _upsert(tx, rows)


def _upsert(tx: Transaction, rows: list[dict[str, object]]) -> None:
    table = ImageRequest.__table__
    if not isinstance(table, Table):
        raise TypeError("ImageRequest is no table")
    is_postgres = tx.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if is_postgres else sqlite.insert(table)
    statement = insert.on_conflict_do_update(
        index_elements=["session_id", "media_token"],
        set_={
            name: table.c[name] + insert.excluded[name]
            for name in ("n_sent", "n_refused")
        },
    )
    tx.execute(statement, rows)


@dataclass(frozen=True, kw_only=True)
class ImageFailure:
    """An image that a page said it could not show, in a main trial.

    Attributes:
        trial: The trial's place in the session.
        at: When it said so.
        answered: What the server's own records say of the image.
    """

    trial: int
    at: datetime
    answered: ImageDeliveries


def failures_in(tx: Transaction, session_id: int) -> list[ImageFailure]:
    """Failed images of main trials that have no response, as the records say."""
    query = (
        select(
            SessionTrial.id,
            Response.received_at,
            Trial.study_id,
            Trial.slots,
            DisplayEvent.slot,
        )
        .join(Trial, Trial.id == SessionTrial.trial_id)
        .join(Response, Response.session_trial_id == SessionTrial.id)
        .join(DisplayEvent, DisplayEvent.response_id == Response.id)
        .where(
            SessionTrial.session_id == session_id,
            SessionTrial.kind == "trials",
            Trial.role == "main",
            Response.payload.is_(None),
            DisplayEvent.kind == "failed",
        )
    )
    rows = tx.execute(query).all()
    study_id = rows[0].study_id if rows else 0
    tokens = _tokens(tx, study_id, ids={row.slots.get(row.slot, "") for row in rows})
    answered = _answered(tx, session_id)
    return [
        ImageFailure(
            trial=row.id,
            at=row.received_at,
            answered=answered.get(
                tokens.get(row.slots.get(row.slot, ""), ""), ImageDeliveries()
            ),
        )
        for row in rows
    ]


def _tokens(tx: Transaction, study_id: int, *, ids: set[str]) -> dict[str, str]:
    query = select(Stimulus.stimulus_id, Stimulus.media_token).where(
        Stimulus.study_id == study_id, Stimulus.stimulus_id.in_(ids)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def _answered(tx: Transaction, session_id: int) -> dict[str, ImageDeliveries]:
    query = select(ImageRequest).where(ImageRequest.session_id == session_id)
    return {
        row.media_token: ImageDeliveries(n_sent=row.n_sent, n_refused=row.n_refused)
        for row in tx.scalars(query)
    }
