"""Estimates with intervals: what they are for, and how sure they are.

Every interval says which sampling it accounts for. "images like these": images
and people are both drawn anew. "these images": only people are drawn anew. The
method and its simulated coverage are in `docs/statistics.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite, nan, sqrt
from typing import Final, Literal

from scipy import stats

Target = Literal[
    "images like these",
    "these images",
    "images like these, these people",
    "ignores people",
]
THESE_PEOPLE: Final = "images like these, these people"

LEVEL: Final = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A share, a mean or a difference with its interval.

    Attributes:
        value: The point estimate; NaN where there is nothing to estimate from.
        low: Lower end of the interval; NaN where none can be given.
        high: Upper end of the interval.
        n: What the estimate rests on (images, or responses).
        level: Nominal coverage, for example 0.95.
        standard_error: Of `value`.
        design_effect: Variance over that of the same number of independent
            draws; 1 where people add nothing.
        n_people: How many participants the estimate rests on.
        target: What the interval speaks about.
        n_stimuli: How many stimuli it rests on, where they are counted.
        dof: Degrees of freedom of Student's t.
        method: How it was made, or why there is no interval; may be empty.
    """

    value: float
    low: float
    high: float
    n: int
    level: float = LEVEL
    standard_error: float = nan
    design_effect: float = nan
    n_people: int = 0
    target: Target = "images like these"
    n_stimuli: int = 0
    dof: float = nan
    method: str = ""

    def complement(self) -> Estimate:
        """The share of everything else."""
        return replace(self, value=1 - self.value, low=1 - self.high, high=1 - self.low)


def no_estimate(*, level: float = LEVEL, target: Target) -> Estimate:
    """No data is not zero: NaN with n = 0."""
    return Estimate(value=nan, low=nan, high=nan, n=0, level=level, target=target)


def score_bounds(share: float, n: float, *, critical: float) -> tuple[float, float]:
    """Wilson's score bounds of a share of `n` (effective) draws.

    Source:
        Wilson (1927), "Probable inference, the law of succession, and
        statistical inference", eq. 6; with a survey's effective sample size as
        in Korn & Graubard (1998), "Confidence intervals for proportions with
        small expected number of positive counts".
    """
    z2n = critical**2 / n
    centre = (share + z2n / 2) / (1 + z2n)
    half = sqrt(share * (1 - share) * z2n + z2n**2 / 4) / (1 + z2n)
    return max(0.0, centre - half), min(1.0, centre + half)


def wilson(n_hits: float, n: int, *, level: float = LEVEL) -> Estimate:
    """A share of independent draws; ignores that people judge many images.

    Right for the standard error of a classifier (nobody judges there), and
    shown beside rectified errors only as "ignores people".

    >>> estimate = wilson(10, 100)
    >>> round(estimate.low, 4), round(estimate.high, 4)
    (0.0552, 0.1744)

    Source:
        Wilson (1927), eq. 6.
    """
    if n == 0:
        return no_estimate(level=level, target="ignores people")
    critical = float(stats.norm.ppf((1 + level) / 2))
    low, high = score_bounds(n_hits / n, n, critical=critical)
    share = n_hits / n
    return Estimate(
        value=share,
        low=low,
        high=high,
        n=n,
        level=level,
        standard_error=sqrt(share * (1 - share) / n),
        design_effect=1.0,
        target="ignores people",
    )


def clopper_pearson(n_hits: int, n: int, *, level: float = LEVEL) -> Estimate:
    """A share of independent draws with the exact interval, which is never too narrow.

    For responses of people who come once, on stimuli that come once.

    >>> estimate = clopper_pearson(0, 20)
    >>> estimate.low, round(estimate.high, 4)    # 1 - .025 ** (1 / 20)
    (0.0, 0.1684)

    Source:
        Clopper & Pearson (1934), "The use of confidence or fiducial limits
        illustrated in the case of the binomial".
    """
    if n == 0:
        return no_estimate(level=level, target="ignores people")
    tail = (1 - level) / 2
    low = float(stats.beta.ppf(tail, n_hits, n - n_hits + 1)) if n_hits else 0.0
    high = float(stats.beta.isf(tail, n_hits + 1, n - n_hits)) if n_hits < n else 1.0
    return replace(wilson(n_hits, n, level=level), low=low, high=high)


def critical_value(*, level: float, dof: float) -> float:
    """The two-sided critical value of Student's t; normal for infinite dof.

    >>> round(critical_value(level=0.95, dof=float("inf")), 3)
    1.96
    >>> round(critical_value(level=0.95, dof=4), 3)
    2.776
    """
    tail = (1 + level) / 2
    if not isfinite(dof):
        return float(stats.norm.ppf(tail))
    return float(stats.t.ppf(tail, max(dof, 1.0)))


def mixed_dof(part: float, *, whole: float, dof: float) -> float:
    """Degrees of freedom of a variance of which only `part` is uncertain.

    Source:
        Satterthwaite (1946), "An approximate distribution of estimates of
        variance components", eq. 17, with infinite dof for the rest.
    """
    return inf if part <= 0 else whole**2 * dof / part**2


def joined_dof(*parts: tuple[float, float]) -> float:
    """Degrees of freedom of a sum of variances, each with its own.

    Source:
        Satterthwaite (1946), "An approximate distribution of estimates of variance
        components", eq. 17.

    >>> joined_dof((1.0, 4.0), (1.0, inf))      # 2² / (1² / 4)
    16.0
    """
    whole = sum(part for part, _ in parts)
    inverse = sum(1 / mixed_dof(part, whole=whole, dof=dof) for part, dof in parts)
    return 1 / inverse if inverse > 0 else inf
