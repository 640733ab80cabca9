"""Passwords, kept as argon2id hashes; scrypt ones from before are still taken."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from werkzeug.security import check_password_hash

MIN_PASSWORD_LENGTH: Final = 10
MAX_PASSWORD_LENGTH: Final = 1000  # hashing a longer one would only cost time

# 19 MiB and two passes, one thread: many people may sign in at once.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_OLD: Final = "scrypt:"
# No password has these, and looking at one takes as long as looking at a real one.
_NOBODYS: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$" + "A" * 42 + "I"
)
_NOBODYS_OLD: Final = f"scrypt:32768:8:1$nobody${'0' * 128}"


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(password)


def is_password(kept: str | None, password: str, *, has_old: bool) -> bool:
    """Whether a password is the one that was kept.

    Takes as long where nothing was kept as where something else was.

    Args:
        kept: Its hash; None where nobody has that name.
        password: What was typed.
        has_old: Whether anybody's hash may still be a scrypt one: then both kinds
            are looked at, so that the time does not tell whose is which.
    """
    password = password if len(password) <= MAX_PASSWORD_LENGTH else ""
    is_old = kept is not None and kept.startswith(_OLD)
    was_new = _is_argon2(_NOBODYS if kept is None or is_old else kept, password)
    was_old = False
    if has_old:
        was_old = _is_scrypt(kept if kept and is_old else _NOBODYS_OLD, password)
    return was_old if is_old else was_new


def is_outdated(kept: str) -> bool:
    """Whether a password should be hashed again now that it is known."""
    return kept.startswith(_OLD) or _HASHER.check_needs_rehash(kept)


def length_problem(password: str) -> str:
    """What is wrong with the length of a new password; "" if nothing is."""
    if MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        return ""
    return (
        f"password: expected {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} "
        f"characters, got {len(password)}"
    )


def _is_scrypt(kept: str, password: str) -> bool:
    return check_password_hash(kept, password)


def _is_argon2(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except Argon2Error:
        return False
