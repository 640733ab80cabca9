"""How many people gave each answer to each image, and nothing of who they were.

Images x answers, as CIFAR-10H has them: a NumPy array, or a table with a column for
each answer. Nobody is made up for them: what needs to know who responded is not had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import (
    BadRows,
    ImportOptions,
    RawResponses,
    SourceFile,
    names_of,
    resolve_columns,
    shown_values,
)
from analysis.importing.formats.arrays import Arrays, load_arrays, the_array
from analysis.importing.tables.choosing_rows import choose_rows, read_rules
from analysis.importing.tables.columns import find_columns, with_columns
from analysis.importing.tables.reading import as_text, open_table

_TEXTS: Final = ("stimulus", "question", "condition", "category", "key")
_IMAGES: Final = ("stimulus", "image")
_ARRAY_ENDS: Final = (".npy", ".npz")
# Fewer rows than this may be numbered, or summed up, by chance.
_LEAST_ROWS: Final = 10


class CountTables:
    """Counts of answers without the people who gave them."""

    name = "counts"
    title = "counts without raters, images x answers (CSV, Parquet, .npy, .npz)"
    recruiter = ""

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """One row per image and answer that somebody gave.

        Columns of the frame: stimulus, response, n (a whole number), what else is
        mapped of question, condition, category and key, and row.
        """
        given = resolve_columns(options.columns, problems)
        if stray := sorted(set(given) - {*_TEXTS, "response", "count"}):
            problems.add(
                f"--map {', '.join(stray)}: counts have no people, visits or times; "
                f"there are: {', '.join(_TEXTS)}, response, count"
            )
            return None
        if ("response" in given) != ("count" in given):
            problems.add(
                "--map response and count go together: a row for each image and answer"
            )
            return None
        if file.path.suffix in _ARRAY_ENDS:
            return _of_array(file, options, problems=problems)
        return _of_table(file, given, options, problems=problems)


def _of_array(
    file: SourceFile, options: ImportOptions, *, problems: Problems
) -> RawResponses | None:
    if options.where:
        problems.add(f"{file.name}: an array has no columns for --where")
    arrays = load_arrays(file, problems=problems)
    if arrays is None:
        return None
    counts = the_array(arrays, "counts", n_axes=2, file=file.name, problems=problems)
    if counts is None or not _is_sound(counts, arrays, file=file, problems=problems):
        return None
    answers = _named(arrays, "answers", counts.shape[1])
    table = pd.DataFrame(np.asarray(counts), columns=answers).astype("int64")
    table.insert(0, "stimulus", _named(arrays, "images", counts.shape[0]))
    fixed = ["stimulus"]
    if "keys" in arrays:
        table.insert(1, "key", _named(arrays, "keys", counts.shape[0]))
        fixed.append("key")
    frame = _long(table.assign(row=np.arange(1, len(table) + 1)), fixed)
    return RawResponses(
        file=file.name, frame=frame, identity={"answers": list(answers)}
    )


def _is_sound(
    counts: npt.NDArray[Any], arrays: Arrays, *, file: SourceFile, problems: Problems
) -> bool:
    n_before = len(problems.found)
    if counts.ndim != 2 or counts.dtype.kind not in "uif" or not counts.size:
        problems.add(
            f"{file.name}: expected numbers of people, images x answers, got "
            f"{counts.dtype} of the shape {counts.shape}"
        )
        return False
    whole = np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))
    if not whole.all():
        row, column = map(int, np.argwhere(~whole)[0])
        problems.add(
            f"{file.name}, row {row + 1}, answer {column}: expected how many people, got "
            f"{counts[row, column]}; {_SHARES}"
        )
    for name, axis in (("images", 0), ("answers", 1), ("keys", 0)):
        if name in arrays and arrays[name].shape != (counts.shape[axis],):
            problems.add(
                f"{file.name}: {name} has the shape {arrays[name].shape}, counts "
                f"{counts.shape}"
            )
    return len(problems.found) == n_before


_SHARES: Final = "shares do not say of how many people, so take the counts"


def _named(arrays: Arrays, name: str, n: int) -> npt.NDArray[Any]:
    return arrays[name].astype(str) if name in arrays else np.arange(n).astype(str)


def _of_table(
    file: SourceFile,
    given: Mapping[str, str],
    options: ImportOptions,
    *,
    problems: Problems,
) -> RawResponses | None:
    found = open_table(file, encoding=options.encoding, problems=problems)
    if found is None:
        return None
    bad = BadRows(file.name, options, problems=problems)
    table = found.read(None, bad=bad, problems=problems)
    if table is None:
        return None
    return _of_cells(table, given, options, bad=bad, file=file.name, problems=problems)


def read_counts(
    frame: pd.DataFrame, options: ImportOptions, *, file: str, problems: Problems
) -> RawResponses | None:
    """Counts of a frame in memory, its rows counted from 1."""
    given = resolve_columns(options.columns, problems)
    bad = BadRows(file, options, problems=problems)
    table = pd.DataFrame({str(name): as_text(frame[name]) for name in frame})
    table = table.set_index(np.arange(1, len(table) + 1))
    return _of_cells(table, given, options, bad=bad, file=file, problems=problems)


def _of_cells(
    table: pd.DataFrame,
    given: Mapping[str, str],
    options: ImportOptions,
    *,
    bad: BadRows,
    file: str,
    problems: Problems,
) -> RawResponses | None:
    header = tuple(names_of(table))
    columns = _columns(given, header)
    rules = read_rules(options.where, problems=problems)
    asked = [*columns.values(), *(rule.column for rule in rules)]
    own = find_columns(asked, header, where=file, problems=problems)
    named = with_columns(table, asked, where=file, problems=Problems())
    if own is None or named is None:
        return None
    rows = pd.Series(named.index, index=named.index)
    chosen = choose_rows(named, rules, file=file, rows=rows)
    taken = {name for parts in own.values() for name in parts}
    answers = [name for name in header if name not in taken]
    frame = _counted(chosen.frame, columns, answers, bad=bad, problems=problems)
    return RawResponses(
        file=file,
        frame=frame,
        identity={"columns": columns, "answers": [] if "count" in columns else answers},
        left_out=(*bad.left_out, *chosen.left_out),
        unmet=chosen.unmet,
    )


def _columns(given: Mapping[str, str], header: tuple[str, ...]) -> dict[str, str]:
    """Role to column; the image's own names need no mapping."""
    folded = {name.casefold(): name for name in header}
    own = next((folded[name] for name in _IMAGES if name in folded), None)
    return ({"stimulus": own} if own else {}) | dict(given)


def _counted(
    table: pd.DataFrame,
    columns: Mapping[str, str],
    answers: list[str],
    *,
    bad: BadRows,
    problems: Problems,
) -> pd.DataFrame:
    """One row per image and answer, of a wide table or a long one."""
    fixed = {role: table[name].str.strip() for role, name in columns.items()}
    frame = pd.DataFrame(fixed, index=table.index)
    if "stimulus" not in frame:
        frame["stimulus"] = (table.index - 1).astype(str)
    if "count" in columns:
        frame["n"] = _whole(frame.pop("count"), "count", bad=bad)
        frame = bad.without(frame.assign(row=frame.index))
        return frame[frame["n"] > 0].reset_index(drop=True)
    numbers = {name: _whole(table[name], name, bad=bad) for name in answers}
    counts = pd.DataFrame(numbers, index=table.index)
    _refuse_no_answers(counts, bad=bad, problems=problems)
    wide = pd.concat([frame, counts], axis=1).assign(row=table.index)
    return _long(bad.without(wide), names_of(frame))


def _whole(text: pd.Series, name: str, *, bad: BadRows) -> pd.Series:
    """How many people; what is no whole number of at least 0 is a bad row."""
    number = pd.to_numeric(text.str.strip(), errors="coerce").astype(float)
    is_bad = ~(number >= 0) | (number != np.floor(number)) | ~np.isfinite(number)
    came = shown_values(text[is_bad])
    what = f"expected how many people gave this answer, got {came}; {_SHARES}"
    rows = pd.Series(text.index, index=text.index)
    bad.add(name or "a column without a name", rows[is_bad], what=what)
    return number.mask(is_bad, 0).astype("int64")


def _refuse_no_answers(
    counts: pd.DataFrame, *, bad: BadRows, problems: Problems
) -> None:
    """Columns of whole numbers that are no answers: row numbers, sums, without name."""
    if len(counts.columns) < 2:
        problems.add(
            "expected a column for each answer, or --map response=…,count=…; the columns "
            f"left are: {', '.join(map(repr, counts.columns)) or 'none'}"
        )
    total = counts.sum(axis=1)
    numbers = np.arange(len(counts))
    for name in names_of(counts):
        cells = counts[name].to_numpy()
        is_long = len(cells) >= _LEAST_ROWS
        is_one_of_many = is_long and len(counts.columns) > 2
        first = cells[0] if len(cells) else 0
        if not name or (
            is_long and first in (0, 1) and (cells - first == numbers).all()
        ):
            problems.add(
                f"column {name!r} numbers the rows, it seems: --map stimulus={name or '…'}"
                ", or leave it out of the file"
            )
        elif is_one_of_many and cells.any() and (cells * 2 == total).all():
            problems.add(
                f"column {name!r} is the sum of the others: leave it out of the file"
            )


def _long(wide: pd.DataFrame, fixed: list[str]) -> pd.DataFrame:
    """One row per image and answer that somebody gave, image by image."""
    long = wide.melt([*fixed, "row"], var_name="response", value_name="n")
    long = long[long["n"] > 0].sort_values("row", kind="stable", ignore_index=True)
    return long.assign(response=long["response"].astype(str))
