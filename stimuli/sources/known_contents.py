"""What people say can be seen in the images, whatever their labels are.

Beside the images: `truth.csv`. Named by a recipe: a list of what people have decided by
hand, `file,class,relevant`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stimuli.files.tables import Columns, OneMeaning, TableRow, read_table, split_list
from stimuli.records.classes import ClassList, UnknownClassError
from stimuli.sources.file_names import FileNames, UnknownFileError

TRUTH: Final = "truth.csv"
NOTHING: Final = "-"
TRUTH_COLUMNS: Final = Columns(
    required=("file", "present"),
    optional=("also",),
    meant=dict.fromkeys(("image", "filename", "path"), "file")
    | dict.fromkeys(("classes", "labels", "label", "class"), "present"),
)
ADJUDICATED_COLUMNS: Final = Columns(
    required=("file", "class", "relevant"),
    meant=dict.fromkeys(("image", "filename", "path"), "file")
    | dict.fromkeys(("label", "category", "index"), "class")
    | dict.fromkeys(("present", "answer", "is_relevant"), "relevant"),
)
_YES: Final = frozenset({"yes", "1", "true"})
_NO: Final = frozenset({"no", "0", "false"})


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What truth.csv says.

    Attributes:
        present: Source to the ids of the classes in it.
        also: Source to other things in it, by name; no classes.
        problems: What is wrong, a sentence per row.
        notes: What its user should know.
    """

    present: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()


def read_truth(folder: Path, files: FileNames, classes: ClassList) -> Truth:
    """What truth.csv says; nothing where there is none.

    Args:
        folder: The data set.
        files: Its images.
        classes: To look the classes up.

    Raises:
        DatasetError: If the table cannot be read at all.
    """
    if not (folder / TRUTH).exists():
        return Truth()
    notes: list[str] = []
    table = read_table(folder / TRUTH, TRUTH_COLUMNS, notes=notes)
    problems = list(table.problems)
    once = OneMeaning("image {key!r} is listed twice, first in line {line}")
    present, also = {}, {}
    for row in table.rows:
        try:
            source = files.find(row["file"])
        except UnknownFileError as error:
            problems.append(f"line {row.line}: {error}")
            source = row["file"]
        problems += once.note(source, row["present"], line=row.line)
        present[source] = _present(row, classes, problems=problems)
        if things := split_list(row["also"]):
            also[source] = things
    return Truth(
        present=present,
        also=also,
        problems=[f"{TRUTH} {problem}" for problem in problems],
        notes=notes,
    )


def _present(
    row: TableRow, classes: ClassList, *, problems: list[str]
) -> tuple[str, ...]:
    """Class ids in rising order."""
    cell = row["present"]
    if not cell:
        problems.append(
            f"line {row.line}: present is empty; leave the row out where nobody looked, "
            f"and write {NOTHING} where none of the classes is in the picture"
        )
    if cell in ("", NOTHING):
        return ()
    ids = set()
    for part in map(str.strip, cell.split("|")):
        try:
            ids.add(classes.find(part))
        except UnknownClassError as error:
            problems.append(f"line {row.line}: {error}")
    return tuple(sorted(ids, key=int))


@dataclass(frozen=True)
class Adjudicated:
    """What people have decided by hand.

    Attributes:
        relevant: Source to the class ids that are in the picture.
        absent: Source to the class ids that are not.
        notes: What the list's user should know.
    """

    relevant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    absent: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


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
    files = FileNames(names=frozenset(sources), noun="image")
    notes: list[str] = []
    table = read_table(path, ADJUDICATED_COLUMNS, notes=notes)
    problems = [] if table.rows or table.problems else ["no rows below the header"]
    said: dict[tuple[str, str], TableRow] = {}
    found: dict[bool, dict[str, set[str]]] = {True: {}, False: {}}
    for row in table.rows:
        problems += _word_problem(row)
        is_relevant = row["relevant"].casefold() in _YES
        try:
            source = files.find(row["file"])
        except UnknownFileError as error:
            problems.append(f"line {row.line}: {error}")
            source = row["file"]
        try:
            class_id = classes.find(row["class"])
        except UnknownClassError as error:
            problems.append(f"line {row.line}: {error}")
            continue
        problems += _said_before(
            row, said.setdefault((source, class_id), row), class_id
        )
        found[is_relevant].setdefault(source, set()).add(class_id)
    table.refuse(problems)
    return Adjudicated(
        relevant=_freeze(found[True]), absent=_freeze(found[False]), notes=tuple(notes)
    )


def _word_problem(row: TableRow) -> list[str]:
    if row["relevant"].casefold() in _YES | _NO:
        return []
    return [f"line {row.line}: relevant must be yes or no, got {row['relevant']!r}"]


def _said_before(row: TableRow, first: TableRow, class_id: str) -> list[str]:
    """Two rows about one class in one picture."""
    if row is first:
        return []
    words = (first["relevant"].casefold(), row["relevant"].casefold())
    both = {word in _YES for word in words}
    said = "to show" if both == {True} else "not to show"
    said = "to show and not to show" if len(both) == 2 else said
    return [
        f"line {row.line}: {row['file']} is said {said} class {class_id}: "
        f"{words[1]} here, {words[0]} in line {first.line}"
    ]


def _freeze(found: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(ids) for name, ids in found.items()}
