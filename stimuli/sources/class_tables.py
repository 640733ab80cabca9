"""What classes are called, and how they are grouped: `classes.csv`, `class,group`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stimuli.files.tables import (
    Columns,
    OneMeaning,
    as_number,
    read_table,
    trouble_of_number,
)
from stimuli.records.classes import ClassList, UnknownClassError, merge_groups

CLASSES: Final = "classes.csv"
CLASS_COLUMNS: Final = Columns(
    required=("index", "name"),
    optional=("gloss", "wnid"),
    meant=dict.fromkeys(("class", "id", "label", "number", "class_id"), "index")
    | dict.fromkeys(("class_name", "category"), "name")
    | {"synset": "wnid", "description": "gloss"},
)
GROUP_COLUMNS: Final = Columns(
    required=("class", "group"),
    meant=dict.fromkeys(("index", "label", "name", "id", "category"), "class")
    | dict.fromkeys(("coarse", "superclass", "kind"), "group"),
)


@dataclass(frozen=True, kw_only=True)
class ClassesTable:
    """What classes.csv says.

    Attributes:
        names: Class number to (name, gloss).
        wnids: WordNet id to class number; empty where there is no such column.
        notes: What its user should know.
    """

    names: Mapping[int, tuple[str, str]]
    wnids: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


def read_classes(folder: Path) -> ClassesTable | None:
    """What classes.csv says; None where there is none.

    Args:
        folder: The data set.

    Raises:
        DatasetError: Every problem of the file in one message.
    """
    path = folder / CLASSES
    if not path.exists():
        return None
    notes: list[str] = []
    table = read_table(path, CLASS_COLUMNS, notes=notes)
    indices = OneMeaning("index {key} is listed twice, first in line {line}")
    wnids = OneMeaning("wnid {key} is class {value}, in line {line} class {first}")
    problems = [] if table.rows or table.problems else ["no rows below the header"]
    names: dict[int, tuple[str, str]] = {}
    for row in table.rows:
        if not row["name"]:
            problems.append(f"line {row.line}: no name")
        index = as_number(row["index"])
        if index is None:
            problems.append(f"line {row.line}: index {_no_number(row['index'])}")
            continue
        problems += indices.note(str(index), row["name"], line=row.line)
        if row["wnid"]:
            problems += wnids.note(row["wnid"], str(index), line=row.line)
        names[index] = (row["name"], row["gloss"])
    table.refuse(problems)
    return ClassesTable(names=names, wnids=wnids.values, notes=notes)


def read_groups(
    path: Path, classes: ClassList, *, notes: list[str] | None = None
) -> dict[str, str]:
    """Class id to coarse group, from `class,group`.

    Args:
        path: The table.
        classes: To look the classes up.
        notes: Takes what its user should know.

    Raises:
        DatasetError: Every unknown or double class in one message.
    """
    table = read_table(path, GROUP_COLUMNS, notes=notes)
    problems = [] if table.rows or table.problems else ["no rows below the header"]
    once = OneMeaning(
        "class {key} is listed 2 times, here in group {value!r}, in line {line} in "
        "{first!r}"
    )
    found: list[tuple[str, str]] = []
    for row in table.rows:
        try:
            class_id = classes.find(row["class"])
        except UnknownClassError as error:
            problems.append(f"line {row.line}: {error}")
            continue
        if not row["group"]:
            problems.append(f"line {row.line}: class {row['class']!r} has no group")
        key = f"{classes[class_id].name!r} ({class_id})"
        problems += once.note(key, row["group"], line=row.line)
        found.append((class_id, row["group"]))
    table.refuse(problems)
    return merge_groups(found)


def _no_number(cell: str) -> str:
    return f"{cell!r} {trouble_of_number(cell) or 'is no number'}"
