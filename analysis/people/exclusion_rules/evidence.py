"""What rules look at: one row per response, one row per session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RESPONSE_COLUMNS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "response": "",
        "session": "",
        "participant": "",
        "trial": "",
        "role": "main",
        "control": "",
        "position": 0,
        "answer": "",
        "laid_out": "",
        "is_given": True,
        "is_right": np.nan,
        "rt_ms": np.nan,
        "wall_ms": np.nan,
        "visible_ms": np.nan,
        "missed_frames": np.nan,
        "n_display_failures": 0,
    }
)
SESSION_COLUMNS: Final[Mapping[str, Any]] = MappingProxyType(
    {"session": "", "duration_s": np.nan, "n_trials": np.nan}
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Sessions and what was done in them, practice left out.

    Attributes:
        responses: One row per trial with a response, in the order of acceptance.
            Columns response, session, participant, trial; role (main, catch,
            control), control (known_yes, known_no, …), position (from 0), answer
            (text; only whether two are the same matters), laid_out (the same as it
            lay on the page, "" where nothing was shuffled), is_given (False: the
            image failed to show), is_right (1, 0, NaN without a key), rt_ms,
            wall_ms, visible_ms (NaN: unknown), missed_frames (by which a picture's
            exposure missed; NaN: it stayed until the response), n_display_failures.
        sessions: Columns session, duration_s, n_trials (handed out; NaN:
            unknown). Every session of `responses`, each once.
        response_reasons: Rules that each response breaks by itself, "" for none;
            index of `responses`.
    """

    responses: pd.DataFrame
    sessions: pd.DataFrame
    response_reasons: pd.Series

    @cached_property
    def place(self) -> npt.NDArray[np.int64]:
        """Row of each response's session in `sessions`."""
        index = pd.Index(self.sessions["session"])
        return np.asarray(index.get_indexer(self.responses["session"]), dtype=np.int64)

    @cached_property
    def is_given(self) -> Flags:
        """Whether each response holds anything."""
        return self.responses["is_given"].to_numpy(dtype=bool)

    def numbers(self, column: str) -> Numbers:
        """A column of `responses` as floats."""
        return self.responses[column].to_numpy(dtype=float)

    def total(self, values: npt.ArrayLike) -> Numbers:
        """Sum of `values` (one per response) over each session."""
        weights = np.asarray(values, dtype=float)
        n = len(self.sessions)
        summed = np.bincount(self.place, weights=weights, minlength=n)[:n]
        return np.asarray(summed, dtype=float)


def make_evidence(responses: pd.DataFrame, sessions: pd.DataFrame) -> Evidence:
    """Evidence with the columns that are missing filled in as unknown.

    Raises:
        ValueError: If a session is there twice, or a response's is not there.

    >>> responses = pd.DataFrame({"session": ["a", "a"], "answer": ["yes", "no"]})
    >>> evidence = make_evidence(responses, pd.DataFrame({"session": ["a"]}))
    >>> evidence.total(evidence.is_given)
    array([2.])
    """
    if (twice := sessions["session"].duplicated()).any():
        raise ValueError(f"session {sessions['session'][twice].iloc[0]} is there twice")
    unknown = ~responses["session"].isin(sessions["session"])
    if unknown.any():
        raise ValueError(
            f"{int(unknown.sum())} responses belong to sessions that are not there, "
            f"for example {responses['session'][unknown].iloc[0]}"
        )
    return Evidence(
        responses=_filled(responses, RESPONSE_COLUMNS),
        sessions=_filled(sessions, SESSION_COLUMNS),
        response_reasons=pd.Series("", index=responses.index, dtype=object),
    )


def _filled(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    missing = {name: value for name, value in columns.items() if name not in frame}
    return frame.assign(**missing)[list(columns)]
