"""Whether two deciders err on the same trials, beyond what their accuracies give.

Two deciders who are right on 90 % of trials are both right or both wrong on 82 % by
chance alone. Error consistency is the agreement of their being right, beyond that.

Source:
    Geirhos, Meding & Wichmann (2020), "Beyond accuracy: quantifying trial-by-trial
    behaviour of CNNs and humans by measuring error consistency", eq. 1 to 3.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.statistics.agreement import RaterPairs
from analysis.statistics.frame_checks import (
    check_binary,
    check_columns,
    check_once,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL, Estimate

_NAMES = {"rater_a": "decider_a", "rater_b": "decider_b"}


def error_consistency(
    decisions: pd.DataFrame,
    *,
    decider: str,
    trial: str,
    is_right: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> pd.DataFrame:
    """Every two deciders (people, classifiers) on the trials they have in common.

    Args:
        decisions: One row per decider and trial.
        decider: Column that names who decided.
        trial: Column that names the trial.
        is_right: Column of 0 and 1, or booleans.
        clusters: Columns that name the cluster of a trial (its scene, its video),
            where trials belong together.
        level: Nominal coverage.

    Returns:
        Columns decider_a, decider_b, n_shared, accuracy_a, accuracy_b, observed
        (share of trials on which both are right or both wrong), expected, kappa,
        low, high (for these two and other trials), method (or why there is no
        interval). kappa is NaN where both are always right or both always wrong:
        there is nothing to be consistent about. Limits as in `alpha_interval`.

    Raises:
        AnalysisError: If a decider decided a trial twice, or rows are bad.

    >>> frame = pd.DataFrame({
    ...     "who": ["p"] * 4 + ["net"] * 4, "trial": [1, 2, 3, 4] * 2,
    ...     "right": [1, 1, 1, 0, 1, 1, 0, 0],
    ... })
    >>> found = error_consistency(
    ...     frame, decider="who", trial="trial", is_right="right"
    ... )
    >>> found[["observed", "expected", "kappa"]].round(3).to_numpy().tolist()
    [[0.75, 0.5, 0.5]]
    """
    pairs = _pairs(
        decisions, decider=decider, trial=trial, is_right=is_right, clusters=clusters
    )
    found = pairs.table().rename(columns=_NAMES)
    cells = np.bincount(
        pairs.pair * 4 + 2 * pairs.first + pairs.second, minlength=4 * len(found)
    ).reshape(-1, 4)
    n = found["n_shared"].to_numpy()
    found.insert(3, "accuracy_a", (cells[:, 2] + cells[:, 3]) / n)
    found.insert(4, "accuracy_b", (cells[:, 1] + cells[:, 3]) / n)
    name = "error consistency"
    ends = [
        replace(pairs.only(row).coefficient(name, drawn=[]), value=kappa).estimate(
            level=level
        )
        for row, kappa in enumerate(found["kappa"])
    ]
    return found.assign(
        low=[each.low for each in ends],
        high=[each.high for each in ends],
        method=[each.method for each in ends],
    )


def mean_error_consistency(
    decisions: pd.DataFrame,
    *,
    decider: str,
    trial: str,
    is_right: str,
    between: tuple[Collection[str], Collection[str]] | None = None,
    drawn: Collection[str] | None = None,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Error consistency over all pairs of deciders, for people who share few trials.

    Agreement beyond chance, added up over pairs, as a share of what was possible
    beyond chance. Chance is that of two different trials, so that pairs with few
    trials in common do not pull it down.

    Args:
        decisions: As in `error_consistency`.
        decider: Column that names who decided.
        trial: Column that names the trial.
        is_right: Column of 0 and 1, or booleans.
        between: Two sets of deciders: only pairs of one from each (people and a
            classifier); every pair unless given.
        drawn: Deciders who stand for others like them (people); classifiers are the
            ones they are. Everybody unless given, or with `between` the first set.
        clusters: As in `error_consistency`.
        level: Nominal coverage.

    Returns:
        `n` counts pairs of decisions on one trial, `n_stimuli` trials. Where those
        drawn are fewer than 15, the interval is for them and other trials, and
        `method` says so; limits as in `alpha_interval`.

    Raises:
        AnalysisError: If a decider decided a trial twice, or rows are bad.

    >>> frame = pd.DataFrame({
    ...     "who": ["p"] * 4 + ["q"] * 4, "trial": [1, 2, 3, 4] * 2,
    ...     "right": [1, 1, 1, 0, 1, 1, 0, 0],
    ... })
    >>> found = mean_error_consistency(
    ...     frame, decider="who", trial="trial", is_right="right"
    ... )
    >>> round(found.value, 4)               # (3 - 5 / 3) / (4 - 5 / 3)
    0.5714
    """
    pairs = _pairs(
        decisions, decider=decider, trial=trial, is_right=is_right, clusters=clusters
    )
    if drawn is None:
        drawn = between[0] if between is not None else set(decisions[decider])
    if between is not None:
        pairs = _between(pairs, *(frozenset(each) for each in between))
    name = "error consistency, pooled over pairs"
    return pairs.coefficient(name, drawn=sorted(drawn)).estimate(level=level)


def _pairs(
    decisions: pd.DataFrame,
    *,
    decider: str,
    trial: str,
    is_right: str,
    clusters: Sequence[str],
) -> RaterPairs:
    check_columns(decisions, [decider, trial, is_right, *clusters])
    check_once(decisions, [decider, trial], what="a decider decided a trial twice")
    right = numbers_of(decisions, is_right)
    check_binary(right, is_right)
    rows = decisions.assign(**{is_right: right})
    pairs = RaterPairs.of(
        rows, rater=decider, unit=trial, value=is_right, clusters=clusters
    )
    # Where everybody was always right (or wrong), there is one value only.
    shift = int(right.min(initial=1.0)) if pairs.n_values == 1 else 0
    return replace(
        pairs, first=pairs.first + shift, second=pairs.second + shift, n_values=2
    )


def _between(
    pairs: RaterPairs, one: Collection[str], other: Collection[str]
) -> RaterPairs:
    """Only pairs of one decider of each set."""
    a, b = pairs.raters["rater_a"], pairs.raters["rater_b"]
    kept = (a.isin(one) & b.isin(other)) | (a.isin(other) & b.isin(one))
    return pairs.only(np.flatnonzero(kept))
