"""A list of what people have decided by hand: `file,class,relevant`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stimuli.classes import ClassList, UnknownClassError
from stimuli.errors import DatasetError, list_problems
from stimuli.tables import read_table

_YES: Final = frozenset({"yes", "1", "true"})
_NO: Final = frozenset({"no", "0", "false"})


@dataclass(frozen=True)
class Adjudicated:
    """What people have decided by hand.

    Attributes:
        relevant: Source to the class ids that are in the picture.
        absent: Source to the class ids that are not.
    """

    relevant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    absent: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read_adjudicated(
    path: Path, classes: ClassList, *, sources: Iterable[str]
) -> Adjudicated:
    """The list in `path`.

    Args:
        path: CSV with the columns file, class, relevant (yes or no).
        classes: To look the classes up.
        sources: Every image of the data set.

    Raises:
        DatasetError: Every problem of the file in one message.
    """
    known = set(sources)
    problems: list[str] = []
    found: dict[bool, dict[str, set[str]]] = {True: {}, False: {}}
    for row in read_table(path, columns=["file", "class", "relevant"]):
        word = row["relevant"].casefold()
        if word not in _YES | _NO:
            problems.append(
                f"line {row.line}: relevant must be yes or no, got {row['relevant']!r}"
            )
        if row["file"] not in known:
            problems.append(f"line {row.line}: no image {row['file']!r}")
        try:
            class_id = classes.find(row["class"])
        except UnknownClassError as error:
            problems.append(f"line {row.line}: {error}")
            continue
        found[word in _YES].setdefault(row["file"], set()).add(class_id)
    problems += _contradictions(found[True], found[False])
    if problems:
        raise DatasetError(list_problems(str(path), problems))
    return Adjudicated(relevant=_freeze(found[True]), absent=_freeze(found[False]))


def _contradictions(
    relevant: Mapping[str, set[str]], absent: Mapping[str, set[str]]
) -> list[str]:
    return [
        f"{name} is said to show and not to show class {', '.join(sorted(both))}"
        for name, ids in relevant.items()
        if (both := ids & absent.get(name, set()))
    ]


def _freeze(found: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(ids) for name, ids in found.items()}
