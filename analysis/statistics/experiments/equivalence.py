"""Is a difference small? Two one-sided tests against a margin stated beforehand.

A difference that is not found is not shown to be small. Where a margin says what would
be small, two one-sided tests do that: equivalent, at 5 %, where the 90 % interval lies
within the margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, isnan, nan
from typing import Final

from scipy import stats

from analysis.errors import AnalysisError
from analysis.statistics.intervals import Estimate, critical_value

ALPHA: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class EquivalenceTest:
    """Two one-sided tests that a difference lies within a margin.

    Attributes:
        margin: What differences must lie within, on the difference's own scale.
        p_value: Of the one-sided test that is less sure; NaN where there is none.
        low: Lower end of the interval of 1 − 2 · 5 %.
        high: Its upper end.
        method: Which test, or why there is none.
    """

    margin: float
    p_value: float
    low: float
    high: float
    method: str

    @property
    def is_equivalent(self) -> bool:
        """Whether both tests reject at 5 %."""
        return self.p_value < ALPHA


def equivalence_test(difference: Estimate, *, margin: float) -> EquivalenceTest:
    """Whether a difference lies within ± margin, by its standard error and t.

    Args:
        difference: A difference with its standard error; where it says no degrees of
            freedom, the normal distribution is used.
        margin: Stated before the data were seen, above zero.

    Returns:
        No test, and the reason in `method`, where the difference has no interval.

    Raises:
        AnalysisError: If the margin is not above zero.

    Source:
        Schuirmann (1987), "A comparison of the two one-sided tests procedure and the
        power approach for assessing the equivalence of average bioavailability".

    >>> found = Estimate(value=0.01, low=-0.01, high=0.03, n=900, standard_error=0.01)
    >>> test = equivalence_test(found, margin=0.03)
    >>> round(test.p_value, 4), test.is_equivalent     # P(z > (.03 - .01) / .01)
    (0.0228, True)
    """
    if not (isfinite(margin) and margin > 0):
        raise AnalysisError(f"a margin of equivalence lies above 0, got {margin:g}")
    error = difference.standard_error
    if isnan(difference.low) or not error > 0:
        reason = difference.method.removeprefix("no interval: ") or "no interval"
        return EquivalenceTest(
            margin=margin, p_value=nan, low=nan, high=nan, method=f"no test: {reason}"
        )
    dof = float("inf") if isnan(difference.dof) else difference.dof
    half = critical_value(level=1 - 2 * ALPHA, dof=dof) * error
    nearest = (margin - abs(difference.value)) / error
    p_value = stats.t.sf(nearest, dof) if isfinite(dof) else stats.norm.sf(nearest)
    return EquivalenceTest(
        margin=margin,
        p_value=float(p_value),
        low=difference.value - half,
        high=difference.value + half,
        method="two one-sided tests",
    )
