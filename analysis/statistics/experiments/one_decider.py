"""The share of right decisions of one decider, for other stimuli like these.

A classifier, or one observer of any kind, stands for itself: only stimuli are drawn
anew. Where it decided a stimulus several times, or stimuli belong together, those
are one draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan, nan
from typing import Final

import pandas as pd

from analysis.statistics.contrasts import read_values, weighted_sum
from analysis.statistics.crossed_variance import Crossing
from analysis.statistics.intervals import LEVEL, Estimate, no_estimate, wilson

_LEAST: Final = 10


def share_of_one(
    frame: pd.DataFrame,
    *,
    value: str,
    stimulus: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Share of ones among a decider's decisions, stimuli being a draw of such stimuli.

    Args:
        frame: One row per decision, all of one decider.
        value: Column of 0 and 1, or booleans.
        stimulus: Column that names the stimulus (or its source image).
        clusters: Columns that name what stimuli that are alike have in common.
        level: Nominal coverage.

    Returns:
        Wilson's interval where every stimulus was decided once and none are alike,
        else one clustered by stimulus and cluster, on the scale of log odds; NaN with
        n = 0 for an empty frame. No interval for fewer than 10 stimuli or clusters
        where they come back, or are alike.

    Raises:
        AnalysisError: Naming missing columns or empty cells.

    >>> frame = pd.DataFrame({"image": list("abcd"), "right": [1, 1, 1, 0]})
    >>> found = share_of_one(frame, value="right", stimulus="image")
    >>> found.value, round(found.low, 3), found.n_stimuli
    (0.75, 0.301, 4)
    """
    values = read_values(
        frame, value, columns=[stimulus, *clusters], who=stimulus, unit=None
    )
    if len(values) == 0:
        return no_estimate(level=level, target="images like these")
    n_stimuli = int(frame[stimulus].nunique())
    if n_stimuli == len(values) and not clusters:
        found = wilson(float(values.sum()), len(values), level=level)
        return replace(found, target="images like these", n_stimuli=n_stimuli)
    drawn = frame[stimulus]
    crossing = Crossing.of(drawn, drawn, clusters=[frame[name] for name in clusters])
    found = weighted_sum(values, crossing, weights=[1.0], level=level).estimate
    if crossing.n_scarcest < _LEAST or isnan(found.low):
        said = f"no interval: {crossing.n_scarcest} stimuli or clusters are too few"
        return replace(found, low=nan, high=nan, n_people=0, method=said)
    return replace(found, n_people=0, method="clustered by stimulus")
