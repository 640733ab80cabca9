"""The files that were given: each by a name of its own, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.importing.base import SourceFile
from stimuli.files.text import MAX_TABLE_BYTES


@dataclass(frozen=True, kw_only=True)
class GivenFiles:
    """What is read, and what is not read again.

    Attributes:
        files: In the order they were given.
        notes: Which of them were given twice.
    """

    files: tuple[SourceFile, ...]
    notes: tuple[str, ...]


def given_files(paths: Sequence[Path]) -> GivenFiles:
    """Files by names that tell them apart; the same bytes are taken once.

    Many files may share a name, one per HIT in a folder of its own: their names
    then carry as many folders as it takes.
    """
    names = dict(zip(paths, distinct_names(paths), strict=True))
    first: dict[str, str] = {}
    files: list[SourceFile] = []
    notes = []
    for path in dict.fromkeys(paths):
        key = _key(path)
        if key in first:
            notes.append(
                f"{names[path]} holds the same bytes as {first[key]}: taken once"
            )
            continue
        first[key] = names[path]
        files.append(SourceFile(path=path, name=names[path]))
    notes += [
        f"{names[path]} is given {n} times: taken once"
        for path in dict.fromkeys(paths)
        if (n := paths.count(path)) > 1
    ]
    return GivenFiles(files=tuple(files), notes=tuple(notes))


def distinct_names(paths: Iterable[Path]) -> list[str]:
    """Each path's name, with the folders above it where names are shared.

    >>> distinct_names([Path("b/h1/a.jsonl"), Path("b/h2/a.jsonl"), Path("b/c.csv")])
    ['h1/a.jsonl', 'h2/a.jsonl', 'c.csv']
    """
    given = list(paths)
    depths = dict.fromkeys(given, 1)
    while True:
        names = {path: _last(path, depth) for path, depth in depths.items()}
        owners: dict[str, list[Path]] = {}
        for path, name in names.items():
            owners.setdefault(name, []).append(path)
        shared = [
            path
            for group in owners.values()
            if len(group) > 1
            for path in group
            if depths[path] < len(path.parts)
        ]
        if not shared:
            return [names[path] for path in given]
        for path in shared:
            depths[path] += 1


def _last(path: Path, depth: int) -> str:
    return "/".join(part.strip("/\\") for part in path.parts[-depth:])


def _key(path: Path) -> str:
    """Its bytes; its path where there are none, or more than are ever read."""
    if not path.is_file() or not 0 < path.stat().st_size <= MAX_TABLE_BYTES:
        return str(path)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
