"""Weighted sums of groups' means, where people and stimuli both come back.

A mean, a difference of two conditions, a mean of several against one, and a share
corrected for yes-bias (to first order) are all such sums. The groups may share
people, stimuli or both; what they share cancels or adds as it should, because
every response carries one influence on the whole sum
(`analysis.statistics.crossed_variance`).

Intervals of numbers are Student's. Those of shares combine the interval that each
group's share has by itself, on the scale of log odds, so that they stay within what
can be and have a width where nearly everybody is right. `docs/statistics.md` has
the simulated coverage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from analysis.statistics.crossed_variance import Crossing
from analysis.statistics.frame_checks import (
    FloatArray,
    check_columns,
    check_once,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL, Estimate, critical_value, score_bounds
from analysis.statistics.shares import two_sided_p

METHOD: Final = "clustered by participant and stimulus, Satterthwaite's t"
# Fewer people say too little about others: intervals of 3 covered in 92 to 93 % of
# simulated studies, and were half as wide again as need be.
LEAST_PEOPLE: Final = 4
# Intervals at more standard errors than this are not looked for.
_FAR: Final = 1e4
# Sums this near zero are rounding.
_NEAR: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A weighted sum of means with its test against zero.

    Attributes:
        estimate: The sum with its interval; `n` counts responses.
        p_value: Two-sided, that of the interval: below 5 % where one of 95 % leaves
            out zero; NaN where there is nothing to test.
    """

    estimate: Estimate
    p_value: float


def contrast(
    frame: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    value: str,
    group: str,
    participant: str = "participant",
    stimulus: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
    unit: str | None = None,
) -> Contrast:
    """The weighted sum of the groups' means, for other people and stimuli like these.

    Args:
        frame: One row per response.
        weights: Group to its weight; groups without a weight are left out.
        value: Column with a number (or truth value) per response.
        group: Column with the group.
        participant: Column that says who responded.
        stimulus: Column that says to what.
        clusters: Columns that say what stimuli that are alike have in common.
        level: Nominal coverage.
        unit: Column that a person may meet once only (the trial), checked where
            given.

    Returns:
        NaN with n = 0 where a group with a weight has no response; no interval, and
        the reason in `method`, where there can be none.

    Raises:
        AnalysisError: Naming missing columns, empty cells, or repeated rows.

    >>> frame = pd.DataFrame({
    ...     "right": [1, 1, 0, 0, 1, 0], "condition": list("aabbab"),
    ...     "participant": list("pqpqrr"), "item": list("xyxyxy")})
    >>> contrast(frame, {"a": 1, "b": -1}, value="right", group="condition",
    ...          stimulus="item").estimate.value
    1.0
    """
    check_columns(frame, [group])
    wanted = {name: weight for name, weight in weights.items() if weight}
    mine = frame[frame[group].isin(list(wanted))]
    values = read_values(
        mine,
        value,
        columns=[participant, stimulus, *clusters],
        who=participant,
        unit=unit,
    )
    missing = [name for name in wanted if not (mine[group] == name).any()]
    if missing or not wanted:
        return nothing(f"no rows in condition {', '.join(map(str, missing))}", level)
    codes = mine[group].map({name: place for place, name in enumerate(wanted)})
    crossing = Crossing.of(
        mine[participant],
        mine[stimulus],
        clusters=[mine[name] for name in clusters],
        group=np.asarray(codes, dtype=int),
    )
    return weighted_sum(values, crossing, weights=list(wanted.values()), level=level)


def read_values(
    frame: pd.DataFrame,
    value: str,
    *,
    columns: Sequence[str],
    who: str,
    unit: str | None,
) -> FloatArray:
    """The column of values, once the frame is found to be in order.

    Args:
        frame: One row per response.
        value: Column of numbers or booleans.
        columns: Others that must be there and full.
        who: Column of people.
        unit: What a person may meet once only, if that is to be checked.

    Raises:
        AnalysisError: Naming missing columns, empty cells, or repeated rows.
    """
    check_columns(frame, [value, *columns])
    if unit is not None:
        check_columns(frame, [unit])
        check_once(frame, [who, unit], what="somebody responded twice")
    return numbers_of(frame, value)


def weighted_sum(
    values: npt.ArrayLike,
    crossing: Crossing,
    *,
    weights: npt.ArrayLike,
    level: float = LEVEL,
    total: float | None = None,
) -> Contrast:
    """The weighted sum of the groups' means of values, its interval and its test.

    Args:
        values: One per response, shape (rows,).
        crossing: Who gave each, to what, in which group.
        weights: One per group; where the number is no weighted sum, its slopes by the
            groups' means.
        level: Nominal coverage.
        total: The number itself, where it is no weighted sum.

    Returns:
        No interval, and the reason in `method`, where there can be none.
    """
    known, slopes = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    found = _Sum.of(known, crossing, slopes, total=total)
    reason = _reason_for_none(crossing, found)
    low, high = (nan, nan) if reason else found.bounds(level)
    estimate = Estimate(
        value=found.total,
        low=low,
        high=high,
        n=len(known),
        level=level,
        standard_error=nan if reason else found.standard_error,
        design_effect=nan if reason else found.design_effect(len(known)),
        dof=nan if reason else found.df,
        n_people=crossing.n_participants,
        n_stimuli=crossing.n_stimuli,
        method=f"no interval: {reason}" if reason else METHOD,
    )
    return Contrast(estimate=estimate, p_value=nan if reason else found.p_value())


def nothing(method: str, level: float = LEVEL) -> Contrast:
    """No data is not zero: NaN with n = 0, and why."""
    empty = Estimate(value=nan, low=nan, high=nan, n=0, level=level, method=method)
    return Contrast(estimate=empty, p_value=nan)


def _reason_for_none(crossing: Crossing, found: _Sum) -> str:
    """Why no interval can be given; empty where one can."""
    people, stimuli, *clusters = crossing.n_least
    each = " in a condition" if crossing.n_groups > 1 else ""
    if people < 2:
        return f"one participant{each} says nothing about other people"
    if crossing.n_participants < LEAST_PEOPLE:
        return (
            f"{crossing.n_participants} people say too little about others, "
            f"{LEAST_PEOPLE} are needed"
        )
    if stimuli < 2:
        return f"one stimulus{each} says nothing about other stimuli"
    if 1 in clusters:
        return f"one cluster of stimuli{each} says nothing about others"
    if found.variance <= 0 and not found.is_unanimous:
        return "no spread between people or stimuli"
    return ""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One group's share: weight times share, and how to find its ends."""

    weight: float
    share: float
    variance: float
    n_least: int

    def reach(self, critical: float) -> tuple[float, float]:
        """How far the weighted share reaches down and up."""
        if self.variance > 0:
            half = critical * sqrt(self.variance) / (self.share * (1 - self.share))
            centre = float(logit(self.share))
            low, high = float(expit(centre - half)), float(expit(centre + half))
        else:
            # Everybody said the same: as many draws as there are of the scarcest.
            low, high = score_bounds(self.share, self.n_least, critical=critical)
        down, up = self.share - low, high - self.share
        if self.weight < 0:
            down, up = up, down
        return abs(self.weight) * down, abs(self.weight) * up


@dataclass(frozen=True, kw_only=True)
class _Sum:
    """A weighted sum, its variance and, of shares, its groups."""

    total: float
    variance: float
    df: float
    parts: tuple[_Part, ...]

    @classmethod
    def of(
        cls,
        values: FloatArray,
        crossing: Crossing,
        weights: FloatArray,
        *,
        total: float | None,
    ) -> _Sum:
        """From values of 0 and 1, or any others."""
        means = crossing.means(values)
        found = crossing.variance(values, weights)
        is_share = bool(np.isin(values, (0.0, 1.0)).all())
        parts = [
            _part(values, crossing, group, weight=weight, whole=found.variance)
            for group, weight in enumerate(weights)
            if is_share
        ]
        return cls(
            total=float(weights @ means) if total is None else total,
            variance=found.variance,
            df=found.df if found.variance > 0 else inf,
            parts=tuple(parts),
        )

    @property
    def is_unanimous(self) -> bool:
        """Whether these are shares and everybody in each group said the same."""
        return bool(self.parts) and all(part.variance <= 0 for part in self.parts)

    @property
    def standard_error(self) -> float:
        """Root of the variance."""
        return sqrt(self.variance)

    def design_effect(self, n: int) -> float:
        """Variance over that of n independent responses; NaN but for one share."""
        if len(self.parts) != 1:
            return nan
        alone = self.parts[0].share * (1 - self.parts[0].share) / n
        return self.parts[0].variance / alone if alone > 0 else 1.0

    def bounds(self, level: float) -> tuple[float, float]:
        """Ends of the interval."""
        down, up = self._reach(critical_value(level=level, dof=self.df))
        return self.total - down, self.total + up

    def p_value(self) -> float:
        """Of the level at which the interval ends at zero."""
        if abs(self.total) < _NEAR:
            return 1.0
        side = 0 if self.total > 0 else 1

        def away(critical: float) -> float:
            return self._reach(critical)[side] - abs(self.total)

        if away(_FAR) <= 0:
            return 0.0
        return two_sided_p(float(brentq(away, 0.0, _FAR)), dof=self.df)

    def _reach(self, critical: float) -> tuple[float, float]:
        """How far the interval reaches down and up from the sum.

        Source:
            Zou & Donner (2008), "Construction of confidence limits about effect
            measures: a general approach", eq. 5, with one correlation for all
            groups.
        """
        if not self.parts:
            half = critical * self.standard_error
            return half, half
        alone = sum(part.weight**2 * part.variance for part in self.parts)
        ratio = self.variance / alone if alone > 0 else 1.0
        squares = np.zeros(2)
        for part in self.parts:
            factor = ratio if part.variance > 0 else 1.0
            squares += factor * np.square(part.reach(critical))
        down, up = np.sqrt(squares)
        return float(down), float(up)


def _part(
    values: FloatArray, crossing: Crossing, group: int, *, weight: float, whole: float
) -> _Part:
    """A group's share by itself."""
    if crossing.n_groups == 1:
        variance, share, n_least = whole, float(values.mean()), crossing.n_scarcest
        return _Part(weight=weight, share=share, variance=variance, n_least=n_least)
    alone, mine = crossing.only([group]), values[crossing.group == group]
    return _Part(
        weight=weight,
        share=float(mine.mean()),
        variance=alone.variance(mine).variance,
        n_least=alone.n_scarcest,
    )
