"""A database that cannot be used, in words."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

DATABASE_FAILURES: Final = (DatabaseError, ArgumentError)


def can_be_mended(error: Exception) -> bool:
    """Whether the database is at fault: not there, no room, not a database.

    Broken constraints and malformed statements are faults of ours.
    """
    return type(error) in (DatabaseError, OperationalError, ArgumentError)


def in_words(error: Exception) -> str:
    """What is wrong and what to do; no statement, no password, no values."""
    reason = error.orig if isinstance(error, DatabaseError) else error
    return (
        f"the database cannot be used: {reason}; check database_url "
        "(SECONDLOOK_DATABASE_URL or secondlook.toml), and that there is room on "
        "the disk"
    )
