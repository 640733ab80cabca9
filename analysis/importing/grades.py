"""Responses that somebody graded: right or wrong, and nothing about a vote."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from analysis.importing.base import BadRows, shown_values

WORDS: Final[Mapping[str, bool]] = MappingProxyType(
    {
        **dict.fromkeys(("1", "true", "t", "yes", "y", "right", "correct"), True),
        **dict.fromkeys(("0", "false", "f", "no", "n", "wrong", "incorrect"), False),
    }
)
RIGHT, WRONG = "right", "wrong"


def read_grades(frame: pd.DataFrame, *, bad: BadRows) -> pd.Series:
    """Whether each response was graded right; empty where the cell is.

    Args:
        frame: Columns is_right (text) and row.
        bad: Takes cells that are no grade.
    """
    text = _plain(frame["is_right"])
    found = text.map(WORDS).astype("boolean")
    is_strange = (text != "") & found.isna()
    what = (
        f"expected a grade such as {', '.join(WORDS)}, "
        f"got {shown_values(frame['is_right'][is_strange])}"
    )
    bad.add("is_right", frame["row"][is_strange], what=what)
    return found


def graded(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, its responses "right" and "wrong" where only grades are known.

    >>> frame = pd.DataFrame({"is_right": ["1", "no"], "response": ["1", "no"]})
    >>> graded(frame)["response"].to_list()
    ['right', 'wrong']
    """
    text = _plain(frame["is_right"])
    words = text.map(WORDS).map({True: RIGHT, False: WRONG})
    return frame.assign(response=words.fillna(frame["response"]).astype("str"))


def _plain(text: pd.Series) -> pd.Series:
    """Lower case; whole numbers that were written with a point are whole again."""
    return (
        text.str.strip().str.casefold().str.replace(r"^([01])\.0+$", r"\1", regex=True)
    )
