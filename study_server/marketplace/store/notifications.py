"""Queries about notifications on their way to requesters."""

from __future__ import annotations

from sqlalchemy import select

from study_server.database.engine import Transaction
from study_server.marketplace.store.tables import Notification


def add_notification(tx: Transaction, notification: Notification) -> None:
    """Put a notification on its way."""
    tx.add(notification)


def waiting_notifications(tx: Transaction, *, limit: int) -> list[Notification]:
    """Notifications that were not delivered yet, oldest first."""
    query = (
        select(Notification)
        .where(Notification.delivered_at.is_(None))
        .order_by(Notification.id)
        .limit(limit)
    )
    return list(tx.scalars(query))


def get_notification(tx: Transaction, notification_id: int) -> Notification | None:
    """The notification with that key."""
    return tx.get(Notification, notification_id)
