"""From cells of text to responses: votes, times and numbers, each problem with rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import (
    CLUSTER,
    REQUIRED,
    BadRows,
    ImportOptions,
    RawResponses,
    RowsLeftOut,
    add_rows,
    left_out,
    shown_values,
)
from analysis.importing.grades import read_grades
from analysis.importing.tables.cells import in_one_form
from analysis.importing.tables.times import read_times
from stimuli.files.tables import same_form

# What names a trial: one judgment of it serves wherever all four are the same.
TRIAL: Final = ("stimulus", "question", "condition", "category")
_COLUMNS: Final = "image_columns"
_TEXTS: Final = ("worker", "session", *TRIAL, "key", "value", "file", _COLUMNS)


@dataclass(frozen=True, kw_only=True)
class CheckedResponses:
    """Responses that can be, and what was left out to get them.

    Attributes:
        answers: Text columns (categories) worker, session, stimulus, question,
            condition, category, key, value, file, image_columns (JSON: what is said of
            the stimulus; empty where nothing is); accepts and is_right (boolean,
            empty where there is no vote, key or grade); rt_ms, session_s (float);
            trial (place in the session, from 0), row (int64); received_at (UTC, NaT
            where unknown).
        left_out: Rows that cannot be, or that came a second time.
    """

    answers: pd.DataFrame
    left_out: tuple[RowsLeftOut, ...]


def check_responses(
    files: Sequence[RawResponses], options: ImportOptions, *, problems: Problems
) -> CheckedResponses:
    """Every file's responses in one typed frame, in the order of the files."""
    typed, left = [], list[RowsLeftOut]()
    for raw in files:
        bad = BadRows(raw.file, options, problems=problems)
        typed.append(_typed(raw, options, bad=bad, problems=problems))
        left += bad.left_out
    answers = pd.concat(typed, ignore_index=True)
    answers[list(_TEXTS)] = answers[list(_TEXTS)].astype("category")
    votes = _votes(answers["value"], options)
    _refuse_unknown(answers, votes, options, problems=problems)
    answers["accepts"] = votes
    answers["is_right"] = _is_right(answers, options, problems=problems)
    kept = _once(answers, options, problems=problems)
    left += _repeats(answers, kept, why=f"--twice {options.twice}")
    kept = kept.reset_index(drop=True)
    _one_key(kept, problems=problems)
    _one_cluster(kept, problems=problems)
    kept["trial"] = _positions(kept)
    return CheckedResponses(answers=kept, left_out=tuple(left))


def codes_of(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Numbers from 0, in the order of first appearance: equal where all columns are."""
    code = np.zeros(len(frame), dtype=np.int64)
    for name in columns:
        column = frame[name].cat
        code = code * (len(column.categories) + 1) + column.codes.to_numpy() + 1
        code = pd.factorize(code)[0]
    return code


def votes_by_word(options: ImportOptions) -> dict[str, bool | None]:
    """Response (lower case, stripped) to vote; None: known, and no vote."""
    words: dict[str, bool | None] = dict.fromkeys(map(plain, options.other))
    words |= dict.fromkeys(map(plain, options.no), False)
    words |= dict.fromkeys(map(plain, options.yes), True)
    return words


def check_options(options: ImportOptions, *, problems: Problems) -> None:
    """Whether yes, no and other are apart, and k, n and the images make sense."""
    for name, number in (
        ("n", options.n),
        ("k", options.k),
        ("images", options.n_images),
    ):
        if number is not None and number < 1:
            problems.add(f"--{name} {number}: expected a whole number of at least 1")
    given = [plain(text) for text in (*options.yes, *options.no, *options.other)]
    if twice := sorted({text for text in given if given.count(text) > 1}):
        problems.add(f"--yes, --no and --other share {', '.join(map(repr, twice))}")
    if bool(options.yes) != bool(options.no):
        problems.add("--yes and --no go together: which responses accept, which reject")
    if options.n is not None and options.k is not None and options.k > options.n:
        problems.add(f"--k {options.k}: expected at most n = {options.n}")
    if bool(options.classifier) != (options.n_images is not None):
        problems.add(
            "--classifier and --images go together: whose errors were judged, of how "
            "many images"
        )


def check_images(
    answers: pd.DataFrame, options: ImportOptions, *, problems: Problems
) -> None:
    """Whether the classifier saw as many images as errors of it were judged."""
    n_trials = int(codes_of(answers, TRIAL).max(initial=-1)) + 1
    if options.n_images is not None and options.n_images < n_trials:
        problems.add(
            f"--images {options.n_images}: {n_trials} errors were judged, so the "
            "classifier saw at least as many images; count the right ones too"
        )


def _typed(
    raw: RawResponses, options: ImportOptions, *, bad: BadRows, problems: Problems
) -> pd.DataFrame:
    frame = raw.frame
    for name in REQUIRED:
        empty = frame[name].str.strip() == ""
        bad.add(name, frame["row"][empty], what="empty")
    value = frame["response"].str.strip()
    # A form sends what was written in a text area with both characters of a line's end.
    value = in_one_form(value.str.replace("\r\n", "\n", regex=False))
    typed = pd.DataFrame({"row": frame["row"], "value": value})
    for name in ("worker", "session", *TRIAL, "key"):
        typed[name] = in_one_form(frame[name].str.strip()) if name in frame else ""
    typed["file"] = raw.file
    typed[_COLUMNS] = image_columns_of(frame)
    for name in ("rt_ms", "rt_s", "session_s"):
        typed[name] = _numbers(frame, name, bad=bad)
    typed["rt_ms"] = typed["rt_ms"].fillna(typed.pop("rt_s") * 1000)
    typed["trial"] = _whole(frame, bad=bad)
    typed["grade"] = pd.Series(pd.NA, index=frame.index, dtype="boolean")
    if "is_right" in frame:
        typed["grade"] = read_grades(frame, bad=bad)
    typed["received_at"] = pd.Series(pd.NaT, index=frame.index, dtype=_UTC)
    if "time" in frame:
        typed["received_at"] = read_times(
            frame,
            file=raw.file,
            time_zone=options.time_zone,
            bad=bad,
            problems=problems,
        ).astype(_UTC)
    return bad.without(typed)


_UTC: Final = "datetime64[us, UTC]"


def _numbers(frame: pd.DataFrame, name: str, *, bad: BadRows) -> pd.Series:
    """A column of durations; NaN where there is none."""
    if name not in frame:
        return pd.Series(np.nan, index=frame.index)
    text = frame[name].str.strip()
    is_missing = text.str.lower().isin(("", "na", "nan"))
    number = pd.to_numeric(text, errors="coerce").astype(float)
    is_bad = ~is_missing & ~((number >= 0) & (number < np.inf))
    what = f"expected a number of at least 0, got {shown_values(text[is_bad])}"
    if text[is_bad].str.contains(",", regex=False).any():
        what += "; a comma may stand for thousands or decimals: write 1234 or 1.234"
    bad.add(name, frame["row"][is_bad], what=what)
    return number


def _whole(frame: pd.DataFrame, *, bad: BadRows) -> pd.Series:
    if "trial" not in frame:
        return pd.Series(-1, index=frame.index, dtype="int64")
    text = frame["trial"].str.strip()
    is_bad = ~text.str.fullmatch(r"\d{1,9}(\.0)?")
    what = f"expected a whole number, got {shown_values(text[is_bad])}"
    bad.add("trial", frame["row"][is_bad], what=what)
    return pd.to_numeric(text.mask(is_bad, "-1")).astype("int64")


def plain(text: str) -> str:
    """A response as it is compared: in one Unicode form, without case or blanks."""
    return same_form(text).strip().casefold()


def _votes(values: pd.Series, options: ImportOptions) -> pd.Series:
    words = votes_by_word(options)
    known = [words.get(plain(str(value))) for value in values.cat.categories]
    votes = pd.array(known, dtype="boolean")
    return pd.Series(votes.take(values.cat.codes.to_numpy()), index=values.index)


def _refuse_unknown(
    answers: pd.DataFrame,
    votes: pd.Series,
    options: ImportOptions,
    *,
    problems: Problems,
) -> None:
    if not options.has_votes:
        return
    words = votes_by_word(options)
    values = answers["value"]
    strange = [each for each in values.cat.categories if plain(each) not in words]
    unknown = votes.isna() & values.isin(strange) & (values != "")
    for file, rows in answers[unknown].groupby("file", observed=True):
        what = (
            f"expected {', '.join(words)} (--yes, --no, --other), got "
            f"{shown_values(rows['value'])}"
        )
        add_rows(problems, f"{file}, response", rows["row"], what=what)


def _is_right(
    answers: pd.DataFrame, options: ImportOptions, *, problems: Problems
) -> pd.Series:
    """The grade, where one was given; else whether the response is the key.

    As a vote where both are, else as text.
    """
    value, key = answers["value"].astype("str"), answers["key"].astype("str")
    is_right = (value == key).astype("boolean")
    if options.has_votes:
        asked = _votes(answers["key"], options)
        both = asked.notna() & answers["accepts"].notna()
        is_right = is_right.mask(both, answers["accepts"] == asked)
    is_right = is_right.mask(key == "", pd.NA)
    grade = answers.pop("grade")
    clash = (grade != is_right).fillna(value=False)
    what = "graded otherwise than the response and the key say: map one of them only"
    _add_per_file(answers[clash], what, problems)
    return grade.where(grade.notna(), is_right)


def _repeats(
    before: pd.DataFrame, after: pd.DataFrame, *, why: str
) -> list[RowsLeftOut]:
    """What `_once` left out, file by file."""
    gone = before[~before.index.isin(after.index)]
    return [
        left_out(str(file), rows["row"], why=why)
        for file, rows in gone.groupby("file", observed=True)
    ]


def _once(
    answers: pd.DataFrame, options: ImportOptions, *, problems: Problems
) -> pd.DataFrame:
    """One response per worker and trial."""
    trial = codes_of(answers, TRIAL)
    worker = answers["worker"].cat.codes.to_numpy().astype(np.int64)
    pair = pd.Series(trial * (int(worker.max(initial=0)) + 2) + worker + 1)
    if options.twice != "refuse":
        keep = ~pair.duplicated(keep=options.twice).to_numpy()
        return answers[keep]
    again = pair.duplicated().to_numpy()
    if again.any():
        same = ["worker", *TRIAL, "session", "value", "received_at", "rt_ms", "trial"]
        is_copy = again & answers.duplicated(same).to_numpy()
        advice = "leave them out, or say --twice first"
        _add_per_file(answers[is_copy], f"the row came before; {advice}", problems)
        what = f"this worker already responded to this trial; {advice} (or last)"
        _add_per_file(answers[again & ~is_copy], what, problems)
    return answers


def _add_per_file(found: pd.DataFrame, what: str, problems: Problems) -> None:
    for file, rows in found.groupby("file", observed=True):
        add_rows(problems, str(file), rows["row"], what=what)


def _one_key(answers: pd.DataFrame, *, problems: Problems) -> None:
    if (answers["key"] == "").all():
        return
    trial = codes_of(answers, TRIAL)
    first = (
        pd.Series(answers["key"].cat.codes.to_numpy()).groupby(trial).transform("first")
    )
    differs = first.to_numpy() != answers["key"].cat.codes.to_numpy()
    _add_per_file(
        answers[differs], "another key than an earlier row of the same trial", problems
    )


def image_columns_of(frame: pd.DataFrame) -> pd.Series:
    """What columns of clusters say in each row, as JSON; empty where there is nothing.

    >>> frame = pd.DataFrame({"stimulus": ["a", "b"], "cluster scene": ["beach", ""]})
    >>> image_columns_of(frame).to_list()
    ['{"scene": "beach"}', '']
    """
    before = f"{CLUSTER} "
    names = [name for name in map(str, frame) if name.startswith(before)]
    if not names:
        return pd.Series("", index=frame.index)
    cells = frame[names].set_axis([name.removeprefix(before) for name in names], axis=1)
    cells = cells.apply(lambda column: in_one_form(column.str.strip()))
    distinct = cells.drop_duplicates()
    said = [
        json.dumps({k: v for k, v in row.items() if v}, ensure_ascii=False)
        for row in distinct.to_dict("records")
    ]
    texts = distinct.assign(said=["" if text == "{}" else text for text in said])
    found: pd.Series = cells.merge(texts, how="left", on=list(cells))["said"]
    return found.set_axis(frame.index)


def _one_cluster(answers: pd.DataFrame, *, problems: Problems) -> None:
    """What is said of a stimulus is the same wherever it is said."""
    said = answers[_COLUMNS].cat
    if list(said.categories) == [""]:
        return
    first = said.codes.groupby(answers["stimulus"], observed=True).transform("first")
    what = "another cluster than in an earlier row of the same stimulus"
    _add_per_file(answers[first != said.codes], what, problems)


def _positions(answers: pd.DataFrame) -> pd.Series:
    """Given places, from 0; the order of the rows in a session where none is given."""
    session = codes_of(answers, ("worker", "session"))
    order = answers.groupby(session).cumcount()
    given = answers["trial"]
    return given.where(given >= 0, order).astype("int64")
