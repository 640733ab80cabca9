"""Tables of a bundle as typed frames; every problem named with its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from analysis.bundles.schema import TABLES, ColumnSchema, TableSchema
from stimuli.files.safe_csv import original_cell

FrameT = TypeVar("FrameT", pd.DataFrame, pd.Series)

SUFFIXES: Final = ("csv", "parquet")
MAX_ROWS: Final = 4_000_000
_CHUNK: Final = 1 << 20
_EXAMPLES: Final = 3
_TRUTH: Final = {"true": True, "false": False}


@dataclass
class Problems:
    """What is wrong with a bundle, collected to be said at once."""

    found: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Note one problem."""
        self.found.append(text)

    def add_rows(self, where: str, bad: pd.Series, *, what: str) -> None:
        """Note the rows (counted from 1, header left out) where `bad` holds."""
        rows = [str(number + 1) for number in bad.to_numpy().nonzero()[0]]
        if not rows:
            return
        more = f" and {len(rows) - _EXAMPLES} more" if len(rows) > _EXAMPLES else ""
        plural = "rows" if len(rows) > 1 else "row"
        self.add(f"{where}, {plural} {', '.join(rows[:_EXAMPLES])}{more}: {what}")


def read_tables(
    folder: Path, problems: Problems, *, has_safe_cells: bool = False
) -> dict[str, pd.DataFrame]:
    """Every table that could be read, typed; the rest is among the problems.

    Args:
        folder: The bundle.
        problems: Takes what is wrong.
        has_safe_cells: Whether text in CSV files carries marks against spreadsheets.
    """
    frames = {}
    for name, table in TABLES.items():
        path = find_table(folder, name)
        if path is None and table.may_be_missing:
            frames[name] = table_of(name, [])
            continue
        if path is None:
            problems.add(f"{name}.csv (or {name}.parquet) is missing")
            continue
        raw = _read_raw(path, problems)
        if raw is not None:
            if has_safe_cells and path.suffix == ".csv":
                raw = original_cells(raw)
            frame = _typed(raw, table, where=path.name, problems=problems)
            if frame is not None:
                frames[name] = frame
    _check_references(frames, problems)
    return frames


def original_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Text as it was before it was written so that no spreadsheet runs it.

    >>> original_cells(pd.DataFrame({"said": ["'=1+1", "yes"]}))["said"].to_list()
    ['=1+1', 'yes']
    """
    return pd.DataFrame({name: frame[name].map(original_cell) for name in frame})


def table_of(name: str, rows: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Rows of text as a table of a bundle; columns that are left out are empty.

    Raises:
        ValueError: Naming the cells that do not fit.

    >>> table_of("classes", [{"class": "0", "name": "apple"}]).to_dict("records")
    [{'class': '0', 'name': 'apple', 'gloss': ''}]
    """
    problems = Problems()
    raw = pd.DataFrame(rows, columns=list(TABLES[name].columns), dtype=object)
    typed = _typed(raw.fillna(""), TABLES[name], where=name, problems=problems)
    if typed is None or problems.found:
        raise ValueError("; ".join(problems.found))
    return typed


def shared_text(column: pd.Series) -> pd.Series:
    """Text as Python's own, where cells that are equal are one object.

    A million cells of their own take sixty bytes each, and are hashed each time they
    are grouped or looked up.

    >>> found = shared_text(pd.Series(["yes", "no", "yes"], dtype="str"))
    >>> found.dtype, found[0] is found[2]
    (dtype('O'), True)
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, words = column.cat.codes.to_numpy(), column.cat.categories
    elif column.dtype == object:
        return column
    else:
        codes, words = pd.factorize(column)
    # What is missing has the code -1.
    cells = np.append(np.asarray(words, dtype=object), np.nan)[codes]
    return pd.Series(cells, index=column.index, name=column.name, dtype=object)


def taken(rows: FrameT, is_in: pd.Series) -> FrameT:
    """The rows where it holds; the very same, uncopied, where it holds everywhere.

    >>> rows = pd.DataFrame({"vote": [1, 0]})
    >>> taken(rows, rows["vote"] >= 0) is rows, len(taken(rows, rows["vote"] > 0))
    (True, 1)
    """
    return rows if is_in.all() else rows[is_in]


def find_table(folder: Path, name: str) -> Path | None:
    """The file a table lies in, whichever format."""
    candidates = (folder / f"{name}.{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def _read_raw(path: Path, problems: Problems) -> pd.DataFrame | None:
    """All cells as text; empty text where there is nothing."""
    try:
        if (n_rows := _n_rows(path)) > MAX_ROWS:
            problems.add(
                f"{path.name} has {n_rows:,} rows, which do not fit into memory safely: "
                f"at most {MAX_ROWS:,} are read; export fewer conditions or people"
            )
            return None
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path, dtype_backend="numpy_nullable")
            return pd.DataFrame({name: _as_text(frame[name]) for name in frame})
        return pd.read_csv(path, dtype=str, keep_default_na=False).fillna("")
    except (ValueError, OSError, KeyError) as error:
        problems.add(f"{path.name} cannot be read: {error}")
        return None


def _n_rows(path: Path) -> int:
    """Rows of a table (lines of a CSV file, so quoted line breaks count as well)."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(path).metadata.num_rows)
    n_lines = 0
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            n_lines += chunk.count(b"\n")
    return n_lines - 1


def _as_text(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.BooleanDtype):
        return column.map({True: "true", False: "false"}).astype(object).fillna("")
    text = column.astype("string").astype(object)
    return text.where(column.notna(), "")


def _typed(
    raw: pd.DataFrame, table: TableSchema, *, where: str, problems: Problems
) -> pd.DataFrame | None:
    missing = [name for name in table.columns if name not in raw]
    if needed := [name for name in missing if not table.columns[name].may_be_missing]:
        problems.add(f"{where}: column {', '.join(needed)} missing")
        return None
    raw = raw.assign(**dict.fromkeys(missing, ""))
    typed = {
        name: _typed_column(raw[name], column, where=where, problems=problems)
        for name, column in table.columns.items()
    }
    frame = pd.DataFrame(typed)
    if table.key:
        twice = raw.duplicated(list(table.key))
        problems.add_rows(where, twice, what=f"{' + '.join(table.key)} came before")
    return frame


def _typed_column(
    raw: pd.Series, column: ColumnSchema, *, where: str, problems: Problems
) -> pd.Series:
    """One column in its type; cells that do not fit are named."""
    is_empty = raw == ""
    if not column.may_be_empty:
        problems.add_rows(f"{where}, {raw.name}", is_empty, what="empty")
    if column.choices:
        unknown = ~raw.isin(column.choices) & ~is_empty
        expected = ", ".join(column.choices)
        _add_values(raw, unknown, where=where, expected=expected, problems=problems)
    typed, is_bad = _CONVERT[column.type](raw)
    expected = _EXPECTED[column.type]
    _add_values(
        raw, is_bad & ~is_empty, where=where, expected=expected, problems=problems
    )
    return _filled(typed, column)


def _filled(typed: pd.Series, column: ColumnSchema) -> pd.Series:
    """Plain bool and int64 where no cell may be empty."""
    if column.may_be_empty or column.type not in ("boolean", "integer"):
        return typed
    plain: pd.Series = typed.fillna(value=0).astype(
        "bool" if column.type == "boolean" else "int64"
    )
    return plain


def _add_values(
    raw: pd.Series, bad: pd.Series, *, where: str, expected: str, problems: Problems
) -> None:
    if not bad.any():
        return
    came = ", ".join(repr(str(value)[:40]) for value in raw[bad].unique()[:_EXAMPLES])
    what = f"expected {expected}, got {came}"
    problems.add_rows(f"{where}, {raw.name}", bad, what=what)


def _text(raw: pd.Series) -> tuple[pd.Series, pd.Series]:
    return shared_text(raw), pd.Series(False, index=raw.index)


def _integer(raw: pd.Series) -> tuple[pd.Series, pd.Series]:
    is_bad = ~raw.str.fullmatch(r"[+-]?\d{1,18}").astype(bool)
    return pd.to_numeric(raw.mask(is_bad)).astype("Int64"), is_bad


def _number(raw: pd.Series) -> tuple[pd.Series, pd.Series]:
    typed = pd.to_numeric(raw, errors="coerce").astype(float)
    return typed, typed.isna()


def _boolean(raw: pd.Series) -> tuple[pd.Series, pd.Series]:
    typed = raw.map(_TRUTH).astype("boolean")
    return typed, typed.isna()


def _time(raw: pd.Series) -> tuple[pd.Series, pd.Series]:
    typed = pd.to_datetime(
        raw.mask(raw == ""), utc=True, errors="coerce", format="ISO8601"
    )
    return typed, typed.isna()


def _json(raw: pd.Series) -> tuple[pd.Series, pd.Series]:
    return raw.astype(object), ~raw.map(_is_json).astype(bool)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


_CONVERT: Final = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "time": _time,
    "json": _json,
}
_EXPECTED: Final = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "time": "an ISO 8601 time",
    "json": "JSON",
}


def _check_references(frames: Mapping[str, pd.DataFrame], problems: Problems) -> None:
    for name, frame in frames.items():
        for column, target in TABLES[name].refers.items():
            if target not in frames:
                continue
            unknown = ~frame[column].isin(frames[target][column])
            problems.add_rows(
                f"{name}, {column}", unknown, what=f"not in the table {target}"
            )
