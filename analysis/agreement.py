"""How much people agree with each other."""

from __future__ import annotations

from math import nan

import pandas as pd


def krippendorff_alpha(ratings: pd.DataFrame, *, unit: str, value: str) -> float:
    """Krippendorff's alpha for nominal values; units may have any number of ratings.

    One minus observed over expected disagreement: 1 is perfect agreement, 0 is
    what chance gives. NaN where no unit has two ratings, or where everybody
    always gave the same value (nothing could be disagreed about).

    Args:
        ratings: Long frame, one row per rating.
        unit: Column that names what was rated.
        value: Column that holds the rating.

    Source:
        Krippendorff (2011), "Computing Krippendorff's alpha-reliability",
        section C.

    >>> frame = pd.DataFrame({"trial": list("aabb"), "vote": [1, 1, 0, 0]})
    >>> krippendorff_alpha(frame, unit="trial", value="vote")
    1.0
    """
    counts = pd.crosstab(ratings[unit], ratings[value]).to_numpy(dtype=float)
    counts = counts[counts.sum(axis=1) >= 2]
    if len(counts) == 0:
        return nan
    per_unit = counts.sum(axis=1)
    differing = per_unit**2 - (counts**2).sum(axis=1)
    observed = float((differing / (per_unit - 1)).sum())
    per_value = counts.sum(axis=0)
    n = per_value.sum()
    expected = float(n**2 - (per_value**2).sum()) / (n - 1)
    return nan if expected == 0 else float(1 - observed / expected)
