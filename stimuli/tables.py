"""The CSV files beside a data set, read with line numbers for the problems."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stimuli.errors import DatasetError


@dataclass(frozen=True)
class Row:
    """One line of a CSV file.

    Attributes:
        line: Line number in the file, from 1.
        cells: Column name to content, stripped.
    """

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_table(path: Path, *, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV file with a header.

    Args:
        path: UTF-8, with or without a byte order mark.
        columns: Columns that must be there; others are kept too.

    Raises:
        DatasetError: If the file cannot be read or a column is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            rows = [_row(reader.line_num, raw) for raw in reader]
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} is not a UTF-8 CSV file: {error}") from error
    missing = [name for name in columns if name not in header]
    if missing:
        raise DatasetError(
            f"{path}: no column {', '.join(missing)}; the first line says "
            f"{', '.join(header) or 'nothing'}"
        )
    return rows


def split_list(cell: str) -> tuple[str, ...]:
    """The parts of a cell that are separated by "|"."""
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def _row(line: int, raw: dict[str, str | None]) -> Row:
    # A short row gives None, an over-long one a None key; both read as empty.
    cells = {k: v.strip() for k, v in raw.items() if k and isinstance(v, str)}
    return Row(line, cells)
