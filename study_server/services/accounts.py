"""Who may sign in to the dashboard."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from hmac import compare_digest
from typing import Final

from werkzeug.security import check_password_hash, generate_password_hash

from study_server.errors import StudyError
from study_server.services import Services
from study_server.store import accounts

MIN_PASSWORD_LENGTH: Final = 10
MAX_PASSWORD_LENGTH: Final = 1000  # hashing a longer one would only cost time

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}")


class AccountError(StudyError):
    """A user who cannot be added."""


@dataclass(frozen=True, kw_only=True)
class UserRecord:
    """Someone who signs in.

    Attributes:
        id: The database's key.
        name: What they sign in with.
        stamp: Changes with the password; ends sessions begun under an older one.
    """

    id: int
    name: str
    stamp: str


def add_user(
    services: Services, name: str, *, password: str, replace: bool = False
) -> UserRecord:
    """Let somebody sign in; the password is kept as a scrypt hash only.

    Args:
        services: Store and clock.
        name: Letters, digits and "_.@+-", at most 64.
        password: 10 to 1,000 characters.
        replace: Whether a user of that name gets this password instead.

    Raises:
        AccountError: Every problem at once.
    """
    with services.store.read() as tx:
        is_taken = accounts.find_user(tx, name) is not None
    if problems := _problems(name, password, is_taken=is_taken and not replace):
        raise AccountError("\n".join(problems))
    hashed = generate_password_hash(password, method="scrypt")
    with services.store.write() as tx:
        user = accounts.save_user(tx, name, password_hash=hashed, at=services.clock())
    return _record(user)


def remove_user(services: Services, name: str) -> None:
    """Let somebody sign in no more, and end their sessions.

    Trials they checked stay checked, without their name.

    Raises:
        AccountError: If there is no user of that name.
    """
    with services.store.write() as tx:
        if not accounts.delete_user(tx, name):
            there = ", ".join(accounts.user_names(tx)) or "nobody yet"
            raise AccountError(f"there is no user {name!r}; there are: {there}")


def has_session(services: Services, *, user_id: int, stamp: str) -> bool:
    """Whether a session with this stamp may go on."""
    with services.store.read() as tx:
        user = accounts.get_user(tx, user_id)
    return user is not None and compare_digest(_record(user).stamp, stamp)


def check_password(services: Services, name: str, password: str) -> UserRecord | None:
    """The user, if name and password belong together.

    An unknown name takes as long as a wrong password.
    """
    with services.store.read() as tx:
        user = accounts.find_user(tx, name)
    hashed = _hash_of_nothing() if user is None else user.password_hash
    is_right = len(password) <= MAX_PASSWORD_LENGTH and check_password_hash(
        hashed, password
    )
    if user is None or not is_right:
        return None
    return _record(user)


def list_users(services: Services) -> list[str]:
    """The names of everybody who can sign in."""
    with services.store.read() as tx:
        return accounts.user_names(tx)


def _record(user: accounts.StoredUser) -> UserRecord:
    # The browser reads its own session, so never the hash itself.
    stamp = hashlib.sha256(f"session/{user.password_hash}".encode()).hexdigest()
    return UserRecord(id=user.id, name=user.name, stamp=stamp[:32])


@cache
def _hash_of_nothing() -> str:
    return generate_password_hash("nobody has this password", method="scrypt")


def _problems(name: str, password: str, *, is_taken: bool) -> list[str]:
    problems = []
    if not _NAME.fullmatch(name):
        problems.append(
            "user name: expected up to 64 letters, digits and '_.@+-', "
            f"got {name[:80]!r}"
        )
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        problems.append(
            f"password: expected {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} "
            f"characters, got {len(password)}"
        )
    if is_taken:
        problems.append(
            f"there is a user {name!r} already; --replace sets a new password"
        )
    return problems
