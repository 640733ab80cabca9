"""Sets of accepted labels from a JSON file: ReaL's, or one made here."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.bundles.reading import AcceptedLabels, Bundle
from analysis.errors import AnalysisError
from stimuli.files.text import MAX_TABLE_BYTES, TextFileError, read_json

_EXAMPLES: Final = 3


def read_accepted_labels(path: Path, bundle: Bundle) -> AcceptedLabels:
    """The accepted labels of a bundle's images, from a file about its data set.

    Args:
        path: JSON: a list of lists of classes, the list of image number 1 first
            (images are numbered by the end of their file's name, as in
            ILSVRC2012_val_00000293.JPEG; this is real.json), or an object from a
            file's name to its list. A class is an id of the data set's, or its
            number in the order of the classes.
        bundle: The study.

    Raises:
        AnalysisError: Naming every place: not lists, unknown classes, classes twice,
            a list too few, images without a number or without a list.
    """
    try:
        given = read_json(path, max_bytes=MAX_TABLE_BYTES)
    except TextFileError as error:
        raise AnalysisError(str(error)) from error
    problems = Problems()
    if isinstance(given, list):
        named = {f"list {number}": each for number, each in enumerate(given, start=1)}
    elif isinstance(given, dict):
        named = given
    else:
        raise AnalysisError(
            f"{path}: a list of lists of classes was expected, or an object from "
            f"image to list, got {_kind(given)}"
        )
    sets = _sets(named, bundle, problems=problems)
    images = _numbered if isinstance(given, list) else _by_name
    found = images(sets, _sources(bundle), problems=problems)
    if problems.found:
        more = len(problems.found) - _EXAMPLES
        lines = [
            *problems.found[:_EXAMPLES],
            *([f"and {more} more"] if more > 0 else []),
        ]
        raise AnalysisError("\n".join([f"{path} cannot be used:", *lines]))
    return AcceptedLabels(name=path.name, sets=found)


def write_accepted_labels(
    sets: Mapping[str, frozenset[str]], bundle: Bundle, *, out: Path
) -> None:
    """Sets by source image as an object from the file's name to its classes.

    Raises:
        AnalysisError: If it cannot be written.
    """
    names = _sources(bundle)
    text = {names[image]: sorted(classes) for image, classes in sets.items()}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(text, indent=1, sort_keys=True) + "\n", "utf-8")
    except OSError as error:
        raise AnalysisError(f"cannot write to {out}: {error.strerror}") from error


def _sources(bundle: Bundle) -> dict[str, str]:
    """Source image (hash) to its file, of the images that predictions are judged of."""
    rows = bundle.stimuli.drop_duplicates("source_sha256")
    names: dict[str, str] = dict(
        zip(rows["source_sha256"], rows["source"], strict=True)
    )
    judged = pd.unique(bundle.uses["source_sha256"])
    return {each: names[each] for each in judged if each in names}


def _sets(
    named: Mapping[str, Any], bundle: Bundle, *, problems: Problems
) -> dict[str, frozenset[str]]:
    """Place to classes; what is wrong is noted with its place."""
    ids = list(bundle.classes["class"])
    known = set(ids)
    # Numbers count classes in order where ids are no numbers themselves.
    by_number = [] if any(each.isdigit() for each in ids) else ids
    found = {}
    for place, entries in named.items():
        if not isinstance(entries, list):
            problems.add(f"{place}: a list was expected, got {_kind(entries)}")
            continue
        classes = [_class(each, by_number) for each in entries]
        for entry, each in zip(entries, classes, strict=True):
            if each not in known:
                problems.add(
                    f"{place}: {json.dumps(entry)} is none of the {len(ids)} classes"
                )
        if twice := [each for each, n in Counter(classes).items() if n > 1]:
            problems.add(f"{place}: class {twice[0]} is listed more than once")
        found[place] = frozenset(classes)
    return found


def _class(entry: object, by_number: Sequence[str]) -> str:
    """The id that is meant; something unknown for what cannot be one."""
    if isinstance(entry, bool) or not isinstance(entry, int | str):
        return json.dumps(entry)
    if isinstance(entry, int) and 0 <= entry < len(by_number):
        return by_number[entry]
    return str(entry)


def _numbered(
    sets: Mapping[str, frozenset[str]],
    sources: Mapping[str, str],
    *,
    problems: Problems,
) -> dict[str, frozenset[str]]:
    """By the number at the end of each image's name; 1 is the first list."""
    found, n_lists = {}, len(sets)
    for image, source in sources.items():
        end = re.search(r"(\d+)$", PurePosixPath(source).stem)
        if end is None:
            problems.add(
                f"{source} has no number at its end to find its list by; give an "
                "object from file name to list instead"
            )
        elif not 1 <= int(end[1]) <= n_lists and f"list {int(end[1])}" not in sets:
            problems.add(
                f"{source} is image {int(end[1])}, and there are {n_lists} lists (1 to "
                f"{n_lists})"
            )
        elif f"list {int(end[1])}" in sets:
            found[image] = sets[f"list {int(end[1])}"]
    return found


def _by_name(
    sets: Mapping[str, frozenset[str]],
    sources: Mapping[str, str],
    *,
    problems: Problems,
) -> dict[str, frozenset[str]]:
    """By a file's path in the data set, or by its name with or without its ending."""
    found = {}
    for image, source in sources.items():
        place = next((name for name in _names(source) if name in sets), None)
        if place is None:
            problems.add(f"no list for {source}; an image may have an empty one")
        else:
            found[image] = sets[place]
    return found


def _names(source: str) -> Iterator[str]:
    path = PurePosixPath(source)
    yield from (source, path.name, path.stem)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")
