"""Batch results of the old requester site: one row per assignment.

Columns HITId, AssignmentId, WorkerId, AssignmentStatus, WorkTimeInSeconds,
Input.* (what the HIT showed), Answer.* (what the worker's form held), and more.
A rejected assignment was not paid; it is not left out for that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import (
    BadRows,
    ImportOptions,
    RawResponses,
    SourceFile,
    add_rows,
    names_of,
)
from analysis.importing.hits.assignments import ANSWER, INPUT, OWN_COLUMNS, to_responses
from analysis.importing.tables.columns import find_columns, in_known_case
from analysis.importing.tables.reading import open_table

REQUIRED: Final = ("HITId", "AssignmentId", "WorkerId")
STATUSES: Final = ("Submitted", "Approved", "Rejected", "")


class MturkCsv:
    """The results file of a batch."""

    name = "mturk-csv"
    title = "batch results of MTurk's requester site (CSV)"
    recruiter = "mturk"

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """One row per assignment and Answer.* column that is filled."""
        found = open_table(file, encoding=options.encoding, problems=problems)
        if found is None:
            return None
        bad = BadRows(file.name, options, problems=problems)
        table = found.read(None, bad=bad, problems=problems)
        if table is None:
            return None
        table = _in_own_case(table)
        if not find_columns(
            REQUIRED, names_of(table), where=file.name, problems=problems
        ):
            return None
        table = table.assign(row=table.index).reset_index(drop=True)
        check_assignments(table, file=file.name, problems=problems)
        raw = to_responses(
            table, options, file=file.name, identity=_identity(table), problems=problems
        )
        return raw and replace(
            raw,
            left_out=(*bad.left_out, *raw.left_out),
            notes=(*found.notes(), *raw.notes),
        )


def _in_own_case(table: pd.DataFrame) -> pd.DataFrame:
    """The service's own columns as it names them, whatever their case."""
    table = in_known_case(table, (*REQUIRED, *OWN_COLUMNS))
    return table.rename(
        columns={name: _in_prefix_case(name) for name in names_of(table)}
    )


def _in_prefix_case(name: str) -> str:
    for prefix in (INPUT, ANSWER):
        if name.casefold().startswith(prefix.casefold()):
            return prefix + name[len(prefix) :]
    return name


def check_assignments(table: pd.DataFrame, *, file: str, problems: Problems) -> None:
    """Note rows without ids, and states that the service does not have."""
    for name in REQUIRED:
        empty = table[name].str.strip() == ""
        add_rows(problems, f"{file}, {name}", table["row"][empty], what="empty")
    if "AssignmentStatus" in table:
        strange = ~table["AssignmentStatus"].isin(STATUSES)
        what = f"expected {', '.join(filter(None, STATUSES))}"
        rows = table["row"][strange]
        add_rows(problems, f"{file}, AssignmentStatus", rows, what=what)


def _identity(table: pd.DataFrame) -> dict[str, object]:
    """Title and fields: batches of one study share them."""
    titles = sorted(table["Title"].unique()) if "Title" in table else []
    fields = sorted(
        name for name in names_of(table) if name.startswith((INPUT, ANSWER))
    )
    return {"title": titles, "fields": fields}
