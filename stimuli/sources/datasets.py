"""Images with labels and truth as class ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stimuli.errors import DatasetError, list_problems
from stimuli.records.classes import ClassList, UnknownClassError
from stimuli.sources.file_names import FileNames
from stimuli.sources.known_contents import read_truth
from stimuli.sources.labels_table import compare_columns
from stimuli.sources.listing import DatasetListing, LeftOutFile, ListedImage


@dataclass(frozen=True, kw_only=True)
class Source:
    """One image to be judged by the classifiers.

    Attributes:
        path: The file.
        name: Path inside the data set, POSIX separators.
        label: Class id; None if unlabelled.
        present: Class ids in the image; None where nothing is known.
        also: Other things in the image, by name; no classes.
    """

    path: Path
    name: str
    label: str | None
    present: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Images with labels that the classifier knows.

    Attributes:
        folder: The data set.
        sources: Sorted by name.
        n_unlabelled: Images in the folder that labels.csv leaves out.
        n_not_drawn: Images that the recipe does not need, so that nothing looks at
            them.
        left_out: Other files that are no part of it.
        notes: What its user should know of tables and folders.
    """

    folder: Path
    sources: tuple[Source, ...]
    n_unlabelled: int = 0
    n_not_drawn: int = 0
    left_out: tuple[LeftOutFile, ...] = ()
    notes: tuple[str, ...] = ()


def resolve_labels(listing: DatasetListing, classes: ClassList) -> Dataset:
    """Labels and truth as class ids.

    Raises:
        DatasetError: Every missing, double and unknown name in one message.
    """
    problems = list(listing.problems)
    names = FileNames(
        names={entry.source for entry in listing.entries},
        folder=listing.folder,
        noun="image",
    )
    truth = read_truth(listing.folder, names, classes)
    sources, labelled = [], []
    for entry in listing.entries:
        try:
            label = _find(entry, listing, classes)
        except UnknownClassError as error:
            problems.append(f"{_place(entry)}: {error}")
            continue
        if entry.row is not None and label is not None:
            labelled.append((entry.row, label))
        sources.append(
            Source(
                path=listing.folder / entry.source,
                name=entry.source,
                label=label,
                present=truth.present.get(entry.source),
                also=truth.also.get(entry.source, ()),
            )
        )
    compared = compare_columns(labelled, classes)
    problems += [*compared.problems, *truth.problems]
    if problems:
        where = listing.folder / ("labels.csv" if listing.form == "labels" else "")
        raise DatasetError(list_problems(str(where), _merge_folders(problems)))
    return Dataset(
        folder=listing.folder,
        sources=tuple(sources),
        n_unlabelled=listing.n_unlabelled,
        left_out=listing.left_out,
        notes=(*listing.notes, *compared.notes, *truth.notes),
    )


def _find(
    entry: ListedImage, listing: DatasetListing, classes: ClassList
) -> str | None:
    # An empty label is a problem that the rows' check has named already.
    if entry.label is None or entry.label == "":
        return None
    if listing.is_order_guessed and len(listing.wnids) != len(classes):
        raise UnknownClassError(
            f"its number is unknown: {len(listing.wnids)} folders stand beside "
            f"{len(classes)} classes; add the WordNet ids as a column wnid of "
            "classes.csv (index,name,wnid), or torchvision's meta.bin"
        )
    if listing.numbers:
        return classes.find(str(listing.numbers[entry.label]))
    return classes.find(entry.label, prefers_name=listing.form == "folders")


def _place(entry: ListedImage) -> str:
    return f"line {entry.line}" if entry.line else f"folder {entry.label}"


def _merge_folders(problems: Sequence[str]) -> list[str]:
    """A folder of 1,300 images with an unknown name is one problem."""
    return list(dict.fromkeys(problems))
