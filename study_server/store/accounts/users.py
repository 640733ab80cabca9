"""Queries about the people who sign in to the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from study_server.database.engine import Transaction
from study_server.store.tables import User


@dataclass(frozen=True, kw_only=True)
class StoredUser:
    """A user's row: key, name, role, the hash of the password, and since when."""

    id: int
    name: str
    role: str
    password_hash: str
    created_at: datetime


def find_user(tx: Transaction, name: str) -> StoredUser | None:
    """The user of that name."""
    user = tx.scalar(select(User).where(User.name == name))
    return None if user is None else _stored(user)


def get_user(tx: Transaction, user_id: int) -> StoredUser | None:
    """The user with that key."""
    user = tx.get(User, user_id)
    return None if user is None else _stored(user)


def has_old_hashes(tx: Transaction) -> bool:
    """Whether anybody's password is still kept as it was before argon2."""
    old = select(User.id).where(User.password_hash.like("scrypt:%")).limit(1)
    return tx.scalar(old) is not None


def delete_user(tx: Transaction, name: str) -> bool:
    """Remove a user; whether there was one."""
    gone = tx.scalars(delete(User).where(User.name == name).returning(User.id))
    return gone.one_or_none() is not None


def all_users(tx: Transaction) -> list[StoredUser]:
    """Everybody who can sign in, in alphabetical order."""
    return [_stored(user) for user in tx.scalars(select(User).order_by(User.name))]


def count_users(tx: Transaction, role: str) -> int:
    """How many have a role."""
    counted = select(func.count()).select_from(User).where(User.role == role)
    return tx.scalar(counted) or 0


def save_user(
    tx: Transaction, name: str, *, password_hash: str, role: str, at: datetime
) -> StoredUser:
    """Add a user, or give an old one a new password and role."""
    user = tx.scalar(select(User).where(User.name == name))
    if user is None:
        user = User(name=name, created_at=at)
        tx.add(user)
    user.password_hash, user.role = password_hash, role
    tx.flush()
    return _stored(user)


def set_role(tx: Transaction, user_id: int, *, role: str) -> None:
    """Give a user another role."""
    tx.get_one(User, user_id).role = role
    tx.flush()


def set_password(tx: Transaction, user_id: int, *, password_hash: str) -> None:
    """Give a user another password, or the same one hashed another way."""
    tx.get_one(User, user_id).password_hash = password_hash
    tx.flush()


def _stored(user: User) -> StoredUser:
    return StoredUser(
        id=user.id,
        name=user.name,
        role=user.role,
        password_hash=user.password_hash,
        created_at=user.created_at,
    )
