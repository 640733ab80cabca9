"""How reliable the mean response of several people is, and what it lets one predict.

Two halves of the people who responded to each trial give two means per trial; how
these go together over trials, stepped up to all responses (Spearman and Brown), is
the split-half reliability. Its mean over all ways to split is known without
splitting: r = n a / (1 + (n - 1) a) with a the alpha of single responses.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from math import isnan, nan, sqrt

import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.agreement import Scale, alpha_interval
from analysis.statistics.intervals import LEVEL, Estimate


def split_half_reliability(
    ratings: pd.DataFrame,
    *,
    unit: str,
    value: str,
    n: int,
    rater: str | None = None,
    scale: Scale = "interval",
    order: Sequence[Hashable] | None = None,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Reliability of the mean of `n` responses per unit, over all ways to split.

    The correlation, over units, of the means of two sets of n responses, each of
    other people. For values without order (nominal) it is that of the shares of
    every value, pooled over values.

    Args:
        ratings: Long frame, one row per rating.
        unit: Column that names what was rated.
        value: Column that holds the rating.
        n: Responses per unit that the mean is of.
        rater: Column that names who rated, where that is known.
        scale: As in `krippendorff_alpha`.
        order: As there.
        clusters: As in `alpha_interval`.
        level: Nominal coverage.

    Returns:
        Limits and target of `alpha_interval`, whose ends are stepped up.

    Raises:
        AnalysisError: As `alpha_interval`, and where n is less than one.

    Source:
        Spearman (1910), "Correlation calculated from faulty data"; Brown (1910),
        "Some experimental results in the correlation of mental abilities"; Cronbach
        (1951), "Coefficient alpha and the internal structure of tests", on the mean
        over splits.

    >>> frame = pd.DataFrame({"trial": list("aabbcc"), "vote": [1, 1, 0, 0, 1, 0]})
    >>> found = split_half_reliability(frame, unit="trial", value="vote", n=2)
    >>> round(found.value, 3)                # alpha 4 / 9: (8 / 9) / (13 / 9)
    0.615
    """
    if n < 1:
        raise AnalysisError(f"reliability is that of 1 response or more, got n = {n}")
    alpha = alpha_interval(
        ratings,
        unit=unit,
        value=value,
        rater=rater,
        scale=scale,
        order=order,
        clusters=clusters,
        level=level,
    )
    return stepped_up(alpha, n=n)


def stepped_up(alpha: Estimate, *, n: int) -> Estimate:
    """The reliability of means of n responses, from the alpha of single ones.

    Below -1 / (n - 1), where alpha can be by chance, there is no reliability: NaN.

    Source:
        Spearman (1910) and Brown (1910).

    >>> round(stepped_up(Estimate(value=0.5, low=0.2, high=0.8, n=9), n=4).value, 2)
    0.8
    """

    def step(each: float) -> float:
        below = 1 + (n - 1) * each
        return n * each / below if below > 0 else nan

    return _mapped(alpha, step, name=f"reliability of the mean of {n}")


def noise_ceiling(reliability: Estimate) -> Estimate:
    """The highest correlation with people's means that any prediction can have.

    The square root of the means' reliability: whoever predicts perfectly what all
    people like these would say on average is as far from the means of n responses
    as these are. A reliability below zero counts as zero.

    Args:
        reliability: From `split_half_reliability`.

    Source:
        Spearman (1904), "The proof and measurement of association between two
        things", on attenuation.

    >>> found = noise_ceiling(Estimate(value=0.81, low=0.64, high=0.9025, n=300))
    >>> found.value, found.low, found.high
    (0.9, 0.8, 0.95)
    """
    return _mapped(reliability, lambda each: sqrt(max(each, 0.0)), name="noise ceiling")


def _mapped(
    estimate: Estimate, change: Callable[[float], float], *, name: str
) -> Estimate:
    """Value and ends on another scale; an interval only where all are defined."""
    value, low, high = (
        nan if isnan(each) else change(each)
        for each in (estimate.value, estimate.low, estimate.high)
    )
    if isnan(low) or isnan(value):
        low = high = nan
    method = f"{name}, from {estimate.method}" if estimate.method else name
    return replace(
        estimate, value=value, low=low, high=high, standard_error=nan, method=method
    )
