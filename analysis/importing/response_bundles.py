"""From checked responses to the frames of a bundle, so that every measure runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.bundles.frames import Problems, shared_text
from analysis.bundles.reading import Bundle
from analysis.bundles.schema import SCHEMA_VERSION, TABLES, ColumnSchema
from analysis.importing.base import ImportOptions, ImportRefusedError, RowsLeftOut
from analysis.importing.checked_responses import TRIAL, codes_of
from analysis.importing.declared_responses import FIELD, declared_questions
from analysis.importing.levels import levels_of_conditions
from analysis.importing.pseudonyms import pseudonyms

PARADIGM: Final = "imported"
ENVIRONMENT: Final = "imported"
QUESTION: Final = "response"
_KINDS: Final[Mapping[str, str]] = {
    "text": "object",
    "json": "object",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "time": "datetime64[us, UTC]",
}
_NOTHING: Final[Mapping[str, Any]] = {
    "object": "",
    "Int64": pd.NA,
    "float64": np.nan,
    "boolean": pd.NA,
    "datetime64[us, UTC]": pd.NaT,
}


@dataclass(frozen=True, kw_only=True)
class ImportedFile:
    """One file of an imported study.

    Attributes:
        name: Without its folder.
        n_rows: Responses it gave.
        left_out: Rows of it that were left out.
    """

    name: str
    n_rows: int
    left_out: tuple[RowsLeftOut, ...] = ()


def assemble(
    answers: pd.DataFrame,
    options: ImportOptions,
    *,
    format_name: str,
    files: Sequence[ImportedFile],
    folder: Path,
    observed: pd.DataFrame | None = None,
) -> Bundle:
    """A bundle of responses that were collected elsewhere.

    Args:
        answers: As `checked_responses.check_responses` gives them, the columns worker and
            session already holding our own random names or pseudonyms.
        options: What was said of the files.
        format_name: How they were read.
        files: Where they came from.
        folder: Where the bundle says it lies; need not exist.
        observed: The same of observers, under the names that they have.
    """
    everybody = answers if observed is None else pd.concat([answers, observed])
    every_trial = codes_of(everybody, TRIAL)
    trials = as_in_schema("trials", trials_of(everybody, every_trial, options))
    trial = every_trial[: len(answers)]
    most = int(np.bincount(trial).max(initial=1))
    n = options.n or most
    k = options.k or n // 2 + 1
    _refuse_k(k, n=n, most=most)
    nothing = pd.DataFrame(index=pd.RangeIndex(0))
    frames = {
        **dict.fromkeys(("stimuli", "survey", "audit"), nothing),
        "classes": classes_of(everybody),
        "trials": trials,
        "uses": _uses(trials, options),
        "sessions": _sessions(answers),
        "responses": _responses(answers, trial, trials["trial"], n=n),
        "image_columns": _image_columns(everybody),
        "observations": _observations(
            everybody.iloc[len(answers) :],
            trials["trial"].to_numpy()[every_trial[len(answers) :]],
        ),
    }
    shaped = {name: as_in_schema(name, frame) for name, frame in frames.items()}
    n_people = int(answers["worker"].nunique())
    head = head_of(options, n=n, k=k, n_trials=len(trials), n_people=n_people)
    said = _said(everybody, trials["trial"].to_numpy()[every_trial])
    head["questions"] = declared_questions(trials, said, options)
    head |= _told(shaped["observations"], everybody, options)
    head["imported"] = origin_of(options, files, format_name=format_name)
    return Bundle(folder=folder, head=head, **shaped)


def _refuse_k(k: int, *, n: int, most: int) -> None:
    if k > n:
        raise ImportRefusedError(
            f"--k {k}: expected at most n = {n} ({most} responses is the most that any "
            "trial has; --n says how many count)"
        )


def origin_of(
    options: ImportOptions, files: Sequence[ImportedFile], *, format_name: str
) -> dict[str, Any]:
    """What the head says of where the responses came from."""
    return {
        "format": format_name,
        "files": [{"name": file.name, "n_rows": file.n_rows} for file in files],
        "left_out": [asdict(each) for file in files for each in file.left_out],
        "columns": dict(options.columns),
        "where": list(options.where),
        "yes": list(options.yes),
        "no": list(options.no),
        "other": list(options.other),
    }


def rename_people(answers: pd.DataFrame, *, key: bytes) -> pd.DataFrame:
    """The answers with keyed pseudonyms in place of workers and sessions."""
    worker = answers["worker"].cat
    visit = codes_of(answers, ("worker", "session"))
    first = answers.loc[~pd.Series(visit).duplicated().to_numpy()]
    visits = first["worker"].astype("str") + "\x1f" + first["session"].astype("str")
    people = pseudonyms(list(worker.categories), key=key, prefix="p")
    sessions = pseudonyms(list(visits), key=key, prefix="s")
    return answers.assign(
        worker=_named(worker.codes.to_numpy(), people),
        session=_named(visit, sessions),
    )


def _named(codes: np.ndarray, names: pd.Series) -> pd.Categorical:
    """The name of each row's number, as categories."""
    return pd.Categorical(names.astype("str").array.take(codes))


def trial_ids(trials: pd.DataFrame) -> list[str]:
    """Names of trials that follow from what they are: 128 bits of SHA-256, hex."""
    # Arrow's text gives its cells one by one slowly.
    rows = zip(*(trials[name].astype(object) for name in TRIAL), strict=True)
    return [hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:32] for row in rows]


def trials_of(
    answers: pd.DataFrame, trial: np.ndarray, options: ImportOptions
) -> pd.DataFrame:
    """One row per distinct trial, in the order of first appearance.

    >>> cells = {name: ["x"] for name in (*TRIAL, "key")}
    >>> answers = pd.DataFrame(cells).astype("category")
    >>> trials_of(answers, np.array([0]), ImportOptions())["slots"].to_list()
    ['{"target": "x"}']
    """
    first = ~pd.Series(trial).duplicated().to_numpy()
    found = answers.loc[first, [*TRIAL, "key"]].astype("str").reset_index(drop=True)
    stimulus = found["stimulus"].astype(object)
    question = found["question"].mask(
        found["question"] == "", options.question or QUESTION
    )
    return pd.DataFrame(
        {
            "trial": trial_ids(found),
            "question": question,
            "role": "main",
            "condition": found["condition"],
            "classes": found["category"],
            "sources": [hashlib.sha256(name.encode()).hexdigest() for name in stimulus],
            "slots": [json.dumps({"target": name}) for name in stimulus],
            "key": [json.dumps({FIELD: key}) if key else "" for key in found["key"]],
        }
    )


def classes_of(answers: pd.DataFrame) -> pd.DataFrame:
    """The categories asked about; each is its own name.

    >>> classes_of(pd.DataFrame({"category": ["cat", ""]}))["name"].to_list()
    ['cat']
    """
    names = sorted(str(name) for name in answers["category"].unique() if name)
    return pd.DataFrame({"class": names, "name": names}, dtype=object)


def _image_columns(answers: pd.DataFrame) -> pd.DataFrame:
    """What the file says of each stimulus, a row per column."""
    said = answers[["stimulus", "image_columns"]].drop_duplicates().astype("str")
    rows = [
        (hashlib.sha256(stimulus.encode()).hexdigest(), name, value)
        for stimulus, text in said.itertuples(index=False, name=None)
        if text
        for name, value in json.loads(text).items()
    ]
    return pd.DataFrame(rows, columns=["source_sha256", "column", "value"])


def _uses(trials: pd.DataFrame, options: ImportOptions) -> pd.DataFrame:
    """Every trial as an error of the classifier named, if one was."""
    if not options.classifier:
        return pd.DataFrame(index=pd.RangeIndex(0))
    return pd.DataFrame(
        {
            "trial": trials["trial"],
            "classifier": options.classifier,
            "shows": "top1",
            "source_sha256": trials["sources"],
            "predicted": trials["classes"],
        }
    )


def _sessions(answers: pd.DataFrame) -> pd.DataFrame:
    grouped = answers.groupby("session", sort=False, observed=True)
    per = grouped.agg(
        participant=("worker", "first"),
        condition=("condition", "first"),
        n_conditions=("condition", "nunique"),
        started_at=("received_at", "min"),
        completed_at=("received_at", "max"),
        duration_s=("session_s", "first"),
        n_responses=("trial", "size"),
    ).reset_index()
    per["condition"] = per["condition"].astype("str").mask(per["n_conditions"] > 1, "")
    per["participant"] = per["participant"].astype("str")
    per["block_number"] = per.groupby("participant").cumcount() + 1
    return per.assign(
        recruiter="import",
        environment=ENVIRONMENT,
        is_simulated=False,
        state="completed",
        is_valid=True,
        n_catch=0,
        n_catch_right=0,
        n_display_failures=0,
        # What a file does not hold was not done: nobody left in the middle.
        n_trials=per["n_responses"],
    )


def _responses(
    answers: pd.DataFrame, trial: np.ndarray, trials: pd.Series, *, n: int
) -> pd.DataFrame:
    """Responses by time, where every one has a time, else in the order of the files.

    Args:
        answers: As `assemble` takes them.
        trial: The number of each one's trial.
        trials: The trials' ids, by number.
        n: Responses of a trial that count.
    """
    frame = pd.DataFrame(
        {
            "number": trial,
            "session": answers["session"],
            "participant": answers["worker"],
            "trial": pd.Series(
                trials.to_numpy()[trial], index=answers.index, dtype=object
            ),
            "field": pd.Series(FIELD, index=answers.index, dtype=object),
            "value": answers["value"],
            "rt_ms": answers["rt_ms"],
            "position": answers["trial"],
            "received_at": answers["received_at"],
            "is_valid": True,
            "is_right": answers["is_right"],
            "accepts": answers["accepts"],
            "n_display_failures": 0,
        }
    )
    if frame["received_at"].notna().all():
        frame = frame.sort_values("received_at", kind="stable", ignore_index=True)
    frame["response"] = [str(number) for number in range(1, len(frame) + 1)]
    rank = frame.groupby("number", sort=False).cumcount() + 1
    return frame.assign(acceptance_order=rank, is_counted=rank <= n)


def _said(answers: pd.DataFrame, trials: np.ndarray) -> pd.DataFrame:
    """Columns trial, value, is_right: what people and observers responded."""
    return pd.DataFrame(
        {
            "trial": trials,
            "value": answers["value"].astype("str").to_numpy(),
            "is_right": answers["is_right"].to_numpy(),
        }
    )


def _observations(observed: pd.DataFrame, trials: np.ndarray) -> pd.DataFrame:
    """One response of an observer to a trial each."""
    return pd.DataFrame(
        {
            "observer": observed["worker"].astype("str").to_numpy(),
            "trial": trials,
            "repeat": 0,
            "field": FIELD,
            "value": observed["value"].astype("str").to_numpy(),
        }
    )


def _told(
    observations: pd.DataFrame, answers: pd.DataFrame, options: ImportOptions
) -> dict[str, Any]:
    """What the head says of observers and of levels, where there are any."""
    names = list(dict.fromkeys(observations["observer"]))
    found: dict[str, Any] = {}
    if names:
        found["observers"] = [{"name": each, "kind": ENVIRONMENT} for each in names]
    if levels := levels_of_conditions(answers, options, problems=Problems()):
        found["levels"] = levels
    return found


def as_in_schema(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of the schema in their types; empty where the import has none.

    >>> list(as_in_schema("audit", pd.DataFrame({"trial": ["t"], "accepts": [True]})))
    ['trial', 'accepts', 'at']
    """
    columns = TABLES[name].columns
    missing = {_kind(column) for each, column in columns.items() if each not in frame}
    # A million rows of nothing once for each type, not for each column: pandas copies
    # the one column that is written to.
    nothing = {kind: _nothing(kind, frame.index) for kind in missing}
    filled = {
        each: _in_type(frame[each], _kind(column))
        if each in frame
        else nothing[_kind(column)]
        for each, column in columns.items()
    }
    return pd.DataFrame(filled, index=frame.index, copy=False)


def _kind(column: ColumnSchema) -> str:
    if not column.may_be_empty and column.type in ("integer", "boolean"):
        return "int64" if column.type == "integer" else "bool"
    return _KINDS[column.type]


def _in_type(column: pd.Series, kind: str) -> pd.Series:
    if kind == "object":
        return shared_text(column)
    typed: pd.Series = column.astype(pd.api.types.pandas_dtype(kind))
    return typed


def _nothing(kind: str, index: pd.Index) -> pd.Series:
    return pd.Series(_NOTHING.get(kind, pd.NA), index=index, dtype=kind)


def head_of(
    options: ImportOptions, *, n: int, k: int, n_trials: int, n_people: int
) -> dict[str, Any]:
    """What `bundle.json` says, without the questions and the origin."""
    classifiers = []
    if options.classifier:
        counts = {"n_seen": options.n_images, "n_top1_wrong": n_trials}
        classifiers = [{"name": options.classifier, **counts, "n_top5_wrong": 0}]
    return {
        "schema_version": SCHEMA_VERSION,
        "study": {
            "name": options.name,
            "title": options.title or options.name,
            "paradigm": PARADIGM,
            "state": ENVIRONMENT,
        },
        "environment": ENVIRONMENT,
        "is_simulated": False,
        "design": {"responses_per_trial": n, "agreement": k},
        "quality": {},
        "hypotheses": [],
        "cluster": list(options.cluster),
        "shows": "top1" if options.classifier else None,
        "ask": None,
        "stimuli": {
            "kind": "misclassified" if options.classifier else ENVIRONMENT,
            "classifiers": classifiers,
        },
        # Who arrived, agreed or left is not in such files.
        "flow": {"completed": n_people, "valid": n_people},
        "files": {},
    }
