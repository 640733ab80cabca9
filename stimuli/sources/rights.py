"""Under which licence every picture is used, and whose it is.

Columns `licence` (or `license`) and `credit` of `credits.csv` beside the pictures,
and of `labels.csv`; a row per file. Where both say something of a file they must say
the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stimuli.errors import DatasetError
from stimuli.files.tables import (
    Columns,
    OneMeaning,
    ReadTable,
    read_columns,
    read_table,
)
from stimuli.sources.file_names import FileNames, UnknownFileError
from stimuli.sources.labels_table import LABEL_COLUMNS, LABELS

CREDITS: Final = "credits.csv"
COLUMNS: Final = Columns(
    required=("file",),
    optional=("licence", "credit"),
    spellings={"license": "licence"},
    meant=dict.fromkeys(("image", "filename", "path", "picture"), "file")
    | dict.fromkeys(("author", "creator", "source", "attribution"), "credit"),
)
_LABELS: Final = replace(
    LABEL_COLUMNS, required=("file",), optional=("label", *LABEL_COLUMNS.optional)
)
_RIGHTS: Final = ("licence", "credit")


@dataclass(frozen=True)
class _Said:
    """What one row says of a file."""

    where: str
    rights: dict[str, str]


def read_rights(
    folder: Path,
    *,
    sources: Collection[str] | None = None,
    notes: list[str] | None = None,
) -> dict[str, dict[str, str]]:
    """File to what is said of it: `licence`, `credit`, as far as there is any.

    Args:
        folder: The data set.
        sources: Its images, which the tables must name; None takes every name.
        notes: Takes what its user should know.

    Raises:
        DatasetError: If a table cannot be read, names no files or files that are
            not there, or two rows contradict each other.
    """
    files = None
    if sources is not None:
        files = FileNames(names=frozenset(sources), folder=folder, noun="image")
    found: dict[str, _Said] = {}
    for name, columns in ((LABELS, _LABELS), (CREDITS, COLUMNS)):
        path = folder / name
        if not path.exists() or not _has_rights(path, columns):
            continue
        # The reader of labels has told how that table is written.
        table = read_table(path, columns, notes=notes if name == CREDITS else None)
        said, problems = _read(table, files)
        for file, one in said.items():
            problems += _clashes(file, one, found.get(file))
            before = found[file].rights if file in found else {}
            found[file] = _Said(one.where, {**before, **one.rights})
        table.refuse(problems)
    return {file: said.rights for file, said in found.items() if said.rights}


def _has_rights(path: Path, columns: Columns) -> bool:
    """Whether some column says something; credits.csv must have one."""
    has_some = bool({*_RIGHTS} & {*read_columns(path, columns)})
    if path.name == CREDITS and not has_some:
        raise DatasetError(
            f"{path} has no column licence or credit, so it says nothing of its files"
        )
    return has_some


def _read(
    table: ReadTable, files: FileNames | None
) -> tuple[dict[str, _Said], list[str]]:
    """File to what its row says, and what is wrong."""
    once = OneMeaning("file {key!r} is listed twice, first in line {line}")
    said: dict[str, _Said] = {}
    problems: list[str] = []
    for row in table.rows:
        try:
            file = files.find(row["file"]) if files is not None else row["file"]
        except UnknownFileError as error:
            problems.append(f"line {row.line}: {error}")
            continue
        problems += once.note(file, "", line=row.line)
        rights = {name: row[name] for name in _RIGHTS if row[name]}
        said[file] = _Said(f"{table.path.name} line {row.line}", rights)
    return said, problems


def _clashes(file: str, one: _Said, other: _Said | None) -> list[str]:
    """Where two tables say different things of a file."""
    if other is None:
        return []
    return [
        f"{one.where}: {name} of {file!r} is {one.rights[name]!r}, but "
        f"{other.rights[name]!r} in {other.where}"
        for name in _RIGHTS
        if name in one.rights
        and name in other.rights
        and one.rights[name] != other.rights[name]
    ]
