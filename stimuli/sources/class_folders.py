"""Folders as classes: which of them are classes, and which output each one means.

Folders named by whole numbers are class numbers, never text: "10" comes after "2".
A number is the classifier's output, counted from 0; where the folders are exactly
1 to n and the classifier has n outputs, they count from 1. A note says which.
Folders named otherwise mean the class of that name; where neither the classifier nor
`classes.csv` names any, they are numbered in the order of their names, as torchvision
does, and a note says so. Folders that are no classes but parts of the data set (`train`
and `val`) or that hold all classes (`images`) are refused, never numbered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from stimuli.errors import DatasetError
from stimuli.records.classes import normalise_name
from stimuli.sources.listing import ClassFolders, DatasetListing

_NUMBER: Final = re.compile(r"[0-9]+")
# What people call the parts of a data set; none of these is likely to be a class where
# all folders are called so.
_PARTS: Final = frozenset(
    {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
    | {"eval", "holdout", "train set", "val set", "test set"}
    | {"trainset", "valset", "testset"}
)


@dataclass(frozen=True, kw_only=True)
class SettledFolders:
    """What the folders mean to a classifier.

    Attributes:
        names: Class number to name, where the folders are what names the classes.
        numbers: Folder to class number, for folders named by number; else empty.
        notes: How that was decided, in words.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def settle_classes(
    listing: DatasetListing, n_outputs: int, *, own: Sequence[tuple[str, str]] | None
) -> DatasetListing:
    """The listing, its folders settled as classes of this classifier.

    Args:
        listing: Any.
        n_outputs: Classes of the classifier.
        own: (name, gloss) per class as the classifier says, if it does.

    Raises:
        DatasetError: If it cannot be told which class a folder is.
    """
    if listing.folders is None:
        return listing
    known = [name for name, _ in own or ()]
    known += [name for name, _ in listing.names.values()]
    settled = settle_folders(listing.folders, n_outputs, known=known)
    names = {index: (name, "") for index, name in settled.names.items()}
    return replace(
        listing,
        names=listing.names or names,
        numbers=settled.numbers,
        notes=(*listing.notes, *settled.notes),
    )


def settle_folders(
    folders: ClassFolders, n_outputs: int, *, known: Collection[str]
) -> SettledFolders:
    """What every folder means.

    Args:
        folders: Those of the data set.
        n_outputs: Classes of the classifier.
        known: Names that the classifier or `classes.csv` gives the classes.

    Raises:
        DatasetError: If numbers are mixed with names and nothing names the classes,
            two folders are the same number, or the classes lie one folder further in.
    """
    normal = {normalise_name(name) for name in known}
    if normal and all(normalise_name(name) in normal for name in folders.named):
        return SettledFolders(notes=_empty_notes(folders.empty))
    _refuse_outer(folders)
    numbered = [name for name in folders.named if _NUMBER.fullmatch(name)]
    if numbered and len(numbered) == len(folders.named):
        return _by_number(folders, n_outputs)
    if known:
        return SettledFolders(notes=_empty_notes(folders.empty))
    if numbered:
        other = next(name for name in folders.named if name not in numbered)
        raise DatasetError(
            f"{len(numbered)} class folders are named by number ({numbered[0]}, ...) "
            f"and {len(folders.named) - len(numbered)} are not ({other}, ...); name all "
            "one way, or say which class each is in classes.csv (index,name)"
        )
    return _in_order(folders, n_outputs)


def _refuse_outer(folders: ClassFolders) -> None:
    """Folders around the classes, taken for classes themselves."""
    if folders.named and all(normalise_name(n) in _PARTS for n in folders.named):
        raise DatasetError(
            f"the folders are parts of a data set ({', '.join(folders.named)}) and no "
            f"classes; give one of them as dataset.path (path = "
            f'".../{folders.named[-1]}")'
        )
    if len(folders.inner) > 1:
        raise DatasetError(
            f"all images lie in the one folder {folders.named[0]!r}; if the folders in it "
            f"({_some(folders.inner)}) are the classes, give it as dataset.path (path = "
            f'".../{folders.named[0]}")'
        )


def _by_number(folders: ClassFolders, n_outputs: int) -> SettledFolders:
    numbers = {name: int(name) for name in folders.named}
    _check_different(numbers)
    empty = [name for name in folders.empty if _NUMBER.fullmatch(name)]
    there = {*numbers.values(), *map(int, empty)}
    is_from_one = there == set(range(1, n_outputs + 1))
    first = 1 if is_from_one else 0
    said = (
        f"class folders are numbered {min(there)} to {max(there)}: folder k is output "
    )
    said += "k - 1, since they are as many as outputs" if is_from_one else "k"
    return SettledFolders(
        names={number - first: name for name, number in numbers.items()},
        numbers={name: number - first for name, number in numbers.items()},
        notes=(f"{said} (outputs count from 0)", *_empty_notes(folders.empty)),
    )


def _check_different(numbers: Mapping[str, int]) -> None:
    first: dict[int, str] = {}
    for name, number in numbers.items():
        if number in first:
            raise DatasetError(
                f"the class folders {first[number]!r} and {name!r} are the same number; "
                "put their images into one"
            )
        first[number] = name


def _in_order(folders: ClassFolders, n_outputs: int) -> SettledFolders:
    """An empty folder is a class where only then every output has one."""
    both = sorted({*folders.named, *folders.empty})
    if len(folders.named) < n_outputs == len(both):
        note = (
            f"{_listed(folders.empty)} without images: counted as classes, since the "
            f"classifier has {n_outputs} outputs"
        )
        return SettledFolders(
            names=dict(enumerate(both)), notes=(_order_note(both), note)
        )
    notes = _empty_notes(folders.empty)
    if len(folders.named) == n_outputs:
        notes = (_order_note(folders.named), *notes)
    return SettledFolders(names=dict(enumerate(folders.named)), notes=notes)


def _order_note(named: Sequence[str]) -> str:
    return (
        "nothing names the classifier's outputs, so class folders are numbered in the "
        f"order of their names, as torchvision's ImageFolder does: {named[0]} is output "
        f"0, {named[-1]} is output {len(named) - 1}; classes.csv (index,name) says "
        "otherwise"
    )


def _empty_notes(empty: Sequence[str]) -> tuple[str, ...]:
    return (f"{_listed(empty)} without images: passed over",) if empty else ()


def _listed(folders: Sequence[str]) -> str:
    word = "folder" if len(folders) == 1 else "folders"
    return f"{len(folders)} {word} ({_some(folders)})"


def _some(folders: Sequence[str]) -> str:
    return ", ".join(folders[:5]) + (", ..." if len(folders) > 5 else "")
