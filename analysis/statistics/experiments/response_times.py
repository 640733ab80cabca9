"""Response times on the scale on which they are made: ratios, not differences.

Times are skewed, and conditions slow people down by factors. Logarithms are averaged,
with people and stimuli as clusters, and turned back: the geometric mean lies near the
median, and a difference of logarithms is a ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp
from typing import Final

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.contrasts import Contrast, contrast
from analysis.statistics.frame_checks import check_columns, numbers_of, rows_where
from analysis.statistics.intervals import LEVEL, Estimate

# The column of logarithms, beside those of the frame.
_LOG: Final = "logarithm of the value"


def geometric_mean(
    frame: pd.DataFrame,
    *,
    value: str,
    participant: str = "participant",
    stimulus: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Geometric mean of a column, for other people and stimuli like these.

    Args:
        frame: One row per response.
        value: Column of numbers above zero (milliseconds, say).
        participant: Column that names the person.
        stimulus: Column that names the stimulus.
        clusters: Columns that say what stimuli that are alike have in common.
        level: Nominal coverage.

    Returns:
        In the column's unit; `standard_error` is that of the logarithm. No interval,
        and the reason in `method`, where there can be none.

    Raises:
        AnalysisError: Naming rows that are not above zero, missing columns or empty
            cells.

    >>> frame = pd.DataFrame({
    ...     "participant": list("aabb"), "image": list("xyxy"), "rt_ms": [1, 100, 10, 10]})
    >>> round(geometric_mean(frame, value="rt_ms", stimulus="image").value, 6)
    10.0
    """
    found = clustered_mean(
        _logs(frame, value),
        value=_LOG,
        participant=participant,
        stimulus=stimulus,
        clusters=clusters,
        level=level,
    )
    return _back(found)


def ratio_of_means(
    frame: pd.DataFrame,
    *,
    value: str,
    condition: str,
    a: str,
    b: str,
    participant: str = "participant",
    stimulus: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Contrast:
    """Geometric mean in `a` over that in `b`; the p value is that of a ratio of 1.

    Args:
        frame: One row per response; rows of other conditions are left out.
        value: Column of numbers above zero (milliseconds, say).
        condition: Column that names the condition.
        a: The condition above the line.
        b: The condition below it.
        participant: Column that names the person.
        stimulus: Column that names the stimulus; give the source image where both
            conditions show it, so that it cancels.
        clusters: Columns that say what stimuli that are alike have in common.
        level: Nominal coverage.

    Returns:
        `standard_error` is that of the logarithm of the ratio.

    Raises:
        AnalysisError: Naming rows that are not above zero, missing columns or empty
            cells, or a condition compared with itself.

    >>> frame = pd.DataFrame({
    ...     "participant": list("aabb"), "image": list("xyxy"),
    ...     "shown": ["whole", "part", "part", "whole"], "rt_ms": [400, 900, 900, 400]})
    >>> found = ratio_of_means(
    ...     frame, value="rt_ms", condition="shown", a="part", b="whole", stimulus="image")
    >>> round(found.estimate.value, 6)
    2.25
    """
    if a == b:
        raise AnalysisError(f"a condition was compared with itself: {a!r}")
    check_columns(frame, [condition])
    found = contrast(
        _logs(frame[frame[condition].isin((a, b))], value),
        {a: 1.0, b: -1.0},
        value=_LOG,
        group=condition,
        participant=participant,
        stimulus=stimulus,
        clusters=clusters,
        level=level,
    )
    return replace(found, estimate=_back(found.estimate))


def _logs(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """The frame with the column's logarithms."""
    numbers = numbers_of(frame, value)
    bad = pd.Series(numbers <= 0)
    if bad.any():
        came = numbers[int(bad.to_numpy().argmax())]
        raise AnalysisError(
            f"column {value} must lie above 0, got {came:g} in {rows_where(bad)}: leave "
            "those rows out and say how many"
        )
    return frame.assign(**{_LOG: np.log(numbers)})


def _back(found: Estimate) -> Estimate:
    ends = (found.value, found.low, found.high)
    value, low, high = (exp(end) for end in ends)
    return replace(found, value=value, low=low, high=high)
