"""Shares of many groups, each shrunk towards the whole by as much as it is unsure.

Of a thousand classes those of five images have the most extreme shares, by luck. A
beta-binomial model learns from all groups how much groups differ; a group of few
members is then taken to be much like the others, one of many as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import betaln, expit

from analysis.errors import AnalysisError
from analysis.statistics.intervals import LEVEL, Estimate

Floats = npt.NDArray[np.float64]

# Fewer groups than this do not show how groups differ.
MIN_GROUPS: Final = 10
# Points of either hyperparameter, and how often the grid closes in on the likely ones.
_POINTS: Final = 15
_ROUNDS: Final = 3
# Log density below the highest at which a point no longer counts.
_NEGLIGIBLE: Final = 9.0


def shrunken_shares(hits: Floats, n: Floats, *, level: float = LEVEL) -> list[Estimate]:
    """The share of every group, given those of all groups.

    Groups' true shares are taken to be draws from a beta distribution; its mean and
    the correlation within groups are given flat priors and averaged over, so that the
    intervals count how little few groups say of them. In
    95 of 100 groups the interval holds the group's own true share (not in 95 of 100
    studies of one group that was chosen for being extreme).

    Args:
        hits: Hits per group, at least 0, shape (groups,); fractions of effective
            numbers are allowed.
        n: Members per group, at least the hits; 0 where nothing is known of it.
        level: Nominal coverage over groups.

    Returns:
        One estimate per group, in order; NaN, with the reason, where fewer than
        ten groups have members.

    Raises:
        AnalysisError: If a group has fewer than no hits or more than members.

    Source:
        Morris (1983), "Parametric empirical Bayes inference: theory and
        applications"; Griffiths (1973), "Maximum likelihood estimation for the
        beta-binomial distribution" (the likelihood).

    >>> hits = np.array([0.0, 3, 30, 10, 12, 9, 11, 14, 8, 12])
    >>> n = np.array([3.0, 3, 50, 50, 50, 50, 50, 50, 50, 50])
    >>> [round(each.value, 2) for each in shrunken_shares(hits, n)[:4]]
    [0.21, 0.51, 0.55, 0.21]
    """
    if not ((hits >= 0).all() and (hits <= n).all()):
        raise AnalysisError("hits of a group must lie between 0 and its members")
    if (n > 0).sum() < MIN_GROUPS:
        return [_unknown(level) for _ in n]
    prior = _prior(hits, n)
    # Groups alike are the same sum; there may be thousands of one member.
    rows, place = np.unique(np.column_stack([hits, n]), axis=0, return_inverse=True)
    alpha = prior.alpha + rows[:, :1]
    beta = prior.beta + rows[:, 1:] - rows[:, :1]
    total = alpha + beta
    means = alpha / total
    mean = means @ prior.weight
    within = (means * (1 - means) / (total + 1)) @ prior.weight
    variance = within + (means - mean[:, None]) ** 2 @ prior.weight
    size = mean * (1 - mean) / variance - 1
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = (stats.beta.ppf(t, mean * size, (1 - mean) * size) for t in tails)
    return [
        Estimate(
            value=float(mean[at]),
            low=float(low[at]),
            high=float(high[at]),
            n=round(float(rows[at, 1])),
            level=level,
            standard_error=float(np.sqrt(variance[at])),
            method="shrunk towards all groups (beta-binomial)",
        )
        for at in place.ravel()
    ]


@dataclass(frozen=True, kw_only=True)
class _Prior:
    """Likely beta distributions of groups' shares, shape (points,) each."""

    alpha: Floats
    beta: Floats
    weight: Floats


def _prior(hits: Floats, n: Floats) -> _Prior:
    """A grid over mean (logit) and weight (log), closed in on what is likely."""
    rows, counts = np.unique(
        np.column_stack([hits, n])[n > 0], axis=0, return_counts=True
    )
    middle = float(np.log(np.median(n[n > 0])))
    axes = [np.linspace(-9.0, 9.0, _POINTS), np.linspace(-7.0, 7.0, _POINTS) + middle]
    for _ in range(_ROUNDS - 1):
        likely = _density(axes, rows, counts) > -_NEGLIGIBLE
        axes = [
            _around(values[likely], step=axis[1] - axis[0])
            for values, axis in zip(_grid(axes), axes, strict=True)
        ]
    logit, log_size = _grid(axes)
    weight = np.exp(_density(axes, rows, counts))
    return _Prior(
        alpha=expit(logit) * np.exp(log_size),
        beta=expit(-logit) * np.exp(log_size),
        weight=weight / weight.sum(),
    )


def _grid(axes: list[Floats]) -> tuple[Floats, Floats]:
    """Both hyperparameters of every point, shape (points,) each."""
    logit, log_size = np.meshgrid(*axes, indexing="ij")
    return logit.ravel(), log_size.ravel()


def _density(axes: list[Floats], rows: Floats, counts: npt.NDArray[np.int_]) -> Floats:
    """Log posterior density of every point, 0 at the highest.

    Flat in the mean and in 1 / (1 + size), the correlation within groups.
    """
    logit, log_size = _grid(axes)
    mean, size = expit(logit), np.exp(log_size)
    alpha, beta = mean * size, expit(-logit) * size
    of_groups = betaln(alpha + rows[:, :1], beta + rows[:, 1:] - rows[:, :1])
    density = np.log(mean) + np.log(expit(-logit)) + log_size - 2 * np.log(size + 1)
    density += counts @ (of_groups - betaln(alpha, beta))
    return np.asarray(density - density.max())


def _around(values: Floats, *, step: float) -> Floats:
    return np.linspace(values.min() - step, values.max() + step, _POINTS)


def _unknown(level: float) -> Estimate:
    return Estimate(
        value=nan,
        low=nan,
        high=nan,
        n=0,
        level=level,
        method=f"fewer than {MIN_GROUPS} groups do not show how groups differ",
    )
