"""k of n: a trial is accepted when at least k of its n people accept it.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", section 3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError

VOTE_COLUMNS = ("trial", "participant", "accepts")


def tally(votes: pd.DataFrame, *, n: int) -> pd.DataFrame:
    """How many people accepted each trial.

    Args:
        votes: Columns trial, participant, accepts (bool); one row per counted
            vote.
        n: Votes a trial needs to be resolved.

    Returns:
        Index trial; columns n_votes, n_yes, is_resolved.

    Raises:
        AnalysisError: If somebody voted twice on a trial, or a trial has more
            than n votes (choose the first n by acceptance order before).

    >>> votes = pd.DataFrame(
    ...     {"trial": ["a", "a"], "participant": ["p", "q"], "accepts": [True, False]}
    ... )
    >>> int(tally(votes, n=2).loc["a", "n_yes"])
    1
    """
    twice = votes.duplicated(["trial", "participant"])
    if twice.any():
        row = votes[twice].iloc[0]
        raise AnalysisError(
            f"participant {row['participant']} voted more than once on trial "
            f"{row['trial']} ({int(twice.sum())} such votes); one vote per person "
            "and trial was expected"
        )
    grouped = votes.groupby("trial", sort=True)["accepts"]
    counted = pd.DataFrame({"n_votes": grouped.size(), "n_yes": grouped.sum()})
    counted = counted.astype(int)
    if (counted["n_votes"] > n).any():
        trial = counted.index[counted["n_votes"] > n][0]
        raise AnalysisError(
            f"trial {trial} has {counted.loc[trial, 'n_votes']} counted votes; at "
            f"most {n} were expected (the first {n} valid ones by acceptance order)"
        )
    counted["is_resolved"] = counted["n_votes"] == n
    return counted


def pivotal(
    trials: npt.NDArray[np.int_], accepts: npt.NDArray[np.float64], *, k: int
) -> npt.NDArray[np.bool_]:
    """Whether each vote alone decides its trial: the others have exactly k - 1 yes.

    Args:
        trials: Trial of each vote as a number from 0, shape (votes,).
        accepts: 1.0 for yes, 0.0 for no, shape (votes,); all votes of a trial.
        k: Yes votes needed.

    >>> pivotal(np.array([0, 0, 0]), np.array([1.0, 1.0, 0.0]), k=2).tolist()
    [True, True, False]
    """
    others = np.bincount(trials, weights=accepts)[trials] - accepts
    return np.asarray(others == k - 1)
