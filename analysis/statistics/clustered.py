"""Means and differences when people and stimuli are both sampled and come back.

Every person responds to many stimuli and every stimulus is met by many people.
The variance counts both: it is made of the squared totals of people, of stimuli
and of their meetings (two-way clustering), weighted so that it is unbiased when
people and stimuli add effects of any size, in unbalanced designs too.
`analysis.statistics.crossed_variance` has the method,
`docs/statistics.md` the simulated coverage.
"""

from __future__ import annotations

from math import inf, nan, sqrt
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.errors import AnalysisError
from analysis.statistics.crossed_variance import Crossing, Variance
from analysis.statistics.frame_checks import (
    FloatArray,
    check_columns,
    check_once,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL, Estimate, critical_value, score_bounds
from analysis.statistics.paired import (
    TestResult,
    mcnemar_exact,
    paired_difference,
    paired_permutation,
    permutation_difference,
)

__all__ = [
    "TestResult",
    "clustered_difference",
    "clustered_mean",
    "mcnemar_exact",
    "paired_difference",
    "paired_permutation",
    "permutation_difference",
]

_METHOD: Final = "two-way clustered by participant and stimulus, Satterthwaite's t"


def clustered_mean(
    frame: pd.DataFrame,
    *,
    value: str,
    participant: str,
    stimulus: str,
    level: float = LEVEL,
    unit: str | None = None,
) -> Estimate:
    """Mean of a column, for other people and stimuli like these.

    Values of 0 and 1 get an interval on the scale of log odds, which stays within 0
    and 1; where all are equal, Wilson's with as many draws as there are people or
    stimuli, whichever are fewer.

    Args:
        frame: One row per response.
        value: Column of numbers or booleans.
        participant: Column that names the person.
        stimulus: Column that names the stimulus (or its source image).
        level: Nominal coverage.
        unit: Column that a person may meet once only (the trial), checked where
            given.

    Returns:
        NaN with n = 0 for an empty frame; no interval, and the reason in `method`,
        for one participant, one stimulus, or equal values.

    Raises:
        AnalysisError: Naming missing columns, empty cells, or repeated rows.

    >>> frame = pd.DataFrame({
    ...     "person": list("aabbcc"), "image": list("xyxyxy"),
    ...     "rt_ms": [510, 530, 600, 640, 700, 690],
    ... })
    >>> found = clustered_mean(
    ...     frame, value="rt_ms", participant="person", stimulus="image"
    ... )
    >>> found.value, found.n, found.n_people, found.n_stimuli
    (611.6666666666666, 6, 3, 2)
    """
    values = _read(frame, value, participant=participant, stimulus=stimulus, unit=unit)
    crossing = Crossing.of(
        frame, group=np.zeros(len(frame), int), names=(participant, stimulus)
    )
    mean = float(values.mean()) if len(values) else nan
    is_share = bool(np.isin(values, (0.0, 1.0)).all())
    return _estimate(mean, values, crossing=crossing, level=level, is_share=is_share)


def clustered_difference(
    frame: pd.DataFrame,
    *,
    value: str,
    condition: str,
    a: str,
    b: str,
    participant: str,
    stimulus: str,
    level: float = LEVEL,
    unit: str | None = None,
) -> Estimate:
    """Mean in condition `a` minus mean in condition `b`.

    People, stimuli, both or neither may occur in both conditions: what they have
    in common cancels as far as it does.

    Args:
        frame: One row per response; rows of other conditions are left out.
        value: Column of numbers or booleans.
        condition: Column that names the condition.
        a: The condition whose mean comes first.
        b: The condition whose mean is taken off.
        participant: Column that names the person.
        stimulus: Column that names the stimulus (or its source image).
        level: Nominal coverage.
        unit: Column that a person may meet once only (the trial), checked where
            given.

    Returns:
        NaN with n = 0 where a condition has no rows; no interval, and the reason
        in `method`, where there is one participant, one stimulus, or no crossing.

    Raises:
        AnalysisError: Naming missing columns, empty cells, or repeated rows.

    >>> frame = pd.DataFrame({
    ...     "person": list("aabbcc"), "image": list("xyxyxy"),
    ...     "shown": ["whole", "part"] * 3, "right": [1, 0, 1, 1, 1, 0],
    ... })
    >>> found = clustered_difference(
    ...     frame, value="right", condition="shown", a="whole", b="part",
    ...     participant="person", stimulus="image",
    ... )
    >>> round(found.value, 4)
    0.6667
    """
    check_columns(frame, [condition])
    if a == b:
        raise AnalysisError(f"a condition was compared with itself: {a!r}")
    rows = frame[frame[condition].isin((a, b))]
    values = _read(rows, value, participant=participant, stimulus=stimulus, unit=unit)
    group = (rows[condition] == b).to_numpy().astype(int)
    crossing = Crossing.of(rows, group=group, names=(participant, stimulus))
    if crossing.n_groups < 2:
        return _nothing(f"no rows in condition {a if not (group == 0).any() else b}")
    means = np.bincount(group, values) / np.bincount(group)
    difference = float(means[0] - means[1])
    return _estimate(difference, values, crossing=crossing, level=level, is_share=False)


def _read(
    frame: pd.DataFrame,
    value: str,
    *,
    participant: str,
    stimulus: str,
    unit: str | None,
) -> FloatArray:
    check_columns(frame, [value, participant, stimulus])
    if unit is not None:
        check_columns(frame, [unit])
        check_once(frame, [participant, unit], what="somebody responded twice")
    return numbers_of(frame, value)


def _nothing(method: str) -> Estimate:
    return Estimate(value=nan, low=nan, high=nan, n=0, method=method)


def _estimate(
    value: float,
    values: FloatArray,
    *,
    crossing: Crossing,
    level: float,
    is_share: bool,
) -> Estimate:
    if len(values) == 0:
        return _nothing("no rows")
    found = crossing.variance(values)
    low, high, se, df, method = nan, nan, nan, nan, _METHOD
    reason = _reason_for_none(crossing, found.variance, is_share=is_share)
    if reason:
        method = f"no interval: {reason}"
    else:
        se, df = sqrt(found.variance), found.df
        low, high = _bounds(
            value, found, level=level, is_share=is_share, crossing=crossing
        )
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=len(values),
        level=level,
        standard_error=se,
        dof=df,
        n_people=crossing.n_participants,
        n_stimuli=crossing.n_stimuli,
        method=method,
    )


def _reason_for_none(crossing: Crossing, variance: float, *, is_share: bool) -> str:
    """Why no interval can be given; empty where one can."""
    if crossing.n_participants < 2:
        return "one participant says nothing about other people"
    if crossing.n_stimuli < 2:
        return "one stimulus says nothing about other stimuli"
    if variance <= 0 and not is_share:
        return "no spread between people or stimuli"
    return ""


def _bounds(
    value: float, found: Variance, *, level: float, is_share: bool, crossing: Crossing
) -> tuple[float, float]:
    critical = critical_value(level=level, dof=found.df)
    if not is_share:
        half = critical * sqrt(found.variance)
        return value - half, value + half
    if found.variance > 0:
        half = critical * sqrt(found.variance) / (value * (1 - value))
        return float(expit(logit(value) - half)), float(expit(logit(value) + half))
    # Everybody said the same: as many draws as there are of the scarcer kind.
    n_scarcer = min(crossing.n_participants, crossing.n_stimuli)
    return score_bounds(value, n_scarcer, critical=critical_value(level=level, dof=inf))
