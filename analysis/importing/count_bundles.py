"""Counts without raters as a bundle: trials and counts, and nobody made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.bundles.frames import Problems
from analysis.bundles.reading import Bundle
from analysis.importing.base import ImportOptions, RawResponses, add_rows, refuse
from analysis.importing.checked_responses import TRIAL, codes_of, plain, votes_by_word
from analysis.importing.declared_responses import declared_questions
from analysis.importing.response_bundles import (
    ImportedFile,
    as_in_schema,
    classes_of,
    head_of,
    origin_of,
    trials_of,
)

MISSING: Final = (
    "counts only: who responded is not in the file, so what needs people (intervals for "
    "other people, people's agreement in pairs, exclusions, Dawid and Skene's model, the "
    "first n) cannot be had"
)


def count_bundle(
    found: Sequence[RawResponses],
    options: ImportOptions,
    *,
    folder: Path,
    notes: Sequence[str],
    problems: Problems,
) -> Bundle:
    """The bundle of files that say how many people gave each answer.

    Its tables of sessions and responses are empty; `Bundle.counts` holds the counts.

    Raises:
        ImportRefusedError: Naming every problem of every file.
    """
    names = [raw.file for raw in found]
    answers = _answers(found, problems=problems)
    _refuse_repeats(answers, problems=problems)
    _refuse_unnamed(answers, options, problems=problems)
    if answers.empty:
        problems.add("nobody gave any answer: every count is 0")
    refuse(problems, names)
    trial = codes_of(answers, TRIAL)
    trials = trials_of(answers, trial, options)
    counts = pd.DataFrame(
        {
            "trial": trials["trial"].to_numpy()[trial],
            "value": answers["value"].astype(str),
            "n": answers["n"],
        }
    )
    head = _head(trials, counts, options)
    files = [
        ImportedFile(
            name=raw.file, n_rows=int(raw.frame["n"].sum()), left_out=raw.left_out
        )
        for raw in found
    ]
    head["imported"] = {
        **origin_of(options, files, format_name="counts"),
        "has_raters": False,
        "notes": [*notes, MISSING],
    }
    return Bundle(folder=folder, head=head, counts=counts, **_tables(answers, trials))


def _answers(found: Sequence[RawResponses], *, problems: Problems) -> pd.DataFrame:
    """Columns of a trial (categories), key, value, n, row, file."""
    parts = []
    for raw in found:
        frame = raw.frame.assign(file=raw.file, value=raw.frame["response"].str.strip())
        for name in (*TRIAL, "key"):
            frame[name] = frame[name].str.strip() if name in frame else ""
        for name in ("stimulus", "value"):
            empty = frame["row"][frame[name] == ""]
            add_rows(problems, f"{raw.file}, {name}", empty, what="empty")
        parts.append(frame[[*TRIAL, "key", "value", "n", "row", "file"]])
    answers = pd.concat(parts, ignore_index=True)
    texts = [*TRIAL, "key", "value"]
    return answers.astype(dict.fromkeys(texts, "category"))


def _refuse_repeats(answers: pd.DataFrame, *, problems: Problems) -> None:
    again = answers.duplicated([*TRIAL, "value"])
    for file, rows in answers[again].groupby("file"):
        what = "this answer to this image was counted before"
        add_rows(problems, str(file), rows["row"].drop_duplicates(), what=what)
    keys = answers.groupby(list(TRIAL), observed=True)["key"].transform("nunique")
    for file, rows in answers[keys > 1].groupby("file"):
        numbers = rows["row"].drop_duplicates()
        add_rows(problems, str(file), numbers, what="the trial has several keys")


def _refuse_unnamed(
    answers: pd.DataFrame, options: ImportOptions, *, problems: Problems
) -> None:
    if not options.has_votes:
        return
    words = votes_by_word(options)
    strange = [
        each for each in answers["value"].cat.categories if plain(each) not in words
    ]
    if strange:
        problems.add(
            f"answers {', '.join(map(repr, strange[:5]))}: expected {', '.join(words)} "
            "(--yes, --no, --other)"
        )


def _head(
    trials: pd.DataFrame, counts: pd.DataFrame, options: ImportOptions
) -> dict[str, Any]:
    most = int(counts.groupby("trial")["n"].sum().max())
    n = options.n or most
    head = head_of(
        replace(options, classifier=""),
        n=n,
        k=options.k or n // 2 + 1,
        n_trials=len(trials),
        n_people=0,
    )
    head["flow"] = {}
    graded = counts["trial"].map(trials.set_index("trial")["key"]) != ""
    said = counts.assign(is_right=np.where(graded, 1.0, np.nan))
    head["questions"] = declared_questions(trials, said, options)
    return head


def _tables(answers: pd.DataFrame, trials: pd.DataFrame) -> dict[str, pd.DataFrame]:
    nothing = pd.DataFrame(index=pd.RangeIndex(0))
    empty = ("stimuli", "uses", "sessions", "responses", "survey", "audit")
    frames = {
        **dict.fromkeys(empty, nothing),
        "classes": classes_of(answers),
        "trials": trials,
    }
    return {name: as_in_schema(name, frame) for name, frame in frames.items()}
