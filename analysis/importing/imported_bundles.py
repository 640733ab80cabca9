"""Bundles of responses and counts collected elsewhere; every measure runs on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.bundles.reading import Bundle
from analysis.importing.base import (
    REQUIRED,
    ImportOptions,
    RawResponses,
    refuse,
    resolve_columns,
)
from analysis.importing.checked_responses import check_options
from analysis.importing.count_bundles import count_bundle
from analysis.importing.formats import FORMATS
from analysis.importing.formats.count_tables import CountTables, read_counts
from analysis.importing.formats.long_table import read_frame, roles
from analysis.importing.given_files import given_files
from analysis.importing.pseudonyms import key_of_files
from analysis.importing.reading import Imported, check_imported, read_responses
from analysis.importing.response_bundles import assemble, rename_people
from analysis.importing.same_study import check_same_study
from analysis.importing.tables.choosing_rows import refuse_unmet


def import_bundle(
    paths: Sequence[Path], options: ImportOptions, *, format_name: str
) -> Bundle:
    """A bundle of files that were made elsewhere; every measure runs on it.

    Participants are pseudonyms keyed by the files themselves.

    Raises:
        ImportRefusedError: Naming every problem of every file.
    """
    if format_name == CountTables.name:
        return _count_bundle(paths, options)
    imported = read_responses(paths, options, format_name=format_name)
    return _bundle(imported, key=key_of_files(paths), folder=paths[0])


def _count_bundle(paths: Sequence[Path], options: ImportOptions) -> Bundle:
    problems = Problems()
    given = given_files(paths)
    reader = FORMATS[CountTables.name]
    read = [reader.read(each, options, problems=problems) for each in given.files]
    found = [raw for raw in read if raw is not None]
    if not found:
        refuse(problems, [each.name for each in given.files])
    notes = [*given.notes, *(note for raw in found for note in raw.notes)]
    return _counted(found, options, folder=paths[0], notes=notes, problems=problems)


def import_counts(frame: pd.DataFrame, options: ImportOptions | None = None) -> Bundle:
    """A bundle of counts without raters: a row per image, a column per answer.

    Args:
        frame: Columns stimulus or image, and one per answer, how many people gave it.
        options: What else its columns mean, such as the key.

    Raises:
        ImportRefusedError: Naming every problem.

    >>> frame = pd.DataFrame({"image": ["a", "b"], "cat": [3, 1], "dog": [0, 2]})
    >>> import_counts(frame).counts[["value", "n"]].to_numpy().tolist()
    [['cat', 3], ['cat', 1], ['dog', 2]]
    """
    problems = Problems()
    given = options or ImportOptions()
    raw = read_counts(frame, given, file="frame", problems=problems)
    found = [] if raw is None else [raw]
    if not found:
        refuse(problems, ["the frame"])
    return _counted(found, given, folder=Path("frame"), notes=(), problems=problems)


def _counted(
    found: Sequence[RawResponses],
    options: ImportOptions,
    *,
    folder: Path,
    notes: Sequence[str],
    problems: Problems,
) -> Bundle:
    check_options(options, problems=problems)
    if options.classifier:
        problems.add("--classifier needs votes by people; counts have none")
    refuse_unmet(found, problems=problems)
    check_same_study(found, problems=problems)
    return count_bundle(found, options, folder=folder, notes=notes, problems=problems)


def import_frame(
    frame: pd.DataFrame, options: ImportOptions, *, key: bytes = b""
) -> Bundle:
    """A bundle of a long frame: crowd-kit's, or any whose columns are mapped.

    Args:
        frame: One row per response. Columns worker, response and stimulus (or
            crowd-kit's task and label), or those that `options.columns` names.
        options: What the columns and responses mean.
        key: Of the pseudonyms; whoever has it can test guesses of worker ids.

    Raises:
        ImportRefusedError: Naming every problem.

    >>> frame = pd.DataFrame(
    ...     {"worker": ["a", "b"], "stimulus": ["x", "x"], "response": ["yes", "no"]})
    >>> bundle = import_frame(frame, ImportOptions(), key=b"secret")
    >>> bundle.votes["accepts"].to_list()
    [True, False]
    """
    problems = Problems()
    check_options(options, problems=problems)
    crowd = {"stimulus": "task", "response": "label"}
    default = {
        role: crowd[role] if crowd.get(role) in frame and role not in frame else role
        for role in REQUIRED
    }
    given = resolve_columns(options.columns, problems)
    header = [str(name) for name in frame.columns]
    columns = roles(given, default, header=header)
    raw = read_frame(frame, columns, options, problems=problems)
    found = [] if raw is None else [raw]
    imported = check_imported(found, options, format_name="frame", problems=problems)
    return _bundle(imported, key=key or b"frame", folder=Path("frame"))


def _bundle(imported: Imported, *, key: bytes, folder: Path) -> Bundle:
    import pyarrow as pa

    bundle = assemble(
        rename_people(imported.answers, key=key),
        imported.options,
        format_name=imported.format_name,
        files=imported.files,
        folder=folder,
        observed=imported.observed,
    )
    bundle.head["imported"]["notes"] = list(imported.notes)
    # What reading took is kept for more reading, which does not come.
    pa.default_memory_pool().release_unused()
    return bundle
