"""Writing a bundle's tables row by row, as CSV or Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from stimuli.files.safe_csv import csv_writer
from study_server.services.bundles.columns import DescribedColumn

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["csv", "parquet"]
Row = Mapping[str, Any]

_ROWS_AT_ONCE: Final = 20_000


def write_table(
    path: Path,
    rows: Iterable[Row],
    *,
    columns: Sequence[DescribedColumn],
    file_format: Format,
    has_raw_cells: bool = False,
) -> int:
    """Write rows that have exactly these columns; says how many there were.

    Args:
        path: The file.
        rows: Column to value.
        columns: What the dictionary describes.
        file_format: CSV or Parquet.
        has_raw_cells: Whether a CSV may hold text that a spreadsheet would run.

    Raises:
        ValueError: If a row has other columns than the dictionary describes.
    """
    names = [column.name for column in columns]
    checked = (_checked(row, names, path) for row in rows)
    if file_format == "csv":
        return _write_csv(path, checked, columns=columns, is_raw=has_raw_cells)
    return _write_parquet(path, checked, columns=columns)


def as_json(value: object) -> str:
    """Compact JSON with sorted keys, so that the same value gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def as_time(value: datetime | None) -> str | None:
    """ISO 8601 in UTC, always with microseconds."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _checked(row: Row, names: list[str], path: Path) -> Row:
    if list(row) != names:
        raise ValueError(
            f"{path.name}: expected the columns {', '.join(names)}, "
            f"got {', '.join(row)}"
        )
    return row


def _write_csv(
    path: Path, rows: Iterable[Row], *, columns: Sequence[DescribedColumn], is_raw: bool
) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv_writer(handle, is_raw=is_raw)
        writer.writerow([column.name for column in columns])
        for row in rows:
            writer.writerow([_text(row[column.name], column) for column in columns])
            count += 1
    return count


def _text(value: Any, column: DescribedColumn) -> str:  # noqa: ANN401 - any cell
    if value is None:
        return ""
    if column.type == "boolean":
        return "true" if value else "false"
    if column.type == "json":
        return as_json(value)
    if column.type == "time":
        return as_time(value) or ""
    return str(value)


def _write_parquet(
    path: Path, rows: Iterable[Row], *, columns: Sequence[DescribedColumn]
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column.name, _arrow_type(column)) for column in columns])
    left, count = iter(rows), 0
    with pq.ParquetWriter(path, schema) as writer:
        while part := list(islice(left, _ROWS_AT_ONCE)):
            arrays = [
                pa.array([_cell(row[column.name], column) for row in part], field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(part)
    return count


def _cell(value: Any, column: DescribedColumn) -> Any:  # noqa: ANN401 - any cell
    if value is None:
        return None
    if column.type == "json":
        return as_json(value)
    return str(value) if column.type == "text" else value


def _arrow_type(column: DescribedColumn) -> pa.DataType:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    return types[column.type]
