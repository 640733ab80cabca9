"""What a pilot tells of a study that is planned."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from analysis.planning.designs import intercept
from analysis.statistics.frame_checks import FloatArray, check_columns, numbers_of

Codes = npt.NDArray[np.int_]
_NODES: Final = 61


def effect_spread(
    frame: pd.DataFrame,
    *,
    value: str,
    condition: str,
    participant: str = "participant",
    spread: float,
) -> float | None:
    """How much the effect of conditions differs between people, in log odds.

    How alike two responses of a person are within a condition, beyond how alike they
    are in two conditions, is the variance of what a condition does to a person; two
    conditions differ by its double. Brought from shares to log odds by the mean slope
    of the logistic curve. With few people it is a rough number: zero means that none
    was seen.

    Args:
        frame: One row per response.
        value: Column of 0 and 1, or booleans.
        condition: Column that names the condition.
        participant: Column that names the person.
        spread: Standard deviation of people and images together, log odds.

    Returns:
        The standard deviation of a person's difference between two conditions; None
        where nobody met two conditions, nobody one of them twice, or all responses
        are equal.

    Raises:
        AnalysisError: Naming missing columns or bad rows.

    Source:
        Gao & Owen (2017), "Efficient moment calculations for variance components in
        large unbalanced crossed random effects models" (moments by pairs of rows).

    >>> frame = pd.DataFrame({
    ...     "participant": list("aaaabbbb"), "shown": list("xxyyxxyy"),
    ...     "right": [1, 1, 0, 0, 0, 0, 1, 1]})
    >>> found = effect_spread(frame, value="right", condition="shown", spread=0.0)
    >>> round(found, 2)    # pairs: 0.25 within, -0.25 between conditions; slope 1/4
    4.0
    """
    check_columns(frame, [condition, participant])
    values = numbers_of(frame, value)
    if frame.empty:
        return None
    person = np.asarray(pd.factorize(frame[participant])[0], dtype=int)
    codes, names = pd.factorize(frame[condition])
    group = np.asarray(codes, dtype=int)
    mean = np.bincount(group, values) / np.bincount(group)
    away = values - mean[group]
    cells = _table(person, group, away, n_groups=len(names))
    counts = _table(person, group, np.ones(len(away)), n_groups=len(names))
    centre = float(np.mean(mean))
    n_same = float((counts * (counts - 1)).sum())
    n_apart = float((counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)).sum())
    if n_same == 0 or n_apart == 0 or not 0 < centre < 1:
        return None
    same = (float((cells**2).sum()) - float(away @ away)) / n_same
    apart = float((cells.sum(axis=1) ** 2 - (cells**2).sum(axis=1)).sum()) / n_apart
    return sqrt(2 * max(same - apart, 0.0)) / _slope(centre, spread)


def _table(
    person: Codes, group: Codes, weights: FloatArray, *, n_groups: int
) -> FloatArray:
    """Sums of weights, people by groups."""
    size = (int(person.max()) + 1) * n_groups
    cells = np.bincount(person * n_groups + group, weights, minlength=size)
    return np.asarray(cells, dtype=float).reshape(-1, n_groups)


def _slope(share: float, spread: float) -> float:
    """How far a share moves with the log odds of everybody, on average."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    centre = intercept(share, spread=spread)
    chances = expit(centre + spread * nodes)
    return float(weights @ (chances * (1 - chances)) / weights.sum())
