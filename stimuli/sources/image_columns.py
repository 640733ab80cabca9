"""Further columns of `labels.csv`: what else its maker says of the images.

A scene, a video, a photographer: whatever tells which images belong together. The
build keeps them beside the images, so that the analysis can cluster by them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from stimuli.files.tables import (
    Columns,
    OneMeaning,
    further_columns,
    read_columns,
    read_table,
)
from stimuli.sources.file_names import FileNames, UnknownFileError
from stimuli.sources.labels_table import LABEL_COLUMNS, LABELS

# Where folders say the labels, the table may leave them out.
_COLUMNS: Final = replace(
    LABEL_COLUMNS, required=("file",), optional=("label", *LABEL_COLUMNS.optional)
)


def read_image_columns(
    folder: Path,
    *,
    sources: Collection[str],
    notes: list[str] | None = None,
) -> dict[str, dict[str, str]]:
    """File to what further columns of labels.csv say of it, empty cells left out.

    Args:
        folder: The data set.
        sources: Its images, which the table must name.
        notes: Takes which columns are kept.

    Returns:
        Column names as they are compared: without capitals.

    Raises:
        DatasetError: If the table cannot be read, or names files that are not there
            or come twice.
    """
    path = folder / LABELS
    if not path.exists():
        return {}
    kept = further_columns(read_columns(path, _COLUMNS), _COLUMNS)
    if not kept:
        return {}
    if notes is not None:
        notes.append(
            f"{LABELS}: {_listed(kept)} kept beside the images, and passed on with "
            "bundles; a study file can cluster by it ([analysis] cluster)"
        )
    files = FileNames(names=frozenset(sources), folder=folder, noun="image")
    return _read(path, kept, files=files, columns=_COLUMNS)


def _read(
    path: Path, kept: Collection[str], *, files: FileNames, columns: Columns
) -> dict[str, dict[str, str]]:
    table = read_table(path, columns)
    once = OneMeaning("file {key!r} is listed twice, first in line {line}")
    found: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for row in table.rows:
        try:
            file = files.find(row["file"])
        except UnknownFileError as error:
            problems.append(f"line {row.line}: {error}")
            continue
        problems += once.note(file, "", line=row.line)
        found[file] = {name: row[name] for name in kept if row[name]}
    table.refuse(problems)
    return {file: said for file, said in found.items() if said}


def _listed(names: Collection[str]) -> str:
    word = "column" if len(names) == 1 else "columns"
    return f"{word} {', '.join(names)}"
