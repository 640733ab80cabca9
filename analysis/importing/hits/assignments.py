"""Assignments of Mechanical Turk, one row each, turned into one row per response."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import (
    ImportOptions,
    RawResponses,
    add_rows,
    names_of,
    resolve_columns,
)
from analysis.importing.grades import graded
from analysis.importing.hits.crowd_answers import NotUnderstoodError, read_task_answers
from analysis.importing.hits.flattened_answers import put_together
from analysis.importing.tables.choosing_rows import choose_rows, read_rules
from analysis.importing.tables.columns import lacking, with_columns

INPUT: Final = "Input."
ANSWER: Final = "Answer."
_TASK_ANSWERS: Final = "Answer.taskAnswers"
# Roles that follow from the service's own columns.
_OWN: Final = MappingProxyType(
    {
        "worker": "WorkerId",
        "session": "AssignmentId",
        "session_s": "WorkTimeInSeconds",
        "time": "SubmitTime",
    }
)
# What it writes besides, which its users filter by.
OWN_COLUMNS: Final = (*_OWN.values(), "AssignmentStatus", "Title")
_PLACE: Final = "{}"
_EXAMPLES: Final = 8


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """One response of an assignment: where it stands, and what it is about."""

    columns: Mapping[str, str]
    question: str


def to_responses(
    table: pd.DataFrame,
    options: ImportOptions,
    *,
    file: str,
    identity: Mapping[str, object],
    problems: Problems,
    is_part: bool = False,
) -> RawResponses | None:
    """One row per assignment and question.

    Args:
        table: Text columns HITId, AssignmentId, WorkerId, Input.*, Answer.*, and
            where known SubmitTime, WorkTimeInSeconds; row, the row of the file.
        options: `columns` may hold `{}` for a number: "response": "Answer.q{}",
            "stimulus": "Input.image{}".
        file: Its name, for problems.
        identity: What every file of the study shares.
        problems: Takes columns that are missing, assignments that come twice.
        is_part: Whether answers that nobody gave have no column here.
    """
    given = resolve_columns(options.columns, problems)
    rules = read_rules(options.where, problems=problems)
    table = _unpacked(table, given, file=file, problems=problems)
    plain = [name for name in given.values() if _PLACE not in name]
    asked = [*plain, *(rule.column for rule in rules)]
    absent = _absent(table, asked) if is_part else ()
    table = table.assign(**dict.fromkeys(absent, ""))
    if missing := lacking(plain, names_of(table)):
        problems.add(_cannot_map(table, missing, file=file))
        return None
    named = with_columns(table, asked, where=file, problems=problems)
    if named is None:
        return None
    chosen = choose_rows(named, rules, file=file, rows=named["row"])
    raw = _responses(chosen.frame, given, file=file, problems=problems)
    return raw and replace(
        raw,
        identity=identity,
        left_out=chosen.left_out,
        unmet=chosen.unmet,
        absent=absent,
        is_part=is_part,
    )


def _responses(
    table: pd.DataFrame, given: Mapping[str, str], *, file: str, problems: Problems
) -> RawResponses | None:
    _refuse_repeats(table, file=file, problems=problems)
    fixed = {role: name for role, name in _OWN.items() if name in table} | {
        role: name for role, name in given.items() if _PLACE not in name
    }
    pairs = list(_pairs(table, given, fixed))
    wanted = {name for pair in pairs for name in pair.columns.values()}
    missing = sorted(wanted - set(table.columns))
    if missing or not pairs:
        problems.add(_cannot_map(table, missing, file=file))
        return None
    parts = [_part(table, pair) for pair in pairs]
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.sort_values("row", kind="stable", ignore_index=True)
    return RawResponses(
        file=file,
        frame=graded(frame) if _is_graded_only(given) else frame,
        hits=tuple(str(hit) for hit in table["HITId"].unique()),
        notes=_left_empty(table, pairs, parts, file=file),
        questions=tuple(
            pair.question
            for pair in pairs
            if pair.question and "question" not in pair.columns
        ),
    )


def _is_graded_only(given: Mapping[str, str]) -> bool:
    return "is_right" in given and given.get("response") == given["is_right"]


def _absent(table: pd.DataFrame, asked: Iterable[str]) -> tuple[str, ...]:
    """Answers asked for that nobody here gave."""
    there = {name.casefold() for name in names_of(table)}
    return tuple(
        name
        for name in dict.fromkeys(asked)
        if name.startswith(ANSWER) and name.casefold() not in there
    )


def _part(table: pd.DataFrame, pair: _Pair) -> pd.DataFrame:
    """The responses to one question; those left empty are not there."""
    found = {role: table[name] for role, name in pair.columns.items()}
    frame = pd.DataFrame({**found, "row": table["row"]})
    if "question" not in frame:
        frame["question"] = pair.question
    return frame[frame["response"].str.strip() != ""]


def _left_empty(
    table: pd.DataFrame, pairs: list[_Pair], parts: list[pd.DataFrame], *, file: str
) -> tuple[str, ...]:
    """Which questions some left empty: that may mean "none" or "not answered"."""
    found = [
        f"{pair.columns['response']} ({n_empty:,})"
        for pair, part in zip(pairs, parts, strict=True)
        if (n_empty := len(table) - len(part))
    ]
    if not found:
        return ()
    more = f" and {len(found) - _EXAMPLES:,} more" if len(found) > _EXAMPLES else ""
    return (
        f"{file}: of {len(table):,} assignments some left empty (no text, no box ticked), "
        f"which is no response: {', '.join(found[:_EXAMPLES])}{more}",
    )


def _pairs(
    table: pd.DataFrame, given: Mapping[str, str], fixed: Mapping[str, str]
) -> Iterator[_Pair]:
    """Every response column with the columns that go with it."""
    pattern = given.get("response")
    if pattern is not None and _PLACE in pattern:
        for number in _numbers(table, pattern):
            at = {role: name.replace(_PLACE, number) for role, name in given.items()}
            yield _Pair(columns={**_stimulus(table), **fixed, **at}, question="")
        return
    columns = {**_stimulus(table), **fixed}
    if pattern is not None:
        yield _Pair(columns=columns, question="")
        return
    taken = set(fixed.values())
    answers = [n for n in names_of(table) if n.startswith(ANSWER) and n not in taken]
    for name in answers:
        question = name.removeprefix(ANSWER)
        yield _Pair(columns={**columns, "response": name}, question=question)


def _stimulus(table: pd.DataFrame) -> dict[str, str]:
    """The only input where there is one; else the HIT."""
    inputs = [name for name in names_of(table) if name.startswith(INPUT)]
    return {"stimulus": inputs[0] if len(inputs) == 1 else "HITId"}


def _numbers(table: pd.DataFrame, pattern: str) -> list[str]:
    before, _, after = pattern.partition(_PLACE)
    shape = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    found = [match[1] for name in names_of(table) if (match := shape.fullmatch(name))]
    return sorted(found, key=int)


def _cannot_map(table: pd.DataFrame, missing: list[str], *, file: str) -> str:
    there = [n for n in names_of(table) if n.startswith((INPUT, ANSWER))]
    what = f"column {', '.join(missing)} missing" if missing else "no Answer.* column"
    return (
        f"{file}: {what}; inputs and answers there are: {', '.join(there) or 'none'}. "
        "Say which, for example --map stimulus=Input.image --map response=Answer.choice"
    )


def _refuse_repeats(table: pd.DataFrame, *, file: str, problems: Problems) -> None:
    """A returned assignment's id can come back, but never with the same worker."""
    again = table.duplicated(["AssignmentId", "WorkerId"])
    what = "this assignment of this worker came before"
    add_rows(problems, file, table["row"][again], what=what)


def _unpacked(
    table: pd.DataFrame, given: Mapping[str, str], *, file: str, problems: Problems
) -> pd.DataFrame:
    """Answers that forms nested or took apart, one column per question."""
    if _TASK_ANSWERS in table and _TASK_ANSWERS not in given.values():
        table = _task_answers(table, file=file, problems=problems)
    kept = set(given.values())
    return put_together(table, ANSWER, kept=kept, file=file, problems=problems)


def _task_answers(
    table: pd.DataFrame, *, file: str, problems: Problems
) -> pd.DataFrame:
    rows: list[dict[str, str]] = []
    bad: dict[str, list[int]] = {}
    for row, text in zip(table["row"], table[_TASK_ANSWERS], strict=True):
        try:
            rows.append(read_task_answers(text) if text.strip() else {})
        except NotUnderstoodError as error:
            rows.append({})
            bad.setdefault(str(error), []).append(row)
    for what, numbers in bad.items():
        add_rows(problems, f"{file}, {_TASK_ANSWERS}", pd.Series(numbers), what=what)
    answers = pd.DataFrame(rows, index=table.index).fillna("").astype("str")
    table = table.drop(columns=_TASK_ANSWERS)
    for question in names_of(answers):
        name = f"{ANSWER}{question}"
        before = table.get(name, "")
        is_both = (before != "") & (answers[question] != "")
        what = f"answered here and in {_TASK_ANSWERS} too"
        add_rows(problems, f"{file}, {name}", table["row"][is_both], what=what)
        table = table.assign(**{name: before + answers[question]})
    return table
