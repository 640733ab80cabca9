"""What people read in place of a long random id, the same on every page."""

from __future__ import annotations

from typing import Final

# Commands take any beginning that is one participant's alone.
SHORT: Final = 8


def short_id(identifier: object) -> str:
    """The beginning of an id that stands for it.

    >>> short_id("f3Kq0Zr9vWn2")
    'f3Kq0Zr9'
    """
    return str(identifier)[:SHORT]
