"""The test that belongs to an interval."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, nan
from typing import Final

from scipy.optimize import brentq

from analysis.statistics.intervals import Estimate

# Levels at which an interval is looked at; surer than the last is as sure as that.
_LEVELS: Final = (1e-4, 1 - 1e-7)


def p_value_of(at: Callable[[float], Estimate]) -> float:
    """Two-sided p value of no difference: 1 less the level that just reaches zero.

    It respects whatever the interval respects, and is below 5 % where the one of 95 %
    leaves out zero.

    Args:
        at: The difference with its interval at a level; wider at higher levels.

    Returns:
        NaN where there is no interval; 1 where no level leaves out zero.

    >>> from scipy.stats import norm
    >>> def at(level):
    ...     half = norm.ppf((1 + level) / 2)
    ...     return Estimate(value=1.96, low=1.96 - half, high=1.96 + half, n=9)
    >>> round(p_value_of(at), 4)
    0.05
    """
    least, most = (at(level) for level in _LEVELS)
    if isnan(least.low) or isnan(most.low):
        return nan
    if least.low <= 0 <= least.high:
        return 1.0
    if not most.low <= 0 <= most.high:
        return 1 - _LEVELS[1]

    def reach(level: float) -> float:
        found = at(level)
        return found.low if least.low > 0 else -found.high

    return 1 - float(brentq(reach, *_LEVELS, xtol=1e-6))
