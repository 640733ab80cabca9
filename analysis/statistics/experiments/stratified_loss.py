"""Do conditions within people lose the same share of responses?

Whoever is quick, or careless, loses many responses in every condition: a chi-square
test of all responses takes them as independent. Here each person is compared with
nobody but the same person.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.frame_checks import check_binary, check_columns, numbers_of


@dataclass(frozen=True, kw_only=True)
class StratifiedTest:
    """A test that conditions lose the same share within people.

    Attributes:
        statistic: Mantel and Haenszel's chi-square; NaN without a test.
        df: Degrees of freedom.
        p_value: NaN where there is nothing to compare.
        n_people: People who lost some responses, not all, and met two conditions.
        method: Which test, or why there is none.
    """

    statistic: float
    df: int
    p_value: float
    n_people: int
    method: str


def equal_loss_within_people(
    frame: pd.DataFrame, *, lost: str, condition: str, participant: str = "participant"
) -> StratifiedTest:
    """Test that every condition loses the same share of each person's responses.

    Given how many responses of a person were lost, and how many the person gave in
    each condition, which of them were lost is as if drawn at random. What was lost of
    a condition beyond that is added up over people.

    Args:
        frame: One row per response given.
        lost: Column of 0 and 1: whether the response does not count.
        condition: Column that names the condition.
        participant: Column that names the person.

    Raises:
        AnalysisError: Naming missing columns, empty cells, or values other than 0
            and 1.

    Source:
        Mantel & Haenszel (1959), "Statistical aspects of the analysis of data from
        retrospective studies of disease"; for several conditions Landis, Heyman &
        Koch (1978), "Average partial association in three-way contingency tables".

    >>> frame = pd.DataFrame({
    ...     "participant": ["p"] * 4 + ["q"] * 4, "condition": list("aabb") * 2,
    ...     "lost": [1, 1, 0, 0, 1, 0, 0, 0]})
    >>> found = equal_loss_within_people(frame, lost="lost", condition="condition")
    >>> round(found.statistic, 3)  # (1 + .5)² / (1/3 + 1/4)
    3.857
    """
    check_columns(frame, [lost, condition, participant])
    check_binary(numbers_of(frame, lost), lost)
    groups, names = pd.factorize(frame[condition])
    people, who = pd.factorize(frame[participant])
    cell = people * len(names) + groups
    shape = (len(who), len(names))
    size = shape[0] * shape[1]
    n = np.bincount(cell, minlength=size).reshape(shape).astype(float)
    gone = np.bincount(cell, weights=numbers_of(frame, lost), minlength=size)
    gone = gone.reshape(shape)
    total, n_gone = n.sum(axis=1), gone.sum(axis=1)
    tells = (n_gone > 0) & (n_gone < total) & ((n > 0).sum(axis=1) > 1)
    n, gone, total, n_gone = (each[tells] for each in (n, gone, total, n_gone))
    if not tells.any():
        return StratifiedTest(
            statistic=nan, df=0, p_value=nan, n_people=0,
            method="no test: nobody who met two conditions lost a part of the responses",
        )  # fmt: skip
    shares = n / total[:, None]
    away = (gone - n_gone[:, None] * shares).sum(axis=0)
    scale = n_gone * (total - n_gone) / (total - 1)
    covariance = np.diag(scale @ shares) - (shares * scale[:, None]).T @ shares
    inverse = np.linalg.pinv(covariance, hermitian=True)
    df = int(np.linalg.matrix_rank(covariance, hermitian=True))
    statistic = float(away @ inverse @ away)
    return StratifiedTest(
        statistic=statistic,
        df=df,
        p_value=float(stats.chi2.sf(statistic, df)),
        n_people=int(tells.sum()),
        method="Mantel-Haenszel test within people",
    )
