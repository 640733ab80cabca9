"""CSV files that a spreadsheet shows and never runs; standard library only.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula, wherever the
text came from. Such a cell gets an apostrophe in front, and `original_cell` takes
exactly that apostrophe away again: what is read back is what was written.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TextIO

_MARK: Final = "'"
_FORMULA: Final = (
    "=+-@\N{MINUS SIGN}"
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
    "\N{SMALL EQUALS SIGN}\N{SMALL PLUS SIGN}"
    "\N{SMALL HYPHEN-MINUS}\N{SMALL COMMERCIAL AT}"
)
# Spreadsheets may drop these before they look: blanks, invisible letters, quotes.
_PASSED_OVER: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pi", "Pf"})
_QUOTES: Final = "'\"`\N{ACUTE ACCENT}\N{FULLWIDTH APOSTROPHE}"
# In some countries a semicolon ends a cell, quoted or not, and so does a tab.
_ENDS: Final = re.compile(r"([;\t\r\n])")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?")
# Most cells are of this kind, and tables are long.
_HARMLESS: Final = re.compile(r"(?:[0-9A-Za-z{\[][^;\t\r\n]*)?")


class RowWriter(Protocol):
    """What `csv_writer` gives."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one row."""

    def writerows(self, rows: Iterable[Iterable[object]], /) -> object:
        """Write several."""


def csv_writer(
    handle: TextIO, *, is_raw: bool = False, line_end: str = "\r\n"
) -> RowWriter:
    """A writer of rows whose text a spreadsheet does not run.

    Args:
        handle: A text file, opened with `newline=""`.
        is_raw: Whether text is written as it is, for programs only.
        line_end: What ends a row.
    """
    made = csv.writer(handle, lineterminator=line_end)  # noqa: TID251 - the one place
    return made if is_raw else _SafeWriter(made)


def safe_cell(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula; numbers stay.

    >>> safe_cell("=HYPERLINK(A1)"), safe_cell("-0.07"), safe_cell("plain")
    ("'=HYPERLINK(A1)", '-0.07', 'plain')
    """
    return text if _HARMLESS.fullmatch(text) else _each_part(text, _marked)


def original_cell(text: str) -> str:
    """The text that `safe_cell` was given.

    >>> original_cell("'=HYPERLINK(A1)"), original_cell("'quoted'")
    ('=HYPERLINK(A1)', "'quoted'")
    """
    return text if _HARMLESS.fullmatch(text) else _each_part(text, _unmarked)


class _SafeWriter:
    def __init__(self, made: RowWriter) -> None:
        self._made = made

    def writerow(self, row: Iterable[object], /) -> object:
        return self._made.writerow(_safe_row(row))

    def writerows(self, rows: Iterable[Iterable[object]], /) -> object:
        return self._made.writerows(map(_safe_row, rows))


def _safe_row(row: Iterable[object]) -> list[object]:
    return [safe_cell(cell) if isinstance(cell, str) else cell for cell in row]


def _each_part(text: str, change: Callable[[str, bool], str]) -> str:
    """Change what lies between the ends of cells, each part by itself."""
    parts = _ENDS.split(text)
    # A cell that opens with a tab or a line break is taken from what follows.
    opens_blank = len(parts) > 1 and parts[1] != ";"
    parts[::2] = [
        change(part, number == 0 and opens_blank)
        for number, part in enumerate(parts[::2])
    ]
    return "".join(parts)


def _marked(part: str, opens_blank: bool) -> str:
    return _MARK + part if _is_run(part, opens_blank) else part


def _unmarked(part: str, opens_blank: bool) -> str:
    # Whatever is run is run with an apostrophe before it too, so that a text which
    # had one from the start has got a second.
    is_marked = part.startswith(_MARK) and _is_run(part[1:], opens_blank)
    return part[1:] if is_marked else part


def _is_run(part: str, opens_blank: bool) -> bool:
    core = _core(part)
    if not core:
        return opens_blank
    return core[0] in _FORMULA and not _NUMBER.fullmatch(part)


def _core(part: str) -> str:
    for number, letter in enumerate(part):
        if letter not in _QUOTES and unicodedata.category(letter) not in _PASSED_OVER:
            return part[number:]
    return ""
