"""What a command prints: its result to stdout, as JSON or in words; all else to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import BaseModel

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def json_option(function: FunctionT) -> FunctionT:
    """The option `--json`, as the argument `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, for machines."
    )(function)


def say(value: object, *, as_json: bool, text: str | Callable[[], str]) -> None:
    """Print a result to stdout: `value` as JSON, or `text` for people."""
    if as_json:
        click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))
    else:
        click.echo(text if isinstance(text, str) else text())


def say_aside(text: str) -> None:
    """Print to stderr what is not the result."""
    click.echo(text, err=True)


def as_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns lined up, two spaces between; numbers to the right."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(head))]
    is_number = [
        bool(rows) and all(isinstance(row[at], int) for row in rows)
        for at in range(len(head))
    ]
    lines = (
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in cells
    )
    return "\n".join(lines)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value
