"""Tables that a person wrote, read strictly and everywhere in the same way.

CSV with a header. Nothing is dropped, cut or guessed: every cell belongs to a column
that is known, every row has as many cells as the header, and what could mean two
things is refused. `docs/files-you-bring.md` has the rules and every table's columns.
Standard library only; may be imported from every package.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final

from stimuli.errors import DatasetError, list_problems
from stimuli.files.safe_csv import original_cell
from stimuli.files.text import MAX_COLUMNS, MAX_TABLE_BYTES, TextFileError, read_text

__all__ = [
    "LOST",
    "LOST_WORDS",
    "SHORTENED",
    "SHORTENED_WORDS",
    "Columns",
    "OneMeaning",
    "ReadTable",
    "Separator",
    "SeparatorError",
    "TableRow",
    "as_number",
    "find_separator",
    "further_columns",
    "read_columns",
    "read_table",
    "same_form",
    "split_list",
    "trouble_of_number",
]

# A column for people, which no program reads, begins so.
FREE: Final = "note"
SEPARATORS: Final[Mapping[str, str]] = MappingProxyType(
    {",": "a comma", ";": "';'", "\t": "a tab", "|": "'|'"}
)
LOST: Final = "\N{REPLACEMENT CHARACTER}"
LOST_WORDS: Final = (
    f"holds {LOST}, which stands where a letter was lost: the file was once saved in "
    "an encoding that lacks it; save it anew from the original, as UTF-8"
)
# What spreadsheets write from 12 digits on, and programs from 17. RE2 reads it too.
SHORTENED: Final = r"[+-]?[0-9]([.,][0-9]+)?[eE]\+(1[1-9]|[2-9][0-9]|[1-9][0-9][0-9])"
SHORTENED_WORDS: Final = (
    "is what a spreadsheet makes of a long number, whose digits are lost: "
    "take the ids from the original file, and format the column as text before saving"
)
_SHORTENED: Final = re.compile(SHORTENED)
_STATED: Final = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_MARKED: Final = re.compile(r"[+-]?[0-9]{1,3}([.,' \u00a0\u202f])[0-9]+")
_FLOAT: Final = re.compile(r"([0-9]+)\.0*")
_MOST_DIGITS: Final = 9
_SHOWN: Final = 30
_ALIKE: Final = 0.7
_LETTERS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of a kind of table.

    Attributes:
        required: Must be there.
        optional: May be there.
        spellings: Other spellings that are read as a column.
        meant: Names that people write for a column, for the advice; refused.
        may_have_more: Whether further columns are kept, under their own names, as
            long as they do not look like a misspelt one.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    meant: Mapping[str, str] = field(default_factory=dict)
    may_have_more: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """Every column that is read."""
        return (*self.required, *self.optional)


@dataclass(frozen=True)
class TableRow:
    """One row of a table.

    Attributes:
        line: The line of the file in which it begins, from 1.
        cells: Column to content: stripped, in Unicode's composed form (NFC).
    """

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, kw_only=True)
class ReadTable:
    """What could be read, and what is wrong so far.

    Attributes:
        path: The file.
        columns: Those that are there, as they are called here.
        rows: The rows in which nothing is wrong.
        problems: One sentence per row in which something is.
    """

    path: Path
    columns: tuple[str, ...]
    rows: Sequence[TableRow]
    problems: Sequence[str] = ()

    def refuse(self, more: Iterable[str] = ()) -> None:
        """Nothing where there is no problem.

        Args:
            more: What the reader of this kind of table found.

        Raises:
            DatasetError: With every problem of the file, in the order of its lines.
        """
        problems = sorted([*self.problems, *more], key=_line_of)
        if problems:
            raise DatasetError(list_problems(str(self.path), problems))


@dataclass(frozen=True, kw_only=True)
class Separator:
    """What stands between cells.

    Attributes:
        character: One character.
        is_stated: Whether the file's first line says so (`sep=;`).
    """

    character: str
    is_stated: bool = False

    def note(self, where: str) -> str:
        """What its user should know; empty where it is the comma."""
        if self.character == ",":
            return ""
        name = SEPARATORS.get(self.character, repr(self.character))
        how = "as its first line says" if self.is_stated else "as its header shows"
        return f"{where}: cells are separated by {name}, {how}"


class SeparatorError(ValueError):
    """A header that can be cut in two ways, in words behind "FILE: "."""


def read_table(
    path: Path, columns: Columns, *, notes: list[str] | None = None
) -> ReadTable:
    """The rows of a table that a person wrote.

    Args:
        path: As a spreadsheet or an editor saves it.
        columns: What may be there.
        notes: Takes what its user should know.

    Raises:
        DatasetError: If the file or its header cannot be read. What is wrong with
            rows is in the table, so that all problems come at once.
    """
    opened = _open(path, columns)
    if notes is not None and (note := opened.separator.note(path.name)):
        notes.append(note)
    return _table(path, opened.names, list(opened.records))


def read_columns(path: Path, columns: Columns) -> tuple[str, ...]:
    """Which columns a table has, as they are called here; its rows are not read.

    Raises:
        DatasetError: If the file or its header cannot be read.
    """
    return tuple(filter(None, _open(path, columns).names))


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A table whose header is known."""

    separator: Separator
    names: Sequence[str]
    records: Iterator[_Record]


def _open(path: Path, columns: Columns) -> _Opened:
    try:
        text = read_text(path, max_bytes=MAX_TABLE_BYTES)
        separator = find_separator(text, columns.required)
    except TextFileError as error:
        raise DatasetError(str(error)) from error
    except SeparatorError as error:
        raise DatasetError(f"{path}: {error}") from error
    records = _records(path, text, separator)
    first = next(records, None)
    names = _header(path, first.cells if first else [], columns)
    return _Opened(separator=separator, names=names, records=records)


def find_separator(text: str, columns: Collection[str] = ()) -> Separator:
    r"""What separates the cells of a table.

    The comma, unless the first line states another (`sep=;`) or the header has
    another: the one that gives the columns that must be there, or else the one that
    it has most of, so that every row must have as many cells.

    Args:
        text: The table, or its first lines; line feeds end lines.
        columns: Columns that must be there: they decide where the header has two.

    Raises:
        SeparatorError: If the header leaves it open.

    >>> find_separator("sep=;\nfile;label\n").character
    ';'
    """
    first = text.lstrip("\n").partition("\n")[0].strip(" ")
    if stated := _STATED.fullmatch(first):
        return Separator(character=stated[1], is_stated=True)
    outside = "".join(first.split('"')[::2])
    found = [each for each in SEPARATORS if each in outside] or [","]
    if len(found) > 1 and columns:
        fit = [each for each in found if _has_all(first, each, columns)]
        found = fit or [","]
    counts = [outside.count(each) for each in found]
    most = [e for e, n in zip(found, counts, strict=True) if n == max(counts)]
    if len(most) > 1:
        names = " or ".join(SEPARATORS[each] for each in most)
        raise SeparatorError(
            f"its first line can be cut at {names}; quote the cells that hold one of "
            "them, or say in a line above it which it is, for example sep=;"
        )
    return Separator(character=most[0])


@dataclass
class OneMeaning:
    """Keys of which each means one thing: a second row about one is a problem.

    Attributes:
        words: What is wrong, behind "line 9: ", with {key}, {value}, and of the
            earlier row {first} and {line}.
        is_repeatable: Whether a row may say the same again.
        values: Key to what was said first.
        lines: Key to where.
    """

    words: str
    is_repeatable: bool = False
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def note(self, key: str, value: str, *, line: int) -> list[str]:
        """The problem, if there is one; else the key means this from now on."""
        if key not in self.values:
            self.values[key], self.lines[key] = value, line
            return []
        first = self.values[key]
        if self.is_repeatable and first == value:
            return []
        said = self.words.format(
            key=key, value=value, first=first, line=self.lines[key]
        )
        return [f"line {line}: {said}"]


def same_form(text: str) -> str:
    r"""The text in Unicode's composed form, in which equal letters are equal.

    >>> ascii(same_form("e\N{COMBINING ACUTE ACCENT}"))
    "'\\xe9'"
    """
    return unicodedata.normalize("NFC", text)


def further_columns(names: Iterable[str], columns: Columns) -> tuple[str, ...]:
    """Those that are none of the known ones, nor for people only.

    >>> further_columns(["file", "scene", "note_me"], Columns(required=("file",)))
    ('scene',)
    """
    return tuple(
        name
        for name in names
        if name not in columns.known and not name.startswith(FREE)
    )


def split_list(cell: str) -> tuple[str, ...]:
    """The parts of a cell that are separated by "|"."""
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def as_number(cell: str) -> int | None:
    """A whole number of at most nine digits; None for anything else.

    >>> as_number("007"), as_number("7.0"), as_number("1,234")
    (7, None, None)
    """
    is_one = cell.isascii() and cell.isdecimal() and len(cell) <= _MOST_DIGITS
    return int(cell) if is_one else None


def trouble_of_number(cell: str) -> str:
    """What to write instead of a number that is not plain; empty where it is none.

    >>> trouble_of_number("1,234")
    'could be 1234 or 1.234; write it without separators of thousands'
    >>> trouble_of_number("3.0")
    'is not written as a whole number; write 3'
    """
    if _SHORTENED.fullmatch(cell):
        return SHORTENED_WORDS
    if whole := _FLOAT.fullmatch(cell):
        return f"is not written as a whole number; write {whole[1]}"
    if marked := _MARKED.fullmatch(cell):
        one, other = cell.replace(marked[1], ""), cell.replace(marked[1], ".")
        return f"could be {one} or {other}; write it without separators of thousands"
    return ""


@dataclass(frozen=True, slots=True)
class _Record:
    """A row; where it is plain, no cell can hold what is refused."""

    line: int
    cells: list[str]
    is_plain: bool

    @classmethod
    def of(cls, line: int, cells: Sequence[str]) -> _Record:
        whole = "".join(cells)
        # Nearly every row is plain, and tables are long.
        is_plain = whole.isascii() and "'" not in whole and "+" not in whole
        kept = [cell.strip() if is_plain else _plain(cell) for cell in cells]
        return cls(line, kept, is_plain)


def _records(path: Path, text: str, separator: Separator) -> Iterator[_Record]:
    """Every row that is no blank line, the header included."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator.character, strict=True
    )
    line, is_stated = 1, separator.is_stated
    try:
        for cells in reader:
            if cells and not is_stated:
                yield _Record.of(line, cells)
            is_stated = is_stated and not cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(
            f"{path}, the row that begins in line {line}: {error}; is a quotation mark "
            "missing, or the file cut off?"
        ) from error


def _plain(cell: str) -> str:
    return same_form(original_cell(cell)).strip()


def _has_all(line: str, separator: str, columns: Collection[str]) -> bool:
    cells = next(csv.reader([line], delimiter=separator), [])
    return set(columns) <= {_name(cell) for cell in cells} | set(cells)


def _name(cell: str) -> str:
    return _plain(cell).casefold()


def _header(path: Path, cells: Sequence[str], columns: Columns) -> list[str]:
    """The columns as they are called here; empty for those of no name.

    Raises:
        DatasetError: With everything that is wrong with the header.
    """
    if len(cells) > MAX_COLUMNS:
        raise DatasetError(
            f"{path}: its first line has {len(cells):,} cells; at most "
            f"{MAX_COLUMNS:,} columns are read"
        )
    written = [_name(cell) for cell in cells]
    names = [columns.spellings.get(name, name) for name in written]
    missing = [name for name in columns.required if name not in names]
    problems = _contradictions(written, names) + [
        _unread(name, columns, others=names)
        for name in names
        if name and name not in columns.known and not name.startswith(FREE)
        if not (columns.may_have_more and _is_new(name, columns, others=names))
    ]
    if missing:
        said = ", ".join(cell[:_LETTERS] for cell in cells[:_SHOWN])
        wrong = (
            f"no column {', '.join(missing)}; the first line says {said or 'nothing'}"
        )
        # A first line that names nothing is data: what its cells are is no matter.
        is_header = any(n in columns.known or n in columns.meant for n in names)
        problems = (
            [wrong, *problems]
            if is_header
            else [f"{wrong}, where the names of the columns belong"]
        )
    if problems:
        raise DatasetError(list_problems(str(path), problems))
    return names


def _contradictions(written: Sequence[str], names: Sequence[str]) -> list[str]:
    problems = []
    for name in dict.fromkeys(filter(None, names)):
        said = [w for w, other in zip(written, names, strict=True) if other == name]
        if len(said) > 1:
            listed = " and ".join(said)
            problems.append(f"columns {listed} would both be {name}; keep one of them")
    return problems


def _is_new(name: str, columns: Columns, *, others: Sequence[str]) -> bool:
    """Whether a name is nobody's for a known column, nor nearly one that lacks."""
    near = get_close_matches(name, columns.known, n=1, cutoff=_ALIKE)
    return name not in columns.meant and all(each in others for each in near)


def _unread(name: str, columns: Columns, *, others: Sequence[str]) -> str:
    """A column that nothing reads, and what may have been meant by it."""
    near = get_close_matches(name, columns.known, n=1, cutoff=_ALIKE)
    meant = columns.meant.get(name) or (near[0] if near else None)
    shown = repr(name[:_LETTERS])
    if meant in others:
        return (
            f"column {shown} stands beside {meant}; both would say the same: keep one"
        )
    advice = f"did you mean {meant}?" if meant else "take it out."
    return (
        f"column {shown} is not read here (there are {', '.join(columns.known)}); "
        f"{advice} If it is for people, call it {FREE}_{name[:_LETTERS]}"
    )


def _table(path: Path, names: Sequence[str], records: Sequence[_Record]) -> ReadTable:
    rows, problems = [], _nameless(names, records)
    for record in records:
        found = list(_problems(record, names))
        problems += [f"line {record.line}: {words}" for words in found]
        if not found:
            cells = dict(zip(names, record.cells, strict=True))
            rows.append(TableRow(record.line, cells))
    columns = tuple(filter(None, names))
    return ReadTable(path=path, columns=columns, rows=rows, problems=problems)


def _nameless(names: Sequence[str], records: Sequence[_Record]) -> list[str]:
    """Columns without a name that hold something, one problem each."""
    problems = []
    for place in (place for place, name in enumerate(names) if not name):
        held = [r for r in records if len(r.cells) > place and r.cells[place]]
        if held:
            problems.append(
                f"line {held[0].line}: cell {place + 1} holds "
                f"{held[0].cells[place][:_LETTERS]!r}, and the first line has no name "
                f"for it ({len(held)} such rows); name the column or take it out (an "
                "index that pandas wrote goes with to_csv(index=False))"
            )
    return problems


def _problems(record: _Record, names: Sequence[str]) -> Iterator[str]:
    n_cells, n_columns = len(record.cells), len(names)
    if n_cells > n_columns:
        yield (
            f"more cells than the {n_columns} columns ({n_cells}); put cells with "
            "commas in quotation marks"
        )
    elif n_cells < n_columns:
        yield (
            f"{n_cells} of {n_columns} cells, it ends before the column "
            f"{names[n_cells] or n_cells + 1}; is the file cut off?"
        )
    elif not record.is_plain:
        for name, cell in zip(names, record.cells, strict=True):
            if words := _trouble(name, cell):
                yield f"{name} {cell[:_LETTERS]!r} {words}"


def _trouble(name: str, cell: str) -> str:
    if LOST in cell:
        return LOST_WORDS
    is_shortened = not name.startswith(FREE) and _SHORTENED.fullmatch(cell)
    return SHORTENED_WORDS if is_shortened else ""


def _line_of(problem: str) -> int:
    found = re.match(r"(?:\S+ )?line (\d+)", problem)
    return int(found[1]) if found else 0
