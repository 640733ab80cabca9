"""A long table: one row per response, its columns named by the user."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.bundles.cluster_names import BUILT_IN, column_key
from analysis.bundles.frames import Problems
from analysis.importing.base import (
    CLUSTER,
    REQUIRED,
    BadRows,
    ImportOptions,
    RawResponses,
    SourceFile,
    resolve_columns,
)
from analysis.importing.grades import graded
from analysis.importing.tables.cells import sound_cells
from analysis.importing.tables.choosing_rows import RowRule, choose_rows, read_rules
from analysis.importing.tables.columns import find_columns, put_columns
from analysis.importing.tables.reading import OpenTable, as_text, open_table


class LongTable:
    """CSV or Parquet, one row per response."""

    name = "long"
    title = "one row per response (CSV or Parquet); --map says which column is what"
    recruiter = ""

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """The mapped columns; a role whose own name is a column needs no mapping."""
        return read_mapped(file, {}, options, problems=problems)


def read_mapped(
    file: SourceFile,
    default: Mapping[str, str],
    options: ImportOptions,
    *,
    problems: Problems,
) -> RawResponses | None:
    """A table whose columns are mapped by the user, over a format's own names."""
    given = resolve_columns(options.columns, problems)
    table = open_table(file, encoding=options.encoding, problems=problems)
    if table is None:
        return None
    columns = roles(given, default, header=table.header)
    columns |= cluster_columns(options.cluster, table.header)
    raw = _read(table, columns, options, problems=problems)
    return raw and replace(raw, identity={"columns": columns})


def roles(
    given: Mapping[str, str], default: Mapping[str, str], *, header: Collection[str]
) -> dict[str, str]:
    """Role to column: what was said, a format's own names, the names of the roles.

    Where only grades are known, the grade is the response.
    """
    columns = {**{role: role for role in REQUIRED}, **default, **given}
    folded = {name.casefold() for name in header}
    is_there = columns["response"].casefold() in folded
    if "is_right" in given and "response" not in given and not is_there:
        columns["response"] = given["is_right"]
    return columns


def _read(
    table: OpenTable,
    columns: Mapping[str, str],
    options: ImportOptions,
    *,
    problems: Problems,
) -> RawResponses | None:
    rules = read_rules(options.where, problems=problems)
    wanted = [*columns.values(), *(rule.column for rule in rules)]
    found = find_columns(wanted, table.header, where=table.name, problems=problems)
    if found is None:
        return None
    own = {name for parts in found.values() for name in parts}
    bad = BadRows(table.name, options, problems=problems)
    frame = table.read(own, bad=bad, problems=problems)
    if frame is None:
        return None
    raw = _chosen(put_columns(frame, found), columns, rules, file=table.name)
    return replace(
        raw,
        left_out=(*bad.left_out, *raw.left_out),
        notes=(*table.notes(own), *raw.notes),
    )


def read_frame(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    options: ImportOptions,
    *,
    problems: Problems,
) -> RawResponses | None:
    """The mapped columns of a frame in memory, its rows counted from 1."""
    columns = {**columns, **cluster_columns(options.cluster, map(str, frame.columns))}
    rules = read_rules(options.where, problems=problems)
    wanted = [*columns.values(), *(rule.column for rule in rules)]
    header = [str(name) for name in frame.columns]
    found = find_columns(wanted, header, where="the frame", problems=problems)
    if found is None:
        return None
    own = {name for parts in found.values() for name in parts}
    text = pd.DataFrame({name: as_text(frame[name]) for name in own})
    bad = BadRows("the frame", options, problems=problems)
    text = sound_cells(text.set_index(np.arange(1, len(text) + 1)), bad=bad)
    raw = _chosen(put_columns(text, found), columns, rules, file="frame")
    return replace(raw, left_out=(*bad.left_out, *raw.left_out))


def _chosen(
    table: pd.DataFrame,
    columns: Mapping[str, str],
    rules: Sequence[RowRule],
    *,
    file: str,
) -> RawResponses:
    rows = pd.Series(table.index, index=table.index)
    chosen = choose_rows(table, rules, file=file, rows=rows)
    return RawResponses(
        file=file,
        frame=mapped(chosen.frame, columns),
        left_out=chosen.left_out,
        unmet=chosen.unmet,
    )


def cluster_columns(names: Sequence[str], header: Iterable[str]) -> dict[str, str]:
    """Clusters as roles of their own; what every study knows needs no column.

    >>> cluster_columns(["Scene", "class"], ["scene"])
    {'cluster Scene': 'Scene'}
    """
    there = {column_key(name) for name in header}
    return {
        f"{CLUSTER} {name}": name
        for name in names
        if column_key(name) in there or column_key(name) not in BUILT_IN
    }


def mapped(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Role columns, and `row`: the index of the frame."""
    found = {role: frame[column] for role, column in columns.items()}
    roles_only = pd.DataFrame(found, index=frame.index).assign(row=frame.index)
    roles_only = roles_only.reset_index(drop=True)
    return graded(roles_only) if _is_graded_only(columns) else roles_only


def _is_graded_only(columns: Mapping[str, str]) -> bool:
    return columns.get("is_right") == columns["response"]
