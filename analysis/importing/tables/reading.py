"""Reading tables that others made: encodings, separators, ragged rows, no surprises."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import MAX_ROWS, BadRows, ImportOptions, SourceFile
from analysis.importing.tables.cells import sound_cells
from analysis.importing.tables.columns import find_columns, put_columns
from stimuli.files.safe_csv import original_cell
from stimuli.files.tables import Separator, SeparatorError, find_separator
from stimuli.files.text import MAX_COLUMNS, find_encoding, find_other_kind

_CHUNK: Final = 1 << 20
_EXAMPLES: Final = 3
_SHOWN: Final = 20
_LETTERS: Final = 60


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """How a text file is to be read."""

    encoding: str
    separator: Separator
    header: tuple[str, ...]

    @property
    def written(self) -> dict[str, str]:
        """Column to its name as the file has it, marks against spreadsheets included."""
        return {original_cell(name): name for name in self.header}


@dataclass(frozen=True, kw_only=True)
class OpenTable:
    """A table whose header is known and whose rows are not read yet.

    Attributes:
        path: The file.
        name: What it is called.
        header: Its columns, marks against spreadsheets taken away.
        layout: How a text file is read; None for Parquet.
    """

    path: Path
    name: str
    header: tuple[str, ...]
    layout: _Layout | None

    def notes(self, read: Collection[str] | None = None) -> tuple[str, ...]:
        """What its user should know of the file.

        Args:
            read: The columns that are made use of; every one where None.
        """
        separated = self.layout.separator.note(self.name) if self.layout else ""
        unread = [] if read is None else [n for n in self.header if n not in read]
        shown = ", ".join(repr(name[:_LETTERS]) for name in unread[:_SHOWN])
        more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
        left = f"{self.name}: columns that are not read: {shown}{more}"
        return tuple(filter(None, (separated, left if unread else "")))

    def read(
        self, names: Collection[str] | None, *, bad: BadRows, problems: Problems
    ) -> pd.DataFrame | None:
        """Every cell as text, indexed by row from 1; None where it cannot be read.

        Args:
            names: Columns of the header; every one where None.
            bad: Takes rows with more or fewer cells than the header, and cells that
                lost what they held.
            problems: Takes what else is wrong.
        """
        chosen = list(self.header if names is None else dict.fromkeys(names))
        frame = (
            _read_parquet(self, chosen, problems=problems)
            if self.layout is None
            else _read_csv(self, self.layout, chosen, bad=bad, problems=problems)
        )
        return None if frame is None else sound_cells(frame, bad=bad)


def open_table(
    file: SourceFile, *, encoding: str | None, problems: Problems
) -> OpenTable | None:
    """The header of a table; None where it cannot be read.

    CSV by the rules of `stimuli.files.tables` or Parquet.

    Args:
        file: The file.
        encoding: Of a text file, where it is not UTF-8.
        problems: Takes what is wrong.
    """
    path = file.path
    if not path.is_file():
        problems.add(f"{path} is not a file")
        return None
    if path.stat().st_size == 0:
        problems.add(f"{file.name} is empty (0 bytes)")
        return None
    if path.suffix == ".parquet":
        return _open_parquet(file, problems=problems)
    layout = _layout(file, encoding, problems=problems)
    if layout is None:
        return None
    header = tuple(layout.written)
    return OpenTable(path=path, name=file.name, header=header, layout=layout)


def read_table(
    path: Path,
    *,
    encoding: str | None,
    problems: Problems,
    only: Collection[str] | None = None,
) -> pd.DataFrame | None:
    """A table's cells as text, indexed by row from 1; None where it cannot be read.

    Args:
        path: The file.
        encoding: Of a text file, where it is not UTF-8.
        problems: Takes what is wrong, with rows.
        only: Columns to keep, whatever their case; every one where None.
    """
    table = open_table(
        SourceFile(path=path, name=path.name), encoding=encoding, problems=problems
    )
    if table is None:
        return None
    wanted = table.header if only is None else only
    found = find_columns(wanted, table.header, where=path.name, problems=problems)
    if found is None:
        return None
    own = [name for parts in found.values() for name in parts]
    bad = BadRows(path.name, ImportOptions(), problems=problems)
    frame = table.read(own, bad=bad, problems=problems)
    return None if frame is None else put_columns(frame, found)


def as_text(column: pd.Series) -> pd.Series:
    """Cells as text, empty where there is nothing; whole numbers without ".0".

    Lists and objects in a cell become JSON.
    """
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "true", False: "false"}).astype("str").fillna("")
    if pd.api.types.is_float_dtype(column.dtype):
        whole = column.dropna()
        if len(whole) and (whole == whole.round()).all() and whole.abs().max() < 2**53:
            column = column.astype("Int64")
    if pd.api.types.is_object_dtype(column.dtype):
        column = column.map(_cell)
    text = column.astype("string").fillna("")
    return text.astype("str")


def _cell(value: object) -> object:
    if isinstance(value, list | dict | np.ndarray):
        return json.dumps(value, default=_plain, ensure_ascii=False, sort_keys=True)
    return str(value).lower() if isinstance(value, bool | np.bool_) else value


def _plain(value: object) -> object:
    """What JSON has no word for: NumPy's arrays and numbers, times."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _open_parquet(file: SourceFile, *, problems: Problems) -> OpenTable | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.ParquetFile(file.path)
    except (pa.ArrowException, OSError, ValueError) as error:
        problems.add(f"{file.name} is not a Parquet file: {error}")
        return None
    if not _is_sized(file.name, found.metadata.num_rows, problems=problems):
        return None
    header = tuple(found.schema_arrow.names)
    return OpenTable(path=file.path, name=file.name, header=header, layout=None)


def _read_parquet(
    table: OpenTable, names: Sequence[str], *, problems: Problems
) -> pd.DataFrame | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.ParquetFile(table.path).read(columns=list(names))
        frame = found.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        problems.add(f"{table.name} is damaged: {type(error).__name__}")
        return None
    numbers = np.arange(1, len(frame) + 1)
    text = pd.DataFrame({name: as_text(frame[name]) for name in frame})
    return text.set_index(numbers)


def _read_csv(
    table: OpenTable,
    layout: _Layout,
    names: Sequence[str],
    *,
    bad: BadRows,
    problems: Problems,
) -> pd.DataFrame | None:
    """The columns wanted, read piece by piece so that too long a file is given up."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    written = layout.written
    ragged = _Ragged(n_above=1 + layout.separator.is_stated)
    pieces: list[pa.RecordBatch] = []
    n_rows = 0
    try:
        with pacsv.open_csv(
            table.path,
            **_csv_options(layout, [written[name] for name in names], ragged),
        ) as reader:
            for piece in reader:
                pieces.append(piece)
                n_rows += piece.num_rows
                if n_rows > MAX_ROWS:
                    break
    except (pa.ArrowException, OSError, ValueError) as error:
        problems.add(f"{table.name} cannot be read as a table: {error}")
        return None
    bad.add("", ragged.numbers(), what=ragged.words(len(layout.header)))
    if not _is_sized(table.name, n_rows + len(ragged.rows), problems=problems):
        return None
    if n_rows == 0:
        return pd.DataFrame(columns=list(names), dtype="str")
    frame = _as_frame(pa.Table.from_batches(pieces), names, written=written)
    numbers = np.arange(1, n_rows + len(ragged.rows) + 1)
    return frame.set_index(np.setdiff1d(numbers, ragged.rows))


def _csv_options(
    layout: _Layout, names: Sequence[str], ragged: _Ragged
) -> dict[str, Any]:
    """Every cell as text, one thread, so that rows keep their numbers."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    return {
        "read_options": pacsv.ReadOptions(
            use_threads=False,
            encoding=layout.encoding.removesuffix("-sig"),
            skip_rows=int(layout.separator.is_stated),
        ),
        "parse_options": pacsv.ParseOptions(
            delimiter=layout.separator.character,
            newlines_in_values=True,
            invalid_row_handler=ragged.note,
        ),
        "convert_options": pacsv.ConvertOptions(
            include_columns=names,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
        ),
    }


@dataclass
class _Ragged:
    """Rows with more or fewer cells than the header.

    Attributes:
        n_above: Rows above the first one of the table.
        rows: Their numbers.
        n_cells: How many cells they have.
    """

    n_above: int
    rows: list[int] = field(default_factory=list)
    n_cells: set[int] = field(default_factory=set)

    def note(self, row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        """Remember it and go on, so that all are told at once."""
        self.rows.append(int(row.number or 0) - self.n_above)
        self.n_cells.add(int(row.actual_columns))
        return "skip"

    def numbers(self) -> pd.Series:
        """Their numbers, each at its own index."""
        return pd.Series(self.rows, index=self.rows, dtype="int64")

    def words(self, n_columns: int) -> str:
        """What is wrong with them."""
        found = ", ".join(map(str, sorted(self.n_cells)[:_EXAMPLES]))
        return f"{found} cells, the header has {n_columns}; quote cells with separators"


def _as_frame(
    table: Any,  # noqa: ANN401 - pyarrow's Table
    names: Sequence[str],
    *,
    written: Mapping[str, str],
) -> pd.DataFrame:
    """The columns as pandas' own text, which shares arrow's memory."""
    return pd.DataFrame({name: _original(table[written[name]]) for name in names})


def _original(column: Any) -> pd.Series:  # noqa: ANN401 - pyarrow's ChunkedArray
    """Cells as they were before somebody kept spreadsheets from running them."""
    import pyarrow.compute as pc

    cells: pd.Series = column.to_pandas().astype("str")
    # Few files have any such cell, and a million rows are read at once.
    if not pc.any(pc.match_substring(column, "'")).as_py():
        return cells
    return cells.map(original_cell).astype("str")


def _is_sized(name: str, n_rows: int, *, problems: Problems) -> bool:
    if n_rows == 0:
        problems.add(f"{name} has a header but no rows")
    elif n_rows > MAX_ROWS:
        problems.add(
            f"{name} has more than {MAX_ROWS:,} rows, which do not fit into "
            "memory safely: split it by worker or by stimulus and import the parts "
            "as studies of their own"
        )
    return 0 < n_rows <= MAX_ROWS


def _layout(
    file: SourceFile, encoding: str | None, *, problems: Problems
) -> _Layout | None:
    with file.path.open("rb") as handle:
        start = handle.read(8)
    if kind := find_other_kind(start):
        problems.add(f"{file.name} is {kind}: save the table as CSV (UTF-8)")
        return None
    found = encoding or find_encoding(start)
    lines = _first_lines(file, found, problems=problems)
    if lines is None:
        return None
    try:
        separator = find_separator("\n".join(lines))
    except SeparatorError as error:
        problems.add(f"{file.name}: {error}")
        return None
    header = lines[separator.is_stated :][:1]
    names = tuple(next(csv.reader(header, delimiter=separator.character), []))
    if len(names) > MAX_COLUMNS:
        problems.add(
            f"{file.name}: {len(names):,} columns; at most {MAX_COLUMNS:,} are read"
        )
        return None
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        listed = ", ".join(map(repr, twice))
        problems.add(f"{file.name}: column {listed} is there more than once")
        return None
    return _Layout(encoding=found, separator=separator, header=names)


def _first_lines(
    file: SourceFile, encoding: str, *, problems: Problems
) -> list[str] | None:
    """Two lines, once the whole file is known to be text in this encoding."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        problems.add(f"--encoding {encoding}: no such encoding; try cp1252 or latin-1")
        return None
    first: list[str] = []
    n_lines = 0
    with file.path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            try:
                text = decoder.decode(chunk, final=len(chunk) < _CHUNK)
            except UnicodeDecodeError as error:
                row = n_lines + chunk[: error.start].count(b"\n")
                _add_encoding(file, encoding, row=row, error=error, problems=problems)
                return None
            if "\x00" in text:
                problems.add(f"{file.name} is not a text file: it holds NUL bytes")
                return None
            first = first or text.lstrip("\r\n").split("\n", 2)[:2]
            n_lines += text.count("\n")
    return [line.rstrip("\r") for line in first]


def _add_encoding(
    file: SourceFile,
    encoding: str,
    *,
    row: int,
    error: UnicodeDecodeError,
    problems: Problems,
) -> None:
    byte = error.object[error.start : error.start + 1].hex()
    where = f"row {row}" if row else "the header"
    problems.add(
        f"{file.name}, {where}: byte 0x{byte} is not {encoding}; save the file as "
        "UTF-8, or say what it is, for example --encoding cp1252"
    )
