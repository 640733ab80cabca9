"""A database that cannot be used, in words."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    OperationalError,
)

DATABASE_FAILURES: Final = (DatabaseError, ArgumentError)
BROKEN_RULES: Final = (IntegrityError, DataError)
_RULE: Final = re.compile(r"constraint failed: ([\w., ]+)")


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


def rule_in_words(error: Exception) -> str:
    """Which rule of the database was broken; none of the values that broke it."""
    reason = error.orig if isinstance(error, DatabaseError) else error
    diagnosis = getattr(reason, "diag", None)
    found = _RULE.search(str(reason))
    name = getattr(diagnosis, "constraint_name", None) or (found[1] if found else None)
    return f"the database refuses it by its rule {name or type(reason).__name__}"
