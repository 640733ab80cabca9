"""What images can be clustered by, by name; loads no tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stimuli.files.tables import same_form

# Every study knows these, unless its table has a column of that name.
BUILT_IN: Final = ("class", "image")


def column_key(name: str) -> str:
    """A column's name as names are compared: without case, in one Unicode form.

    >>> column_key(" Scene")
    'scene'
    """
    return same_form(name).strip().casefold()


def unknown_columns(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names that are no known column's.

    >>> unknown_columns(["Scene", "film"], ["scene", "class"])
    ['film']
    """
    keys = {column_key(name) for name in known}
    return [name for name in names if column_key(name) not in keys]
