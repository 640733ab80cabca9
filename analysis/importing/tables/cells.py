"""Cells that cannot be what was meant: found before anything is made of them."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from analysis.importing.base import BadRows, shown_values
from stimuli.files.tables import LOST, LOST_WORDS, SHORTENED, SHORTENED_WORDS

_SHORTENED: Final = rf"^\s*{SHORTENED}\s*$"


def sound_cells(frame: pd.DataFrame, *, bad: BadRows) -> pd.DataFrame:
    """The frame in one Unicode form, without rows of which something was lost.

    Args:
        frame: Text columns, indexed by row.
        bad: Takes rows with ids that a spreadsheet shortened, and with letters that
            an encoding lacked.

    >>> from analysis.bundles.frames import Problems
    >>> from analysis.importing.base import ImportOptions
    >>> frame = pd.DataFrame({"worker": ["ann", "5.61E+23"]}, index=[1, 2], dtype="str")
    >>> problems = Problems()
    >>> bad = BadRows("votes.csv", ImportOptions(bad_rows="report"), problems=problems)
    >>> sound_cells(frame, bad=bad)["worker"].to_list()
    ['ann']
    """
    rows = pd.Series(frame.index, index=frame.index)
    for name in frame:
        for pattern, words in ((LOST, LOST_WORDS), (_SHORTENED, SHORTENED_WORDS)):
            is_bad = _matches(frame[name], pattern)
            if is_bad is not None:
                what = f"{shown_values(frame[name][is_bad])} {words}"
                bad.add(str(name), rows[is_bad], what=what)
    composed = {name: in_one_form(frame[name]) for name in frame}
    return bad.without(pd.DataFrame(composed, index=frame.index))


def _matches(column: pd.Series, pattern: str) -> pd.Series | None:
    """Where the pattern is found; None where it is nowhere, which costs little."""
    import pyarrow.compute as pc

    cells = _arrow(column)
    # Few columns have either, and a million rows are read at once.
    hint = "+" if pattern == _SHORTENED else pattern
    if not pc.any(pc.match_substring(cells, hint)).as_py():
        return None
    found = pc.match_substring_regex(cells, pattern).to_pandas().fillna(False)
    is_there = pd.Series(found.to_numpy(dtype=bool), index=column.index)
    return is_there if is_there.any() else None


def in_one_form(column: pd.Series) -> pd.Series:
    """Equal letters as equal bytes (Unicode's composed form)."""
    import pyarrow.compute as pc

    cells = _arrow(column)
    if pc.all(pc.string_is_ascii(cells)).as_py() in (True, None):
        return column
    composed = pc.utf8_normalize(cells, form="NFC").to_pandas()
    return pd.Series(composed.to_numpy(dtype=object), index=column.index, dtype="str")


def _arrow(column: pd.Series) -> Any:  # noqa: ANN401 - pyarrow's arrays
    import pyarrow as pa

    return pa.chunked_array(pa.array(column, type=pa.string()))
