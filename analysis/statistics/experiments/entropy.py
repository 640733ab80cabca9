"""How many different answers people give, in bits."""

from __future__ import annotations

from math import log, log2, nan

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisError

ESTIMATOR = "Miller and Madow's estimator"


def response_entropy(counts: npt.ArrayLike, *, n_choices: int = 0) -> float:
    """Entropy of answers, in bits: 0 where all are the same, log2(n) for n alike often.

    The entropy of the shares themselves is too low on average, by about (m - 1) / 2n
    for m answers that occur among n responses; that much is added. It is an estimate
    for independent responses and has no interval: near its greatest value, where most
    studies lie, the first-order variance is zero, and what is left is not normal.

    Args:
        counts: How often each answer was given, shape (answers,).
        n_choices: Answers there could be; the estimate is cut at their logarithm.
            Not cut where 0.

    Returns:
        NaN without responses.

    Raises:
        AnalysisError: If a count is below zero.

    Source:
        Miller (1955), "Note on the bias of information estimates", eq. 7.

    >>> response_entropy([8, 0])
    0.0
    >>> round(response_entropy([4, 4]), 4)         # 1 + 1 / (2 · 8 · ln 2)
    1.0902
    >>> response_entropy([4, 4], n_choices=2)
    1.0
    """
    given = np.asarray(counts, dtype=float)
    if (given < 0).any():
        raise AnalysisError(
            f"counts of answers must not be negative, got {given.min()}"
        )
    n = float(given.sum())
    if n == 0:
        return nan
    shares = given[given > 0] / n
    plain = -float(shares @ np.log2(shares)) + 0.0
    found = plain + (len(shares) - 1) / (2 * n * log(2))
    return min(found, log2(n_choices)) if n_choices else found
