"""Queries about what review policies found and did."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from study_server.database.engine import Transaction
from study_server.marketplace.store.list_pages import ListPage, Position, read_page
from study_server.marketplace.store.tables import Review


def add_review(tx: Transaction, review: Review) -> None:
    """Keep a result or an action of a review policy."""
    tx.add(review)


def list_reviews(
    tx: Transaction,
    hit_id: int,
    *,
    levels: Collection[str],
    kinds: Collection[str],
    after: Position | None,
    limit: int,
) -> ListPage[Review]:
    """Results and actions of a HIT's review policies, oldest first."""
    query = select(Review).where(
        Review.hit_id == hit_id,
        Review.level.in_(list(levels)),
        Review.kind.in_(list(kinds)),
    )
    return read_page(tx, query, by=[Review.id], after=after, limit=limit)
