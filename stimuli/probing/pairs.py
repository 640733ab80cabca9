"""Pairs of images that differ in one thing: does a classifier's label change?

Source: Stock and Cisse (2018), section 3.4 and figure 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from stimuli.classifiers.loading import Classifier
from stimuli.errors import DatasetError, UnreadableImageError, list_problems
from stimuli.files.tables import Columns, TableRow, read_table, same_form
from stimuli.manifest import Prediction
from stimuli.recipes.batches.judging import predict
from stimuli.records.proportions import Proportion, proportion
from stimuli.sources.images import CroppedImage, Display, careful_reading, read_picture

COLUMNS: Final = Columns(
    required=("pair", "first", "second"),
    optional=("differs", "cluster"),
    meant=dict.fromkeys(("name", "id"), "pair")
    | dict.fromkeys(("scene", "person", "group"), "cluster")
    | dict.fromkeys(("difference", "what"), "differs"),
)
_IMAGES: Final = ("first", "second")
_AT_ONCE: Final = 16


@dataclass(frozen=True, kw_only=True)
class ImagePair:
    """Two images that differ in one thing.

    Attributes:
        name: Unique in the list.
        first: Path of an image.
        second: Path of the other one.
        differs: What they differ in, in words; may be empty.
        cluster: What several pairs have in common (a scene, a person); the
            pair's own name where nothing is said.
    """

    name: str
    first: Path
    second: Path
    differs: str
    cluster: str


@dataclass(frozen=True, kw_only=True)
class ProbedPair:
    """A pair with what every classifier says of both images.

    Attributes:
        pair: The pair.
        pictures: Both crops, as the classifiers saw them.
        predictions: Classifier to its predictions of the first and the second.
    """

    pair: ImagePair
    pictures: tuple[CroppedImage, CroppedImage]
    predictions: dict[str, tuple[Prediction, Prediction]]

    def is_changed(self, classifier: str) -> bool:
        """Whether the first class differs within the pair."""
        one, two = self.predictions[classifier]
        return one.classes[0] != two.classes[0]


def read_pairs(path: Path) -> list[ImagePair]:
    """The pairs listed in a CSV file.

    Args:
        path: Columns pair, first, second, and if wanted differs and cluster.
            Images are found relative to the file.

    Raises:
        DatasetError: Naming every problem: missing columns, a pair with one
            image or twice the same, a name that came before, missing files.
    """
    table = read_table(path, COLUMNS)
    problems = list(_problems(table.rows, path.parent))
    if not table.rows and not table.problems:
        problems.append("no pair is listed")
    table.refuse(problems)
    return [
        ImagePair(
            name=row["pair"],
            first=_image(path.parent, row["first"]),
            second=_image(path.parent, row["second"]),
            differs=row["differs"],
            cluster=row["cluster"] or row["pair"],
        )
        for row in table.rows
    ]


def _image(folder: Path, said: str) -> Path:
    """The file that a cell names, whichever Unicode form the disk keeps it in."""
    path = folder / said
    if path.is_file() or not path.parent.is_dir():
        return path
    alike = (p for p in path.parent.iterdir() if same_form(p.name) == path.name)
    return next(alike, path)


def _problems(rows: Sequence[TableRow], folder: Path) -> Iterator[str]:
    known: dict[str, int] = {}
    for row in rows:
        where = f"line {row.line}"
        name = row["pair"]
        if not name:
            yield f"{where}: the pair has no name"
        elif name in known:
            yield f"{where}: pair {name!r} came before, in line {known[name]}"
        known.setdefault(name, row.line)
        missing = [column for column in _IMAGES if not row[column]]
        if missing:
            yield (
                f"{where}: pair {name!r} has one image: {' and '.join(missing)} is "
                "empty; a pair needs two"
                if len(missing) == 1
                else f"{where}: pair {name!r} has no image"
            )
        elif row["first"] == row["second"]:
            yield f"{where}: both images of pair {name!r} are {row['first']}"
        for column in _IMAGES:
            if row[column] and not _image(folder, row[column]).is_file():
                yield f"{where}: {column}: no file {folder / row[column]}"


def probe(
    pairs: Sequence[ImagePair], classifiers: Sequence[Classifier], *, display: Display
) -> list[ProbedPair]:
    """What every classifier says of both images of every pair.

    Raises:
        DatasetError: Naming every image that cannot be read.
        ClassifierError: If a classifier's output makes no sense.
    """
    probed: list[ProbedPair] = []
    problems: list[str] = []
    with careful_reading():
        for start in range(0, len(pairs), _AT_ONCE):
            some = pairs[start : start + _AT_ONCE]
            read = [(pair, _read(pair, display, problems)) for pair in some]
            whole = [(pair, both) for pair, both in read if both is not None]
            probed += _predict(whole, classifiers)
    if problems:
        raise DatasetError(list_problems("the images of the pairs", problems))
    return probed


def _read(
    pair: ImagePair, display: Display, problems: list[str]
) -> tuple[CroppedImage, CroppedImage] | None:
    pictures = []
    for path in (pair.first, pair.second):
        try:
            pictures.append(read_picture(path, display))
        except UnreadableImageError as error:
            problems.append(f"pair {pair.name!r}: {path}: {error}")
    return (pictures[0], pictures[1]) if len(pictures) == 2 else None


def _predict(
    read: Sequence[tuple[ImagePair, tuple[CroppedImage, CroppedImage]]],
    classifiers: Sequence[Classifier],
) -> Iterator[ProbedPair]:
    if not read:
        return
    pixels = np.stack([picture.pixels for _, both in read for picture in both])
    said = {c.name: predict(c, pixels).predictions for c in classifiers}
    for place, (pair, both) in enumerate(read):
        yield ProbedPair(
            pair=pair,
            pictures=both,
            predictions={
                name: (found[2 * place], found[2 * place + 1])
                for name, found in said.items()
            },
        )


def label_changes(
    probed: Sequence[ProbedPair], classifiers: Sequence[str]
) -> dict[str, Proportion]:
    """Per classifier, the share of pairs within which its label changes.

    Pairs of one cluster (a scene, a person) count as alike.
    """
    clusters = [each.pair.cluster for each in probed]
    return {
        name: proportion(
            [each.is_changed(name) for each in probed],
            clusters=clusters,
        )
        for name in classifiers
    }
