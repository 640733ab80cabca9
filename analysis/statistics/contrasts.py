"""Weighted sums of groups' means, where people and stimuli both come back.

A difference of two conditions, a mean of several against one, and a share
corrected for yes-bias (to first order) are all such sums. The groups may share
people, stimuli or both; what they share cancels or adds as it should, because
every response carries one influence on the whole sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.statistics.intervals import LEVEL, Estimate, critical_value
from analysis.statistics.shares import two_sided_p

Floats = npt.NDArray[np.float64]
_LEAST: Final = 0.75


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How much an estimate would vary with other people and other stimuli.

    Attributes:
        standard_error: Clustered by participants and stimuli both.
        dof: The fewer of people and stimuli, less one.
        n_people: Participants.
    """

    standard_error: float
    dof: float
    n_people: int


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A weighted sum of means with its test against zero.

    Attributes:
        estimate: The sum with its interval; `n` counts responses.
        p_value: Two-sided, Student's t; NaN where there is nothing to test.
    """

    estimate: Estimate
    p_value: float


def spread(
    influences: Floats, *, participants: npt.ArrayLike, stimuli: npt.ArrayLike
) -> Spread:
    """The standard error of an estimate from each response's influence on it.

    Args:
        influences: How far each response moves the estimate, summing to zero
            within every group, shape (responses,).
        participants: Who gave each response.
        stimuli: What each response is about.

    The two-way variance falls below those of one way where groups share people
    or stimuli, which then cancel; three quarters of the largest of those is taken
    at least, since with few clusters a small one is luck. That share was chosen by
    simulation (`docs/statistics.md`).

    Source:
        Cameron, Gelbach & Miller (2011), "Robust inference with multiway
        clustering", eq. 2.9, each part with G / (G - 1).
    """
    people, person_names = pd.factorize(np.asarray(participants))
    things, thing_names = pd.factorize(np.asarray(stimuli))
    cells, _ = pd.factorize(people * (len(thing_names) + 1) + things)
    alone = _squares(influences, np.arange(len(influences)))
    by_person = _squares(influences, people)
    by_thing = _squares(influences, things)
    both = by_person + by_thing - _squares(influences, cells)
    variance = max(both, _LEAST * max(alone, by_person, by_thing))
    return Spread(
        standard_error=sqrt(variance),
        dof=max(min(len(person_names), len(thing_names)) - 1, 1),
        n_people=len(person_names),
    )


def _squares(influences: Floats, clusters: npt.NDArray[np.int64]) -> float:
    totals = np.bincount(clusters, weights=influences)
    n = len(totals)
    correction = n / (n - 1) if n > 1 else 1.0
    return float(correction * (totals @ totals))


def contrast(
    frame: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    value: str,
    group: str,
    participant: str = "participant",
    stimulus: str,
    level: float = LEVEL,
) -> Contrast:
    """The weighted sum of the groups' means.

    Args:
        frame: One row per response.
        weights: Group to its weight; groups without a weight are left out.
        value: Column with a number (or truth value) per response.
        group: Column with the group.
        participant: Column that says who responded.
        stimulus: Column that says to what.
        level: Nominal coverage.

    Returns:
        NaN with n = 0 where a group with a weight has no response.

    >>> frame = pd.DataFrame({
    ...     "right": [1, 1, 0, 0], "condition": list("aabb"),
    ...     "participant": list("pqpq"), "item": list("xyxy")})
    >>> contrast(frame, {"a": 1, "b": -1}, value="right", group="condition",
    ...          stimulus="item").estimate.value
    1.0
    """
    mine = frame[frame[group].isin(list(weights))]
    values = mine[value].to_numpy(dtype=float)
    names = mine[group].to_numpy()
    total, influences = 0.0, np.zeros(len(values))
    for name, weight in weights.items():
        is_in = names == name
        if not is_in.any():
            return _nothing(level)
        mean = values[is_in].mean()
        total += float(weight * mean)
        influences[is_in] = weight * (values[is_in] - mean) / is_in.sum()
    found = spread(influences, participants=mine[participant], stimuli=mine[stimulus])
    return from_spread(total, found, n=len(mine), level=level)


def from_spread(
    value: float, found: Spread, *, n: int, level: float = LEVEL
) -> Contrast:
    """Student's interval and test of `value` against zero."""
    half = critical_value(level=level, dof=found.dof) * found.standard_error
    return Contrast(
        estimate=Estimate(
            value=value,
            low=value - half,
            high=value + half,
            n=n,
            level=level,
            standard_error=found.standard_error,
            n_people=found.n_people,
        ),
        p_value=_p_value(value, found),
    )


def _p_value(value: float, found: Spread) -> float:
    if isnan(value):
        return nan
    if found.standard_error == 0:
        return 1.0 if value == 0 else nan
    return two_sided_p(value / found.standard_error, dof=found.dof)


def _nothing(level: float) -> Contrast:
    empty = Estimate(value=nan, low=nan, high=nan, n=0, level=level)
    return Contrast(estimate=empty, p_value=nan)
