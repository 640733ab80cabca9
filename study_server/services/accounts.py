"""Who may sign in to the dashboard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
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
    """Someone who signs in."""

    id: int
    name: str


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
    return UserRecord(id=user.id, name=user.name)


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
    return UserRecord(id=user.id, name=user.name)


def list_users(services: Services) -> list[str]:
    """The names of everybody who can sign in."""
    with services.store.read() as tx:
        return accounts.user_names(tx)


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
