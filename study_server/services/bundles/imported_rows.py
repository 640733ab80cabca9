"""From checked answers to rows of the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.importing.base import ImportRefusedError
from analysis.importing.checked_responses import TRIAL, codes_of
from analysis.importing.response_bundles import trial_ids
from study_server.recruiters.registry import id_rule_of
from study_server.services import Services
from study_server.store import Transaction, imports

_EXAMPLES: Final = 3
_COLUMNS: Final = (
    "imported_file_id",
    "imported_trial_id",
    "participant_id",
    "imported_session_id",
    "value",
    "accepts",
    "is_right",
    "rt_ms",
    "position",
    "received_at",
)


@dataclass(frozen=True, kw_only=True)
class ImportedRows:
    """Checked answers on their way into the database.

    Attributes:
        study_id: The imported study's row.
        issuer: Who named the workers.
        answers: As `analysis.importing.read_responses` gives them.
        file_ids: File name to its row.
    """

    study_id: int
    issuer: str
    answers: pd.DataFrame
    file_ids: Mapping[str, int]


def store_answers(services: Services, tx: Transaction, rows: ImportedRows) -> None:
    """Add people, trials, sessions and responses.

    Raises:
        ImportRefusedError: If somebody responded to a trial in an earlier file.
    """
    answers = rows.answers
    people = _people(services, tx, rows)
    trials = _trials(tx, rows)
    _refuse_repeats(tx, rows, people=people, trials=trials)
    sessions = _sessions(services, tx, rows, people=people)
    files = answers["file"].astype("str").map(rows.file_ids)
    imports.add_responses(
        tx,
        _responses(answers, files.tolist(), trials.tolist(), people.tolist(), sessions),
    )


def _people(services: Services, tx: Transaction, rows: ImportedRows) -> np.ndarray:
    """Each answer's participant; those nobody named so before are added."""
    workers = rows.answers["worker"].cat
    rule = id_rule_of(rows.issuer)
    names = [rule.normal(str(name)) for name in workers.categories]
    if n_same := len(names) - len(set(names)):
        raise ImportRefusedError(
            f"{n_same} workers are there more than once, written in different ways "
            "(characters without width, wide digits, or capital letters of a "
            "hexadecimal number): write each id one way"
        )
    found = imports.workers_of(tx, rows.issuer, names)
    now = services.clock()
    new = [
        {"external_id": name, "public_id": services.new_token(), "created_at": now}
        for name in names
        if name not in found
    ]
    found |= imports.add_workers(tx, rows.issuer, new)
    ids = np.array([found[name] for name in names], dtype=np.int64)
    return ids[workers.codes.to_numpy()]


def _trials(tx: Transaction, rows: ImportedRows) -> np.ndarray:
    """Each answer's trial; new ones are added."""
    answers = rows.answers
    code = codes_of(answers, TRIAL)
    first = ~pd.Series(code).duplicated().to_numpy()
    found = answers.loc[first, [*TRIAL, "key", "image_columns"]].astype("str")
    said = [json.loads(text or "{}") for text in found["image_columns"]]
    found = found.assign(trial_id=trial_ids(found), image_columns=said)
    known = imports.trial_keys(tx, rows.study_id)
    new = found[~found["trial_id"].isin(known)]
    names = (*found.columns, "imported_study_id")
    imports.add_trials(
        tx,
        (
            dict(zip(names, (*row, rows.study_id), strict=True))
            for row in new.itertuples(index=False, name=None)
        ),
    )
    known = imports.trial_keys(tx, rows.study_id)
    ids = np.array([known[name] for name in found["trial_id"]], dtype=np.int64)
    trials: np.ndarray = ids[code]
    return trials


def _sessions(
    services: Services, tx: Transaction, rows: ImportedRows, *, people: np.ndarray
) -> list[int]:
    """Each answer's session: one per worker, visit and file."""
    answers = rows.answers
    code = codes_of(answers, ("file", "worker", "session"))
    first = ~pd.Series(code).duplicated().to_numpy()
    tokens = [services.new_token() for _ in range(int(first.sum()))]
    durations = answers.loc[first, "session_s"]
    found = zip(tokens, people[first].tolist(), durations, strict=True)
    imports.add_sessions(
        tx,
        (
            {
                "imported_study_id": rows.study_id,
                "participant_id": participant,
                "public_id": token,
                "duration_s": None if np.isnan(duration) else float(duration),
            }
            for token, participant, duration in found
        ),
    )
    keys = imports.session_keys(tx, rows.study_id)
    ids = np.array([keys[token] for token in tokens], dtype=np.int64)
    return [int(number) for number in ids[code]]


def _refuse_repeats(
    tx: Transaction, rows: ImportedRows, *, people: np.ndarray, trials: np.ndarray
) -> None:
    before = imports.responded(tx, rows.study_id)
    if not before:
        return
    pairs = zip(trials.tolist(), people.tolist(), strict=True)
    again = np.array([pair in before for pair in pairs])
    if not again.any():
        return
    found = rows.answers[again]
    shown = ", ".join(
        f"{file} row {row}"
        for file, row in zip(
            found["file"][:_EXAMPLES], found["row"][:_EXAMPLES], strict=True
        )
    )
    more = f" and {len(found) - _EXAMPLES:,} more" if len(found) > _EXAMPLES else ""
    raise ImportRefusedError(
        f"{shown}{more}: this worker responded to this trial in a file imported "
        "earlier; leave such rows out. Nothing was imported."
    )


def _responses(
    answers: pd.DataFrame,
    files: list[int],
    trials: list[int],
    people: list[int],
    sessions: list[int],
) -> Iterator[dict[str, Any]]:
    times = answers["received_at"]
    received = [None] * len(answers) if times.isna().all() else _times(times)
    found = zip(
        files,
        trials,
        people,
        sessions,
        answers["value"].astype(object),
        _nullable(answers["accepts"]),
        _nullable(answers["is_right"]),
        _nullable(answers["rt_ms"]),
        answers["trial"].tolist(),
        received,
        strict=True,
    )
    for row in found:
        yield dict(zip(_COLUMNS, row, strict=True))


def _nullable(column: pd.Series) -> list[Any]:
    """Values, None where there is none."""
    return column.astype(object).where(column.notna(), None).tolist()


def _times(column: pd.Series) -> list[Any]:
    return [None if time is pd.NaT else time.to_pydatetime() for time in column]
