"""Measure rows of the coverage table: `python -m tests.analysis.coverage.run`."""

from __future__ import annotations

import csv
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click
import pandas as pd

from tests.analysis.coverage.rows import Outcome, Row, all_rows, measure, rows_by_module

FOLDER = Path(__file__).parents[3] / "docs" / "coverage"
_COLUMNS = [
    "place",
    "world",
    "kind",
    "scale",
    *(f.name for f in fields(Outcome)),
    "wider_because",
]


@click.command()
@click.option("--only", default="", help="Rows whose place or world holds this text.")
@click.option("--studies", type=int, help="Studies a row, instead of the row's own.")
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--write", is_flag=True, help="Keep what was measured in docs/coverage/.")
@click.option("--missing", is_flag=True, help="Only rows that the file does not have.")
def main(
    *, only: str, studies: int | None, workers: int, write: bool, missing: bool
) -> None:
    """Simulate the studies of the rows and print what they showed."""
    known = read_results()
    for row in all_rows().values():
        if only and only.lower() not in "|".join(row.key).lower():
            continue
        if missing and row.key in known:
            continue
        found = measure(row, n_studies=studies, n_workers=workers)
        click.echo(_line(row, found))
        if write:
            write_result(row, found)


def read_results() -> dict[tuple[str, str], dict[str, str]]:
    """Lines of the files by place and world."""
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for path in sorted(FOLDER.glob("*.csv")):
        lines |= _read(path)
    return lines


def write_result(row: Row, found: Outcome) -> None:
    """Put one row's result into its module's file, in the order of the rows."""
    (module, rows) = next(
        (module, rows) for module, rows in rows_by_module().items() if row in rows
    )
    path = FOLDER / f"{module}.csv"
    lines: dict[tuple[str, str], dict[str, Any]] = dict(_read(path))
    numbers = {
        name: f"{value:.6g}" if isinstance(value, float) else value
        for name, value in asdict(found).items()
    }
    lines[row.key] = {
        "place": row.place,
        "world": row.world,
        "kind": row.kind,
        "scale": f"{row.scale:g}",
        **numbers,
        "wider_because": row.wider_because,
    }
    ordered = [lines[each.key] for each in rows if each.key in lines]
    FOLDER.mkdir(exist_ok=True)
    pd.DataFrame(ordered, columns=_COLUMNS).to_csv(path, index=False)


def _read(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {(line["place"], line["world"]): line for line in csv.DictReader(file)}


def _line(row: Row, found: Outcome) -> str:
    by = row.scale
    word = "covers" if row.kind == "interval" else "rejects"
    text = (
        f"{row.place} | {row.world}: {word} {100 * found.rate:.1f} ± "
        f"{100 * found.error:.1f} %"
    )
    if row.kind == "interval":
        text += (
            f" (too low {100 * found.too_low:.1f}, too high "
            f"{100 * found.too_high:.1f} %), truth {by * found.truth:.2f}, mean "
            f"{by * found.mean:.2f}, width {by * found.width:.2f}, oracle "
            f"{by * found.oracle:.2f}"
        )
    if found.given < 1:
        text += f"; given in {100 * found.given:.0f} %, else: {found.refusal}"
    return text


if __name__ == "__main__":
    main()
