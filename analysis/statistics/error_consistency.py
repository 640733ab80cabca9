"""Whether two deciders err on the same trials, beyond what their accuracies give.

Two deciders who are right on 90 % of trials are both right or both wrong on 82 % by
chance alone. Error consistency is the agreement of their being right, beyond that.

Source:
    Geirhos, Meding & Wichmann (2020), "Beyond accuracy: quantifying trial-by-trial
    behaviour of CNNs and humans by measuring error consistency", eq. 1 to 3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import nan

import numpy as np
import pandas as pd

from analysis.statistics.agreement import AgreementEstimate, RaterPairs, percentile_ends
from analysis.statistics.frame_checks import (
    check_binary,
    check_columns,
    check_once,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL

_NAMES = {"rater_a": "decider_a", "rater_b": "decider_b"}


def error_consistency(
    decisions: pd.DataFrame,
    *,
    decider: str,
    trial: str,
    is_right: str,
    rng: np.random.Generator,
    n_draws: int = 1000,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Every two deciders (people, classifiers) on the trials they have in common.

    Args:
        decisions: One row per decider and trial.
        decider: Column that names who decided.
        trial: Column that names the trial.
        is_right: Column of 0 and 1, or booleans.
        rng: Draws trials anew for the intervals.
        n_draws: How many draws.
        level: Nominal coverage.

    Returns:
        Columns decider_a, decider_b, n_shared, accuracy_a, accuracy_b, observed
        (share of trials on which both are right or both wrong), expected, kappa,
        low, high (percentiles, trials drawn anew). kappa is NaN where both are
        always right or both always wrong: there is nothing to be consistent about.

    Raises:
        AnalysisError: If a decider decided a trial twice, or rows are bad.

    >>> frame = pd.DataFrame({
    ...     "who": ["p"] * 4 + ["net"] * 4, "trial": [1, 2, 3, 4] * 2,
    ...     "right": [1, 1, 1, 0, 1, 1, 0, 0],
    ... })
    >>> found = error_consistency(
    ...     frame, decider="who", trial="trial", is_right="right",
    ...     rng=np.random.default_rng(0),
    ... )
    >>> found[["observed", "expected", "kappa"]].round(3).to_numpy().tolist()
    [[0.75, 0.5, 0.5]]
    """
    pairs = _pairs(decisions, decider=decider, trial=trial, is_right=is_right)
    found = pairs.table().rename(columns=_NAMES)
    cells = np.bincount(
        pairs.pair * 4 + 2 * pairs.first + pairs.second, minlength=4 * len(found)
    ).reshape(-1, 4)
    n = found["n_shared"].to_numpy()
    found.insert(3, "accuracy_a", (cells[:, 2] + cells[:, 3]) / n)
    found.insert(4, "accuracy_b", (cells[:, 1] + cells[:, 3]) / n)
    ends = [
        _ends(each, rng=rng, n_draws=n_draws, level=level) if each.sum() > 1 else _NONE
        for each in cells
    ]
    return found.assign(low=[end[0] for end in ends], high=[end[1] for end in ends])


_NONE = (nan, nan)


def mean_error_consistency(
    decisions: pd.DataFrame,
    *,
    decider: str,
    trial: str,
    is_right: str,
    rng: np.random.Generator,
    between: tuple[Collection[str], Collection[str]] | None = None,
    n_draws: int = 500,
    level: float = LEVEL,
) -> AgreementEstimate:
    """Error consistency over all pairs of deciders, for people who share few trials.

    Agreement beyond chance, added up over pairs, as a share of what was possible
    beyond chance. Chance is that of two different trials, so that pairs with few
    trials in common do not pull it down.

    Args:
        decisions: As in `error_consistency`.
        decider: Column that names who decided.
        trial: Column that names the trial.
        is_right: Column of 0 and 1, or booleans.
        rng: Draws trials anew for the interval.
        between: Two sets of deciders: only pairs of one from each (people and a
            classifier); every pair unless given.
        n_draws: How many draws.
        level: Nominal coverage.

    >>> frame = pd.DataFrame({
    ...     "who": ["p"] * 4 + ["q"] * 4, "trial": [1, 2, 3, 4] * 2,
    ...     "right": [1, 1, 1, 0, 1, 1, 0, 0],
    ... })
    >>> found = mean_error_consistency(
    ...     frame, decider="who", trial="trial", is_right="right",
    ...     rng=np.random.default_rng(0),
    ... )
    >>> round(found.value, 4)               # (3 - 5 / 3) / (4 - 5 / 3)
    0.5714
    """
    pairs = _pairs(decisions, decider=decider, trial=trial, is_right=is_right)
    if between is not None:
        pairs = _only(pairs, *(frozenset(each) for each in between))
    n, method = (
        pairs.n_units,
        "error consistency, pooled over pairs, bootstrap over trials",
    )
    value = pairs.pooled(np.ones(n))
    low, high = _NONE
    if not np.isnan(value):
        drawn = [
            pairs.pooled(
                np.bincount(rng.integers(n, size=n), minlength=n).astype(float)
            )
            for _ in range(n_draws)
        ]
        low, high = percentile_ends(np.array(drawn), level=level)
    n_units = len(np.unique(pairs.unit))
    return AgreementEstimate(
        value=value,
        low=low,
        high=high,
        n=len(pairs.pair),
        n_units=n_units,
        method=method,
    )


def _pairs(
    decisions: pd.DataFrame, *, decider: str, trial: str, is_right: str
) -> RaterPairs:
    check_columns(decisions, [decider, trial, is_right])
    check_once(decisions, [decider, trial], what="a decider decided a trial twice")
    right = numbers_of(decisions, is_right)
    check_binary(right, is_right)
    rows = decisions[[decider, trial]].assign(right=right)
    pairs = RaterPairs.of(rows, rater=decider, unit=trial, value="right")
    # Where everybody was always right (or wrong), there is one value only.
    shift = int(right.min(initial=1.0)) if pairs.n_values == 1 else 0
    return replace(
        pairs, first=pairs.first + shift, second=pairs.second + shift, n_values=2
    )


def _only(
    pairs: RaterPairs, one: Collection[str], other: Collection[str]
) -> RaterPairs:
    """Only pairs of one decider of each set."""
    a, b = pairs.raters["rater_a"], pairs.raters["rater_b"]
    kept = (a.isin(one) & b.isin(other)) | (a.isin(other) & b.isin(one))
    places = np.cumsum(kept.to_numpy()) - 1
    rows = kept.to_numpy()[pairs.pair]
    return replace(
        pairs,
        pair=places[pairs.pair[rows]],
        unit=pairs.unit[rows],
        first=pairs.first[rows],
        second=pairs.second[rows],
        raters=pairs.raters[kept].reset_index(drop=True),
    )


def _ends(
    cells: np.ndarray, *, rng: np.random.Generator, n_draws: int, level: float
) -> tuple[float, float]:
    """Percentiles of kappa over tables drawn anew: both wrong, b, a, both right."""
    n = int(cells.sum())
    drawn = rng.multinomial(n, cells / n, size=n_draws) / n
    a, b = drawn[:, 2] + drawn[:, 3], drawn[:, 1] + drawn[:, 3]
    expected = a * b + (1 - a) * (1 - b)
    possible = np.where(expected < 1 - 1e-12, 1 - expected, nan)
    return percentile_ends(
        (drawn[:, 0] + drawn[:, 3] - expected) / possible, level=level
    )
