"""Queries about the people who sign in to the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from study_server.store.engine import Transaction
from study_server.store.tables import User


@dataclass(frozen=True, kw_only=True)
class StoredUser:
    """A user's row: key, name and the hash of the password."""

    id: int
    name: str
    password_hash: str


def find_user(tx: Transaction, name: str) -> StoredUser | None:
    """The user of that name."""
    user = tx.scalar(select(User).where(User.name == name))
    if user is None:
        return None
    return StoredUser(id=user.id, name=user.name, password_hash=user.password_hash)


def get_user(tx: Transaction, user_id: int) -> StoredUser | None:
    """The user with that key."""
    user = tx.get(User, user_id)
    if user is None:
        return None
    return StoredUser(id=user.id, name=user.name, password_hash=user.password_hash)


def delete_user(tx: Transaction, name: str) -> bool:
    """Remove a user; whether there was one."""
    gone = tx.scalars(delete(User).where(User.name == name).returning(User.id))
    return gone.one_or_none() is not None


def user_names(tx: Transaction) -> list[str]:
    """Everybody who can sign in, in alphabetical order."""
    return list(tx.scalars(select(User.name).order_by(User.name)))


def save_user(
    tx: Transaction, name: str, *, password_hash: str, at: datetime
) -> StoredUser:
    """Add a user, or give an old one a new password."""
    user = tx.scalar(select(User).where(User.name == name))
    if user is None:
        user = User(name=name, password_hash=password_hash, created_at=at)
        tx.add(user)
    user.password_hash = password_hash
    tx.flush()
    return StoredUser(id=user.id, name=user.name, password_hash=user.password_hash)
