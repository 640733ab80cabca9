"""Times of others' files: with a zone each, or none of them."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import BadRows, add_rows, shown_values

# The zones that the old requester site and its tools wrote.
_ZONES: Final = {
    "PST": "-08:00",
    "PDT": "-07:00",
    "MST": "-07:00",
    "MDT": "-06:00",
    "CST": "-06:00",
    "CDT": "-05:00",
    "EST": "-05:00",
    "EDT": "-04:00",
    "UTC": "+00:00",
    "GMT": "+00:00",
    "Z": "+00:00",
}
# Tue Nov 22 07:49:30 PST 2016
_UNIX: Final = r"^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) ([\d:]{8}) ([A-Z]+) (\d{4})$"
_HAS_OFFSET: Final = r"(?:Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
_HAS_NAME: Final = r" ([A-Z]{3,4})$"


def read_times(
    raw: pd.DataFrame,
    *,
    file: str,
    time_zone: str | None,
    bad: BadRows,
    problems: Problems,
) -> pd.Series:
    """Aware times in UTC, NaT where a cell is empty.

    Args:
        raw: Columns time (text) and row.
        file: Its name, for problems.
        time_zone: Of times that carry none.
        bad: Takes rows that are no times.
        problems: Takes rows without a zone.
    """
    text = _iso(raw["time"].str.strip())
    is_given = text != ""
    # Not only "has a sign after a T": a bare date ends in -01 like an offset.
    has_zone = text.str.contains(_HAS_OFFSET) & text.str.contains(":", regex=False)
    aware = pd.to_datetime(
        text.where(has_zone), utc=True, errors="coerce", format="ISO8601"
    )
    naive = pd.to_datetime(
        text.where(is_given & ~has_zone), errors="coerce", format="ISO8601"
    )
    where = f"{file}, time"
    is_bad = is_given & aware.isna() & naive.isna()
    came = shown_values(text[is_bad])
    what = f"expected a time such as 2016-11-22T07:49:30Z, got {came}"
    bad.add("time", raw["row"][is_bad], what=what)
    if not naive.notna().any():
        return aware
    placed = _placed(naive, raw["row"], where=where, zone=time_zone, problems=problems)
    return aware.fillna(placed)


def _placed(
    naive: pd.Series,
    rows: pd.Series,
    *,
    where: str,
    zone: str | None,
    problems: Problems,
) -> pd.Series:
    """Naive times in the zone said for them; a problem where none was."""
    nothing = pd.Series(pd.NaT, index=naive.index, dtype="datetime64[ns, UTC]")
    is_naive = naive.notna()
    if zone is None:
        others = "" if is_naive.all() else " while others have one"
        what = f"no time zone{others}; say which, for example --time-zone Europe/Berlin"
        add_rows(problems, where, rows[is_naive], what=what)
        return nothing
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.add(f"--time-zone {zone}: unknown; for example UTC or Europe/Berlin")
        return nothing
    placed = naive.dt.tz_localize(known, ambiguous="NaT", nonexistent="NaT")
    lost = is_naive & placed.isna()
    what = f"a time that {zone} had twice or never (clocks changed): write its offset"
    add_rows(problems, where, rows[lost], what=what)
    utc: pd.Series = placed.dt.tz_convert("UTC")
    return utc


def _iso(text: pd.Series) -> pd.Series:
    """The requester site's own way of writing times, as ISO 8601."""
    is_unix = text.str.match(_UNIX)
    if is_unix.any():
        parts = text[is_unix].str.extract(_UNIX)
        months = pd.to_datetime(parts[0], format="%b").dt.strftime("%m")
        days = parts[1].str.zfill(2)
        zones = parts[3].map(_ZONES).fillna(" " + parts[3])
        text = text.copy()
        text[is_unix] = parts[4] + "-" + months + "-" + days + "T" + parts[2] + zones
    named = text.str.extract(_HAS_NAME)[0]
    if named.notna().any():
        offsets = named.map(_ZONES)
        known = offsets.notna()
        text = text.copy()
        text[known] = (
            text[known].str.replace(_HAS_NAME, "", regex=True) + offsets[known]
        )
    return text
