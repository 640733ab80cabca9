"""Frames as CSV files that a spreadsheet shows and never runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stimuli.files.safe_csv import safe_cell


def write_csv(
    frame: pd.DataFrame,
    path: Path,
    *,
    is_raw: bool = False,
    columns: Sequence[str] | None = None,
    line_end: str | None = None,
) -> None:
    """Write a frame without its index; numbers stay numbers.

    Args:
        frame: Any columns.
        path: The file.
        is_raw: Whether text is written as it is, for programs only.
        columns: Which columns, in this order; all where left out.
        line_end: What ends a row; the system's where left out.
    """
    chosen = frame if columns is None else frame[list(columns)]
    shown = chosen if is_raw else chosen.apply(_safe_column).rename(columns=_safe)
    shown.to_csv(path, index=False, lineterminator=line_end)


def _safe_column(column: pd.Series) -> pd.Series:
    kinds = pd.api.types
    if kinds.is_numeric_dtype(column) or kinds.is_datetime64_any_dtype(column):
        return column
    return column.astype(object).map(_safe)


def _safe(cell: object) -> object:
    return safe_cell(cell) if isinstance(cell, str) else cell
