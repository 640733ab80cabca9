"""Two shares of independent responses: is their difference more than noise?"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, sqrt

from scipy import stats

from analysis.errors import AnalysisError
from analysis.statistics.intervals import LEVEL, critical_value, score_bounds


@dataclass(frozen=True, kw_only=True)
class SharesCompared:
    """Two shares and their difference, first minus second.

    Attributes:
        first: The first share; NaN without responses.
        second: The second.
        n_first: Responses behind the first.
        n_second: Responses behind the second.
        difference: First minus second, as a share.
        low: Lower end of its interval.
        high: Upper end.
        standard_error: Of the difference.
        p_value: Two-sided, of no difference.
        level: Nominal coverage of the interval.
    """

    first: float
    second: float
    n_first: int
    n_second: int
    difference: float
    low: float
    high: float
    standard_error: float
    p_value: float
    level: float = LEVEL

    @property
    def verdict(self) -> str:
        """Whether the interval leaves out zero, in words."""
        return verdict(self.low, self.high)


def verdict(low: float, high: float) -> str:
    """Whether an interval of a difference leaves out zero, in words.

    >>> verdict(-0.11, 0.07), verdict(0.01, 0.07), verdict(float("nan"), 0.1)
    ('within noise', 'differs', 'no data')
    >>> verdict(0.0, 0.0)    # the very same responses
    'no difference'
    """
    if not (isfinite(low) and isfinite(high)):
        return "no data"
    if low == high == 0:
        return "no difference"
    return "within noise" if low <= 0 <= high else "differs"


def two_sided_p(statistic: float, *, dof: float) -> float:
    """P value of a t statistic (normal for infinite dof) under no difference.

    >>> round(two_sided_p(1.96, dof=float("inf")), 3), two_sided_p(0.0, dof=5)
    (0.05, 1.0)
    """
    away = abs(statistic)
    tail = stats.t.sf(away, dof) if isfinite(dof) else stats.norm.sf(away)
    return float(2 * tail)


def compare_shares(
    first: float,
    n_first: int,
    second: float,
    n_second: int,
    *,
    level: float = LEVEL,
) -> SharesCompared:
    """Two shares of independent responses, for example two published ones.

    Right where every response comes from another person and stimuli are taken as
    they are; `analysis.statistics.clustered` is for people and stimuli that come back.

    Args:
        first: A share, 0 to 1.
        n_first: Responses behind it.
        second: The share taken off.
        n_second: Responses behind that.
        level: Nominal coverage.

    Returns:
        NaN where either side has no responses.

    Raises:
        AnalysisError: If a share is not between 0 and 1 or an n is negative.

    Source:
        Newcombe (1998), "Interval estimation for the difference between
        independent proportions", method 10, for the interval; the pooled test of
        two proportions for the p value.

    >>> found = compare_shares(0.5502, 229, 0.5706, 229)
    >>> round(100 * found.standard_error, 1), found.verdict
    (4.6, 'within noise')
    """
    _check(first, n_first)
    _check(second, n_second)
    if n_first == 0 or n_second == 0:
        return _compared((first, n_first), (second, n_second), level=level)
    critical = critical_value(level=level, dof=float("inf"))
    one = score_bounds(first, n_first, critical=critical)
    two = score_bounds(second, n_second, critical=critical)
    away = first - second
    variances = [
        share * (1 - share) / n for share, n in ((first, n_first), (second, n_second))
    ]
    pooled = (first * n_first + second * n_second) / (n_first + n_second)
    spread = sqrt(pooled * (1 - pooled) * (1 / n_first + 1 / n_second))
    return _compared(
        (first, n_first),
        (second, n_second),
        level=level,
        low=away - sqrt((first - one[0]) ** 2 + (two[1] - second) ** 2),
        high=away + sqrt((one[1] - first) ** 2 + (second - two[0]) ** 2),
        standard_error=sqrt(sum(variances)),
        p_value=1.0 if away == 0 else two_sided_p(away / spread, dof=float("inf")),
    )


def _compared(
    first: tuple[float, int],
    second: tuple[float, int],
    *,
    level: float,
    low: float = nan,
    high: float = nan,
    standard_error: float = nan,
    p_value: float = nan,
) -> SharesCompared:
    one, two = (share if n else nan for share, n in (first, second))
    return SharesCompared(
        first=one,
        second=two,
        n_first=first[1],
        n_second=second[1],
        difference=one - two,
        low=low,
        high=high,
        standard_error=standard_error,
        p_value=p_value,
        level=level,
    )


def _check(share: float, n: int) -> None:
    if n < 0:
        raise AnalysisError(f"a number of responses must not be negative, got {n}")
    if n > 0 and not 0 <= share <= 1:
        raise AnalysisError(
            f"a share must lie between 0 and 1, got {share}; divide per cent by 100"
        )
