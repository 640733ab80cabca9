"""`labels.csv`: which class every image shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stimuli.files.tables import (
    Columns,
    OneMeaning,
    ReadTable,
    as_number,
    read_table,
)
from stimuli.records.classes import ClassList, normalise_name
from stimuli.sources.file_names import FileNames, UnknownFileError

LABELS: Final = "labels.csv"
LABEL_COLUMNS: Final = Columns(
    required=("file", "label"),
    optional=("name", "wnid", "licence", "credit"),
    spellings={"license": "licence"},
    meant=dict.fromkeys(("image", "filename", "file_name", "path", "id"), "file")
    | dict.fromkeys(("class", "category", "target", "class_id", "index"), "label")
    | dict.fromkeys(("class_name", "label_name"), "name")
    | {"synset": "wnid"},
    may_have_more=True,
)


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One row of labels.csv.

    Attributes:
        source: Path inside the data set as the disk spells it.
        label: A number, a name or a WordNet id.
        name: What the class is called, where a column says so.
        wnid: Its WordNet id, where a column says so.
        line: The row's line.
    """

    source: str
    label: str
    name: str = ""
    wnid: str = ""
    line: int


@dataclass(frozen=True, kw_only=True)
class LabelsTable:
    """What labels.csv says.

    Attributes:
        rows: In the file's order.
        names: Class number to (name, gloss).
        wnids: WordNet id to class number.
        problems: What is wrong, a sentence per row.
        notes: What its user should know.
    """

    rows: Sequence[Labelled]
    names: Mapping[int, tuple[str, str]]
    wnids: Mapping[str, str]
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ComparedColumns:
    """Whether the columns of labels.csv speak of the same classes.

    Attributes:
        problems: Rows whose columns contradict each other or an earlier row.
        notes: Names that are not used.
    """

    problems: Sequence[str] = ()
    notes: Sequence[str] = ()


def read_labels(folder: Path, files: FileNames) -> LabelsTable:
    """What labels.csv says; what is wrong with what it says is told, not raised.

    Args:
        folder: The data set.
        files: Its images.

    Raises:
        DatasetError: If some row cannot be read.
    """
    notes: list[str] = []
    table = read_table(folder / LABELS, LABEL_COLUMNS, notes=notes)
    problems = [] if table.rows or table.problems else ["no rows below the header"]
    rows = list(_labelled(table, files, problems=problems))
    if table.problems:
        table.refuse(problems)
    numbered = [(r, n) for r in rows if (n := as_number(r.label)) is not None]
    names: dict[int, str] = {}
    wnids: dict[str, str] = {}
    for row, number in numbered:
        if row.name:
            names.setdefault(number, row.name)
        if row.wnid:
            wnids.setdefault(row.wnid, str(number))
    return LabelsTable(
        rows=rows,
        names={number: (name, "") for number, name in names.items()},
        wnids=wnids,
        problems=problems,
        notes=notes,
    )


def compare_columns(
    found: Iterable[tuple[Labelled, str]], classes: ClassList
) -> ComparedColumns:
    """Whether label, name and wnid agree, in each row and between rows.

    Args:
        found: Rows with the class that their label is.
        classes: To look the other columns up.
    """
    names = OneMeaning(
        "class {key} is called {value!r}, in line {line} {first!r}", is_repeatable=True
    )
    wnids = OneMeaning(
        "wnid {key} is class {value}, in line {line} class {first}", is_repeatable=True
    )
    problems: list[str] = []
    unused: list[str] = []
    for row, class_id in found:
        if row.wnid:
            before = wnids.note(row.wnid, class_id, line=row.line)
            problems += before or _other_wnid(row, class_id, classes)
        if row.name:
            name = normalise_name(row.name)
            before = names.note(class_id, name, line=row.line)
            problems += before or _other_name(row, class_id, classes)
            if not classes.named(row.name):
                unused.append(f"line {row.line}: {row.name!r}")
    return ComparedColumns(problems=problems, notes=_note_unused(unused))


def _labelled(
    table: ReadTable, files: FileNames, *, problems: list[str]
) -> Iterator[Labelled]:
    """Every row whose file is known; the others are problems."""
    sources = OneMeaning("file {key!r} is listed twice, first in line {line}")
    for row in table.rows:
        try:
            source = files.find(row["file"])
        except UnknownFileError as error:
            problems.append(f"line {row.line}: {error}")
            source = ""
        else:
            problems += sources.note(source, row["label"], line=row.line)
        if not row["label"]:
            problems.append(f"line {row.line}: file {row['file']!r} has no label")
        yield Labelled(
            source=source,
            label=row["label"],
            name=row["name"],
            wnid=row["wnid"],
            line=row.line,
        )


def _other_wnid(row: Labelled, class_id: str, classes: ClassList) -> list[str]:
    known = classes.wnids.get(row.wnid, class_id)
    said = f"wnid {row.wnid} is class {known}"
    return [] if known == class_id else [_differ(row, class_id, classes, said)]


def _other_name(row: Labelled, class_id: str, classes: ClassList) -> list[str]:
    """Where the name is another class's; a name that is no class's says nothing."""
    known = classes.named(row.name)
    own = set(normalise_name(classes[class_id].name).split())
    # Lists tell namesakes apart by a word more: "crane" and "crane bird".
    is_same = not known or own >= set(normalise_name(row.name).split())
    said = f"name {row.name!r} is class {' or '.join(known)}"
    return [] if is_same else [_differ(row, class_id, classes, said)]


def _differ(row: Labelled, class_id: str, classes: ClassList, said: str) -> str:
    return (
        f"line {row.line}: label {row.label!r} is class {class_id} "
        f"({classes[class_id].name}), but {said}"
    )


def _note_unused(unused: Sequence[str]) -> list[str]:
    if not unused:
        return []
    return [
        f"labels.csv: {len(unused)} names are not the classes' own, which are used "
        f"(first in {unused[0]})"
    ]
