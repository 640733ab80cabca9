"""Files that were made elsewhere, read and checked: what people responded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from analysis.bundles.cluster_names import BUILT_IN, unknown_columns
from analysis.bundles.frames import Problems
from analysis.importing.base import (
    CLUSTER,
    ImportOptions,
    ImportRefusedError,
    NothingThereError,
    RawResponses,
    RowsLeftOut,
    SourceFile,
    refuse,
)
from analysis.importing.checked_responses import (
    TRIAL,
    CheckedResponses,
    check_images,
    check_options,
    check_responses,
    codes_of,
)
from analysis.importing.declared_responses import check_scale
from analysis.importing.formats import FORMATS
from analysis.importing.formats.count_tables import CountTables
from analysis.importing.given_files import given_files
from analysis.importing.levels import levels_of_conditions
from analysis.importing.observers import tell_apart
from analysis.importing.response_bundles import ImportedFile
from analysis.importing.same_study import (
    check_same_study,
    joint_identity,
    refuse_absent,
    with_question,
    with_questions,
)
from analysis.importing.tables.choosing_rows import refuse_unmet

_EXAMPLES: Final = 3


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Checked responses with the worker ids of their files; never passed on as is.

    Attributes:
        answers: Of people, as `checked_responses.check_responses` gives them.
        observed: The same of observers, who are no people.
        files: Where they came from.
        options: What was said of them, completed.
        format_name: How they were read.
        identity: What every file of the study must share.
        notes: What its user should know.
        hits: The HITs they are about, where they come from a market.
        left_out: Rows that were asked out, or cannot be.
        is_part: Whether further files of the study may have fewer fields.
    """

    answers: pd.DataFrame
    observed: pd.DataFrame
    files: tuple[ImportedFile, ...]
    options: ImportOptions
    format_name: str
    identity: Mapping[str, object]
    notes: tuple[str, ...]
    hits: tuple[str, ...] = ()
    left_out: tuple[RowsLeftOut, ...] = ()
    is_part: bool = False


def read_responses(
    paths: Sequence[Path], options: ImportOptions, *, format_name: str
) -> Imported:
    """The responses of files, checked; worker ids are still those of the files.

    Raises:
        ImportRefusedError: Naming every problem of every file.
    """
    given = given_files(paths)
    imported = read_files(given.files, options, format_name=format_name)
    return replace(imported, notes=(*given.notes, *imported.notes))


def read_files(
    files: Sequence[SourceFile],
    options: ImportOptions,
    *,
    format_name: str,
    fields: Collection[str] = (),
) -> Imported:
    """The responses of files that are given once each and have names of their own.

    Args:
        files: See `given_files`.
        options: What they mean.
        format_name: How they are read.
        fields: Fields of the study's earlier files, where they can differ.

    Raises:
        ImportRefusedError: Naming every problem of every file.
    """
    if format_name not in FORMATS:
        raise ImportRefusedError(
            f"no format {format_name!r}; there are: {', '.join(FORMATS)}"
        )
    if not files:
        raise ImportRefusedError("no file was given: what is to be imported?")
    problems = Problems()
    check_options(options, problems=problems)
    _refuse_counts(format_name, options, problems=problems)
    reader = FORMATS[format_name]
    read = [reader.read(each, options, problems=problems) for each in files]
    found = [raw for raw in read if raw is not None]
    if not found:
        refuse(problems, [each.name for each in files])
    check_same_study(found, problems=problems)
    options = with_question(found, options, fields=fields)
    found = with_questions(found, options, fields=fields)
    return check_imported(found, options, format_name=format_name, problems=problems)


def _refuse_counts(
    format_name: str, options: ImportOptions, *, problems: Problems
) -> None:
    """Counts have no people, and what is stored of imports is people's responses."""
    if format_name == CountTables.name:
        raise ImportRefusedError(
            "counts say nothing of who responded, so there are no people to keep: report "
            "them straight from the file, `secondlook report make FILE --format counts`"
        )
    if "count" in options.columns:
        problems.add("--map count=… goes with --format counts")


def check_imported(
    found: Sequence[RawResponses],
    options: ImportOptions,
    *,
    format_name: str,
    problems: Problems,
) -> Imported:
    """The responses of files that were read, checked together.

    Args:
        found: A file's responses each, as its format reads them.
        options: What they mean.
        format_name: How they were read.
        problems: What was wrong so far; takes what else is.

    Raises:
        ImportRefusedError: Naming every problem.
    """
    names = [raw.file for raw in found] or ["the file"]
    refuse_unmet([raw for raw in found if not raw.is_void], problems=problems)
    refuse_absent([raw for raw in found if not raw.is_void], problems=problems)
    filled = _filled(found, problems=problems)
    if all(raw.is_void for raw in found) and not problems.found:
        raise NothingThereError(names, [note for raw in found for note in raw.notes])
    if not filled:
        refuse(problems, names)
    refuse_lost_clusters(filled, options, problems=problems)
    options = _with_plain_votes(filled, options)
    said = dict.fromkeys(value for raw in filled for value in raw.unanswered)
    options = replace(options, unanswered=options.unanswered or tuple(said))
    checked = check_responses(filled, options, problems=problems)
    values = list(map(str, checked.answers["value"].cat.categories))
    check_scale(values, options, problems=problems)
    check_images(checked.answers, options, problems=problems)
    apart = tell_apart(checked.answers, filled, options, problems=problems)
    levels_of_conditions(checked.answers, options, problems=problems)
    if (checked.answers["condition"] == "all").any():
        problems.add(
            "a condition is called 'all', which every table calls all conditions "
            "together: rename it, or leave --map condition=… out"
        )
    if checked.answers.empty:
        problems.add("no row is left: every one of them was left out")
    refuse(problems, names)
    left = (*(each for raw in found for each in raw.left_out), *checked.left_out)
    return Imported(
        answers=apart.people,
        observed=apart.observed,
        files=_files(found, checked),
        options=options,
        format_name=format_name,
        identity=joint_identity([raw for raw in found if not raw.is_void]),
        notes=(
            *(n for raw in found for n in raw.notes),
            *_notes(apart.people, options),
            *apart.notes,
            *_left_out_notes(left),
        ),
        hits=tuple(hit for raw in found for hit in raw.hits),
        left_out=left,
        is_part=any(raw.is_part for raw in found),
    )


def refuse_lost_clusters(
    found: Sequence[RawResponses], options: ImportOptions, *, problems: Problems
) -> None:
    """Clusters are columns that the file's format must pass on."""
    for name in unknown_columns(options.cluster, BUILT_IN):
        if any(f"{CLUSTER} {name}" not in raw.frame for raw in found):
            problems.add(
                f"--cluster {name}: this format passes on no further columns; long, "
                "crowd-kit and model-vs-human do"
            )


def _filled(found: Sequence[RawResponses], *, problems: Problems) -> list[RawResponses]:
    """The files with a response; one that has none must say why."""
    filled = [raw for raw in found if not raw.frame.empty]
    for raw in found:
        is_excused = raw.is_void or raw.left_out or (raw.is_part and filled)
        if raw.frame.empty and not is_excused:
            problems.add(f"{raw.file} holds no response: every response in it is empty")
    if not filled and not problems.found and not all(raw.is_void for raw in found):
        said = "; ".join(note for raw in found for note in raw.notes)
        problems.add(f"no response is left{f': {said}' if said else ''}")
    return filled


def _files(
    found: Sequence[RawResponses], checked: CheckedResponses
) -> tuple[ImportedFile, ...]:
    n_left = Counter(checked.answers["file"].astype("str"))
    n_twice = Counter[str]()
    for each in checked.left_out:
        if each.why.startswith("--twice"):
            n_twice[each.file] += each.n
    return tuple(
        ImportedFile(
            name=raw.file,
            n_rows=n_left[raw.file] + n_twice[raw.file],
            left_out=tuple(
                each
                for each in (*raw.left_out, *checked.left_out)
                if each.file == raw.file
            ),
        )
        for raw in found
        if not raw.is_void
    )


def _left_out_notes(left: Sequence[RowsLeftOut]) -> Iterator[str]:
    for each in left:
        rows = ", ".join(map(str, each.rows[:_EXAMPLES]))
        more = f" and {each.n - _EXAMPLES:,} more" if each.n > _EXAMPLES else ""
        plural = "rows" if each.n > 1 else "row"
        yield f"left out: {each.file}, {plural} {rows}{more}: {each.why}"


def _with_plain_votes(
    found: Sequence[RawResponses], options: ImportOptions
) -> ImportOptions:
    """Yes and no mean what they say, where nothing else was ever said."""
    if options.has_votes or options.other:
        return options
    values = {
        str(value).strip().casefold()
        for raw in found
        for value in raw.frame["response"].unique()
    }
    if values and values <= {"yes", "no"}:
        return replace(options, yes=("yes",), no=("no",))
    return options


def _notes(answers: pd.DataFrame, options: ImportOptions) -> list[str]:
    notes = []
    n_people = answers["worker"].nunique()
    if n_people == 1:
        notes.append("one rater only: agreement and people's spread are not defined")
    if not options.has_votes:
        notes.append(
            "responses are kept as values; --yes and --no say which of them are votes"
        )
    elif not answers["accepts"].notna().any():
        notes.append("no response is a vote (all are --other)")
    most = int(np.bincount(codes_of(answers, TRIAL)).max(initial=0))
    if options.n is not None and most < options.n:
        notes.append(
            f"no trial has n = {options.n} responses, at most {most}: none is resolved"
        )
    return notes
