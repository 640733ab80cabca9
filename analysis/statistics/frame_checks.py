"""Checks of frames that functions are given, in words that name rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError

_EXAMPLES: Final = 3

FloatArray = npt.NDArray[np.float64]


def check_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame without these columns, or with nothing in some of their cells.

    Raises:
        AnalysisError: Naming the missing columns, or the rows with empty cells.

    >>> check_columns(pd.DataFrame({"vote": [1]}), ["vote", "worker"])
    Traceback (most recent call last):
    analysis.errors.AnalysisError: column worker missing; the frame has vote
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        had = ", ".join(map(str, frame.columns)) or "no columns"
        raise AnalysisError(f"column {', '.join(missing)} missing; the frame has {had}")
    for name in columns:
        empty = frame[name].isna()
        if empty.any():
            raise AnalysisError(
                f"column {name} is empty in {rows_where(empty)}: leave those rows out "
                "and say how many"
            )


def check_once(frame: pd.DataFrame, columns: Sequence[str], *, what: str) -> None:
    """Refuse a frame in which the same values of these columns come back.

    Args:
        frame: The frame.
        columns: What together may occur once only.
        what: What happened, for the message ("somebody voted twice on a trial").

    Raises:
        AnalysisError: Naming the rows and the values of the first.

    >>> twice = pd.DataFrame({"worker": ["a", "a"], "task": ["x", "x"]})
    >>> check_once(twice, ["worker", "task"], what="a worker answered a task twice")
    Traceback (most recent call last):
    analysis.errors.AnalysisError: a worker answered a task twice: row 2 (worker a, \
task x) came before; keep one of them
    """
    twice = frame.duplicated(list(columns))
    if not twice.any():
        return
    first = frame.loc[twice.to_numpy()].iloc[0]
    values = ", ".join(f"{name} {first[name]}" for name in columns)
    raise AnalysisError(
        f"{what}: {rows_where(twice)} ({values}) came before; keep one of them"
    )


def numbers_of(frame: pd.DataFrame, column: str) -> FloatArray:
    """The column as finite floats; booleans become 0 and 1.

    Raises:
        AnalysisError: Naming the rows that hold no finite number.

    >>> numbers_of(pd.DataFrame({"right": [True, False]}), "right").tolist()
    [1.0, 0.0]
    """
    check_columns(frame, [column])
    values = pd.to_numeric(frame[column], errors="coerce").astype(float)
    bad = pd.Series(~np.isfinite(values.to_numpy(dtype=float)))
    if bad.any():
        came = str(frame[column].iloc[int(bad.to_numpy().argmax())])[:40]
        raise AnalysisError(
            f"column {column} must hold finite numbers, got {came!r} in "
            f"{rows_where(bad)}"
        )
    return np.asarray(values, dtype=float)


def check_binary(values: FloatArray, column: str) -> None:
    """Refuse values other than 0 and 1.

    Raises:
        AnalysisError: Naming the rows.
    """
    bad = pd.Series((values != 0) & (values != 1))
    if bad.any():
        came = values[int(bad.to_numpy().argmax())]
        raise AnalysisError(
            f"column {column} must hold 0 and 1 (or false and true), got {came:g} in "
            f"{rows_where(bad)}"
        )


def check_votes(
    votes: pd.DataFrame, *, of: str = "trial", accepts: str = "accepts"
) -> None:
    """Refuse votes of which somebody, something or the answer is not known.

    Args:
        votes: One row per vote; also has a column participant.
        of: Column that names what was voted on.
        accepts: Column of booleans, or 0 and 1.

    Raises:
        AnalysisError: Naming missing columns, or the rows with empty cells or other
            answers.

    >>> check_votes(pd.DataFrame({
    ...     "trial": ["t"], "participant": ["p"], "accepts": [float("nan")]}))
    Traceback (most recent call last):
    analysis.errors.AnalysisError: column accepts is empty in row 1: leave those rows \
out and say how many
    """
    check_columns(votes, [of, "participant", accepts])
    if votes[accepts].dtype != bool and len(votes):
        check_binary(numbers_of(votes, accepts), accepts)


def rows_where(bad: pd.Series) -> str:
    """Rows by number (counted from 1, header left out), the first few named.

    >>> rows_where(pd.Series([False, True, False, True, True, True]))
    'rows 2, 4, 5 and 1 more'
    """
    rows = [str(number + 1) for number in bad.to_numpy().nonzero()[0]]
    more = f" and {len(rows) - _EXAMPLES} more" if len(rows) > _EXAMPLES else ""
    plural = "rows" if len(rows) > 1 else "row"
    return f"{plural} {', '.join(rows[:_EXAMPLES])}{more}"
