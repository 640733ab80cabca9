"""Means and differences when people and stimuli are both sampled and come back.

Every person responds to many stimuli and every stimulus is met by many people.
The variance counts both: it is made of the squared totals of people, of stimuli
and of their meetings (two-way clustering), weighted so that it is unbiased when
people and stimuli add effects of any size, in unbalanced designs too. Stimuli that
are alike (of one scene, one video) are told by `clusters`.
`analysis.statistics.crossed_variance` has the method,
`docs/statistics.md` the simulated coverage.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.contrasts import (
    contrast,
    nothing,
    read_values,
    weighted_sum,
)
from analysis.statistics.crossed_variance import Crossing
from analysis.statistics.intervals import LEVEL, Estimate
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


def clustered_mean(
    frame: pd.DataFrame,
    *,
    value: str,
    participant: str = "participant",
    stimulus: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
    unit: str | None = None,
) -> Estimate:
    """Mean (or share) of a column, for other people and stimuli like these.

    Values of 0 and 1 get an interval on the scale of log odds, which stays within 0
    and 1; where all are equal, Wilson's with as many draws as there are people,
    stimuli or clusters, whichever are fewest.

    Args:
        frame: One row per response.
        value: Column of numbers or booleans.
        participant: Column that names the person.
        stimulus: Column that names the stimulus (or its source image).
        clusters: Columns that name what stimuli that are alike have in common (a
            scene, a video); several may cross.
        level: Nominal coverage.
        unit: Column that a person may meet once only (the trial), checked where
            given.

    Returns:
        NaN with n = 0 for an empty frame; no interval, and the reason in `method`,
        for too few people, one stimulus or cluster, or equal values that are no share.

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
    values = read_values(
        frame,
        value,
        columns=[participant, stimulus, *clusters],
        who=participant,
        unit=unit,
    )
    if len(values) == 0:
        return nothing("no rows", level).estimate
    crossing = Crossing.of(
        frame[participant],
        frame[stimulus],
        clusters=[frame[name] for name in clusters],
    )
    return weighted_sum(values, crossing, weights=[1.0], level=level).estimate


def clustered_difference(
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
    unit: str | None = None,
) -> Estimate:
    """Mean in condition `a` minus mean in condition `b`.

    People, stimuli, both or neither may occur in both conditions: what they have
    in common cancels as far as it does. `analysis.statistics.contrasts.contrast` is
    the same for more than two conditions, and tests against zero.

    Args:
        frame: One row per response; rows of other conditions are left out.
        value: Column of numbers or booleans.
        condition: Column that names the condition.
        a: The condition whose mean comes first.
        b: The condition whose mean is taken off.
        participant: Column that names the person.
        stimulus: Column that names the stimulus (or its source image).
        clusters: Columns that name what stimuli that are alike have in common.
        level: Nominal coverage.
        unit: Column that a person may meet once only (the trial), checked where
            given.

    Returns:
        NaN with n = 0 where a condition has no rows; no interval, and the reason
        in `method`, where there are too few people, one stimulus, or no spread.

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
    if a == b:
        raise AnalysisError(f"a condition was compared with itself: {a!r}")
    return contrast(
        frame,
        {a: 1.0, b: -1.0},
        value=value,
        group=condition,
        participant=participant,
        stimulus=stimulus,
        clusters=clusters,
        level=level,
        unit=unit,
    ).estimate
