"""A share of a whole of which every stratum was sampled at its own rate.

What was drawn is known; only the members that nobody drew are uncertain. So the
interval shrinks to the share itself as strata are drawn wholly.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve
from scipy.special import betaln, gammaln

from analysis.errors import AnalysisError
from analysis.statistics.intervals import (
    LEVEL,
    Estimate,
    critical_value,
    no_estimate,
    score_bounds,
)

Floats = npt.NDArray[np.float64]

# Prior hits and misses of a stratum drawn in part, if it is the only one (Jeffreys).
_PRIOR: Final = 0.5
# From so many members on, sums over strata are taken by Fourier transform.
_LONG: Final = 200


def stratified_share(
    hits: Floats, drawn: Floats, *, sizes: Floats, level: float = LEVEL
) -> Estimate:
    """A share of a finite whole, from draws without replacement in every stratum.

    The interval is for the members that were not drawn, two ways, the wider of
    which counts at either end. Beta-binomial: how many of a stratum's other members
    are hits, added up over strata (right where a stratum shows no or only hits).
    Normal: Wilson's score bounds with the finite population correction, a stratum's
    own share taken with one draw of the share of all (right where shares differ
    between strata of a few draws).

    Args:
        hits: Hits per stratum, shape (strata,).
        drawn: Draws per stratum, at least one each, shape (strata,).
        sizes: Members per stratum in the whole, shape (strata,).
        level: Nominal coverage.

    Returns:
        NaN with n = 0 without strata; both ends are the share itself where
        everything was drawn.

    Raises:
        AnalysisError: If a stratum has no draw, more draws than members, or more
            hits than draws.

    Source:
        Cochran (1977), "Sampling Techniques", eqs. 5.6 and 5.10 (variance with the
        finite population correction); Ericson (1969), "Subjective Bayesian models
        in sampling finite populations" (beta-binomial). The prior's weight, 1/2 by
        the root of the number of strata drawn in part, so that priors do not add up
        over strata, was chosen by simulation (`docs/coverage/audit.md`).

    >>> estimate = stratified_share(
    ...     np.array([0.0, 5.0]), np.array([10.0, 10.0]), sizes=np.array([30.0, 10.0])
    ... )
    >>> estimate.value, estimate.low    # 30/40 * 0/10 + 10/40 * 5/10; 5 hits are known
    (0.125, 0.125)
    """
    if len(drawn) == 0 or sizes.sum() == 0:
        return no_estimate(level=level, target="ignores people")
    _check(hits, drawn, sizes)
    share = float((sizes * hits / drawn).sum() / sizes.sum())
    variance = _variance(hits, drawn, sizes=sizes)
    low, high = share, share
    if variance > 0:
        ends = (
            _normal_ends(share, variance, n=float(drawn.sum()), level=level),
            _counted_ends(hits, drawn, sizes=sizes, level=level),
        )
        low = max(min(low, *(end[0] for end in ends)), hits.sum() / sizes.sum())
        missed = (drawn - hits).sum() / sizes.sum()
        high = min(max(high, *(end[1] for end in ends)), 1 - missed)
    return Estimate(
        value=share,
        low=float(low),
        high=float(high),
        n=int(drawn.sum()),
        level=level,
        standard_error=sqrt(variance),
        target="ignores people",
    )


def _variance(hits: Floats, drawn: Floats, *, sizes: Floats) -> float:
    """Cochran's, every stratum's share taken with one draw of the share of all."""
    weights = sizes / sizes.sum()
    n = drawn.sum()
    overall = (weights @ (hits / drawn) * n + 0.5) / (n + 1)
    shares = (hits + overall) / (drawn + 1)
    left = (sizes - drawn) / np.maximum(sizes - 1, 1)
    return float(weights**2 @ (left * shares * (1 - shares) / drawn))


def _normal_ends(
    share: float, variance: float, *, n: float, level: float
) -> tuple[float, float]:
    """Score bounds at the effective number of draws."""
    like = share if 0 < share < 1 else (share * n + 0.5) / (n + 1)
    critical = critical_value(level=level, dof=float("inf"))
    return score_bounds(share, like * (1 - like) / variance, critical=critical)


def _counted_ends(
    hits: Floats, drawn: Floats, *, sizes: Floats, level: float
) -> tuple[float, float]:
    """Quantiles (mid-distribution) of the hits there are in all."""
    is_part = drawn < sizes
    prior = _PRIOR / sqrt(is_part.sum())
    chances = np.ones(1)
    for n_hits, n, size in zip(
        hits[is_part], drawn[is_part], sizes[is_part], strict=True
    ):
        more = _beta_binomial(
            int(size - n), hits=n_hits + prior, misses=n - n_hits + prior
        )
        both = np.convolve if len(more) < _LONG else fftconvolve
        chances = np.maximum(both(chances, more), 0)
    middle = np.cumsum(chances) - chances / 2
    tail = (1 - level) / 2
    low = np.searchsorted(middle, tail)
    high = np.searchsorted(middle, 1 - tail, side="right") - 1
    known, total = hits.sum(), sizes.sum()
    return (known + min(low, len(chances) - 1)) / total, (known + max(high, 0)) / total


def _beta_binomial(n: int, *, hits: float, misses: float) -> Floats:
    """Chances of 0 to n hits in n more draws, shape (n + 1,)."""
    k = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    chance = betaln(k + hits, n - k + misses) - betaln(hits, misses)
    return np.asarray(np.exp(ways + chance))


def _check(hits: Floats, drawn: Floats, sizes: Floats) -> None:
    if not (drawn >= 1).all():
        raise AnalysisError("every stratum needs at least one draw")
    if (drawn > sizes).any():
        raise AnalysisError("a stratum has more draws than members")
    if ((hits < 0) | (hits > drawn)).any():
        raise AnalysisError("a stratum's hits must lie between 0 and its draws")
