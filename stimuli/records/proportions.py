"""Shares of something among cases, and their differences, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Final

from scipy import stats

_Z: Final = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much larger the second of two shares is.

    Attributes:
        value: Second share less the first, from -1 to 1.
        half_width: Of the 95 % interval, which is value plus and minus this.
    """

    value: float
    half_width: float

    @property
    def is_noise(self) -> bool:
        """Whether the interval holds 0, so that chance alone may have made it."""
        return abs(self.value) <= self.half_width

    def __str__(self) -> str:
        words = ", within noise" if self.is_noise else ""
        return f"{100 * self.value:.1f} ± {100 * self.half_width:.1f} points{words}"


@dataclass(frozen=True, kw_only=True)
class Proportion:
    """A share with an exact interval.

    Attributes:
        n_hits: Cases with it.
        n: Cases.
        n_clusters: Independent groups of cases; n where every case is its own.
        share: Hits over cases; NaN without cases.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    n_hits: int
    n: int
    n_clusters: int
    share: float
    low: float
    high: float


def proportion(
    hits: Sequence[bool], *, clusters: Sequence[Hashable] | None = None
) -> Proportion:
    """The share of hits with a 95 % interval.

    Independent cases have Clopper and Pearson's exact interval. Clustered cases
    have the same at the effective number of cases, never more than there are.

    Args:
        hits: One truth value per case.
        clusters: What each case belongs to; None where cases are independent.

    Source:
        Clopper & Pearson (1934); Korn & Graubard (1998), "Confidence intervals
        for proportions with small expected number of positive counts estimated
        from survey data".

    >>> found = proportion([True] * 8 + [False] * 2)
    >>> round(found.low, 3), round(found.high, 3)
    (0.444, 0.975)
    """
    n, n_hits = len(hits), sum(hits)
    groups = list(clusters) if clusters is not None else list(range(n))
    n_clusters = len(set(groups))
    if n == 0:
        return Proportion(n_hits=0, n=0, n_clusters=0, share=nan, low=nan, high=nan)
    share = n_hits / n
    effective = float(n)
    if n_clusters < n:
        effective = _effective(hits, groups, share=share, n_clusters=n_clusters)
    low, high = _exact(share * effective, effective)
    return Proportion(
        n_hits=n_hits, n=n, n_clusters=n_clusters, share=share, low=low, high=high
    )


def difference_of_counts(
    first: int, second: int, *, n_first: int, n_second: int
) -> Difference:
    """How two shares differ that were counted on different cases.

    Args:
        first: Cases with it among `n_first`.
        second: Cases with it among `n_second`.
        n_first: At least 1.
        n_second: At least 1.

    Raises:
        ValueError: If a count is not among its cases.

    Source:
        Wald's interval; Agresti and Coull (2000) for where it is rough.

    >>> print(difference_of_counts(121, 143, n_first=1000, n_second=1000))
    2.2 ± 3.0 points, within noise
    """
    for hits, n in ((first, n_first), (second, n_second)):
        if n < 1 or not 0 <= hits <= n:
            raise ValueError(f"counts lie between 0 and n, got {hits} of {n}")
    one, other = first / n_first, second / n_second
    variance = one * (1 - one) / n_first + other * (1 - other) / n_second
    return Difference(value=other - one, half_width=_Z * sqrt(variance))


def difference_in_pairs(first: Sequence[bool], second: Sequence[bool]) -> Difference:
    """How two shares differ that were counted on the same cases.

    Args:
        first: One truth value per case.
        second: Those of the same cases, in the same order.

    Raises:
        ValueError: If there are no cases, or not as many of both.

    Source:
        McNemar (1947); the variance of a mean of paired differences.

    >>> print(difference_in_pairs([False] * 60 + [True] * 40, [True] * 50 + [False] * 50))
    10.0 ± 18.5 points, within noise
    """
    n = len(first)
    if n < 1 or n != len(second):
        raise ValueError(
            f"pairs need as many of both, at least one, got {n} and {len(second)}"
        )
    gained = sum(b and not a for a, b in zip(first, second, strict=True))
    lost = sum(a and not b for a, b in zip(first, second, strict=True))
    value = (gained - lost) / n
    variance = ((gained + lost) / n - value**2) / n
    return Difference(value=value, half_width=_Z * sqrt(max(variance, 0)))


def _effective(
    hits: Sequence[bool], groups: Sequence[Hashable], *, share: float, n_clusters: int
) -> float:
    """Independent cases that would be as sure; clusters where nothing varies."""
    n = len(hits)
    totals: dict[Hashable, float] = defaultdict(float)
    for hit, group in zip(hits, groups, strict=True):
        totals[group] += hit - share
    squares = sum(total**2 for total in totals.values())
    if n_clusters < 2 or squares == 0:
        return float(n_clusters)
    variance = squares * n_clusters / (n_clusters - 1) / n**2
    ratio = stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, n_clusters - 1)
    return float(min(share * (1 - share) / variance * ratio**2, n))


def _exact(n_hits: float, n: float) -> tuple[float, float]:
    low = stats.beta.ppf(0.025, n_hits, n - n_hits + 1) if n_hits > 0 else 0.0
    high = stats.beta.ppf(0.975, n_hits + 1, n - n_hits) if n_hits < n else 1.0
    return float(low), float(high)
