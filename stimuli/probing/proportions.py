"""The share of something among independent or clustered cases, with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan

from scipy import stats


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
