"""Replies of MTurk's ListAssignmentsForHIT, saved as JSON.

One reply, a list of replies (pages, HITs), a list of assignments, or one of these
per line. Times are ISO 8601, as boto3 or the AWS command write them, or seconds
since 1970, as the service itself sends them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import (
    MAX_ROWS,
    ImportOptions,
    RawResponses,
    SourceFile,
    add_rows,
    names_of,
)
from analysis.importing.formats.mturk_csv import check_assignments
from analysis.importing.hits.assignments import ANSWER, to_responses
from analysis.importing.hits.question_form_answers import (
    AnswersError,
    read_question_form_answers,
)
from stimuli.files.text import TextFileError, parse_json, read_text

_KEPT: Final = ("HITId", "AssignmentId", "WorkerId", "AssignmentStatus")
_INSIDE: Final = frozenset(("Assignments", "Assignment"))
_MAX_BYTES: Final = 1 << 30


class MturkJson:
    """Assignments with their QuestionFormAnswers."""

    name = "mturk-json"
    title = "replies of MTurk's ListAssignmentsForHIT (JSON)"
    recruiter = "mturk"

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """One row per assignment and question that is answered.

        A file without any assignment, as tools write one for a HIT that nobody took,
        or with what describes a HIT, holds no response and says so.
        """
        text = _text(file, options, problems=problems)
        if text is None:
            return None
        found = _parsed(text, file=file, problems=problems)
        if found is None:
            return None
        assignments = list(_assignments(found, file=file.name, problems=problems))
        if not assignments:
            return _none(file.name, is_empty=not text)
        table = _table(assignments, file=file.name, problems=problems)
        if table.empty:
            return None
        check_assignments(table, file=file.name, problems=problems)
        identity = {
            "fields": sorted(
                name for name in names_of(table) if name.startswith(ANSWER)
            )
        }
        return to_responses(
            table,
            options,
            file=file.name,
            identity=identity,
            problems=problems,
            is_part=True,
        )


def _none(file: str, *, is_empty: bool) -> RawResponses:
    what = "is empty (0 bytes)" if is_empty else "holds no Assignments"
    note = f"{file} {what}; replies of ListAssignmentsForHIT have them"
    return RawResponses(
        file=file, frame=pd.DataFrame(), notes=(note,), is_part=True, is_void=True
    )


def _text(
    file: SourceFile, options: ImportOptions, *, problems: Problems
) -> str | None:
    try:
        return read_text(file.path, max_bytes=_MAX_BYTES, encoding=options.encoding)
    except TextFileError as error:
        problems.add(f"{file.name} {error.reason}")
        return None


def _parsed(text: str, *, file: SourceFile, problems: Problems) -> list[Any] | None:
    """The documents of the file: none, one, or one per line."""
    if not text.strip():
        return []
    try:
        return [parse_json(text, file.path)]
    except TextFileError as error:
        first = error
    found, bad = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found.append(parse_json(line, file.path))
            except TextFileError:
                bad.append(number)
    if bad and not found:
        problems.add(f"{file.name} {first.reason}")
        return None
    add_rows(problems, f"{file.name}, lines", pd.Series(bad), what="not JSON")
    return found


def _assignments(
    found: object, *, file: str, problems: Problems
) -> Iterator[Mapping[str, Any]]:
    """Every assignment, however deep its reply lies in lists."""
    stack = [found]
    n_found = 0
    while stack:
        entry = stack.pop()
        if isinstance(entry, list):
            stack.extend(reversed(entry))
        elif isinstance(entry, Mapping) and "AssignmentId" in entry:
            n_found += 1
            yield entry
        elif isinstance(entry, Mapping) and not _INSIDE.isdisjoint(entry):
            stack.append(entry.get("Assignments", entry.get("Assignment")))
        elif isinstance(entry, Mapping) and "HIT" in entry:
            # What GetHIT replies, which tools save beside the assignments.
            continue
        else:
            problems.add(
                f"{file}: neither a reply nor an assignment, after {n_found:,} "
                f"assignments: {str(entry)[:40]!r}"
            )
        if n_found > MAX_ROWS:
            problems.add(f"{file}: more than {MAX_ROWS:,} assignments; split it")
            return


def _table(
    assignments: list[Mapping[str, Any]], *, file: str, problems: Problems
) -> pd.DataFrame:
    """One row per assignment that can be read, its answers in Answer.* columns."""
    rows: list[dict[str, Any]] = []
    bad: dict[str, list[int]] = {}
    for number, assignment in enumerate(assignments, start=1):
        try:
            rows.append({**_row(assignment), "row": number})
        except AnswersError as error:
            bad.setdefault(str(error), []).append(number)
    for what, numbers in bad.items():
        add_rows(
            problems, f"{file}, Answer, assignments", pd.Series(numbers), what=what
        )
    table = pd.DataFrame(rows)
    text = [name for name in names_of(table) if name != "row"]
    table[text] = table[text].fillna("").astype("str")
    return table


def _row(assignment: Mapping[str, Any]) -> dict[str, str]:
    answer = assignment.get("Answer")
    if not isinstance(answer, str):
        raise AnswersError("empty; expected QuestionFormAnswers")
    answers = read_question_form_answers(answer)
    accepted, submitted = (
        _time(assignment.get(name)) for name in ("AcceptTime", "SubmitTime")
    )
    row = {name: str(assignment.get(name) or "") for name in _KEPT}
    row["SubmitTime"] = submitted
    row["WorkTimeInSeconds"] = _seconds_between(accepted, submitted)
    return row | {f"{ANSWER}{name}": value for name, value in answers.items()}


def _time(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC).isoformat()
        except (OverflowError, OSError, ValueError):
            return str(value)
    return str(value or "").strip()


def _seconds_between(accepted: str, submitted: str) -> str:
    try:
        start, end = map(datetime.fromisoformat, (accepted, submitted))
        return str((end - start).total_seconds())
    except (ValueError, TypeError):
        return ""
