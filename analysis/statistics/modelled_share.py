"""The share of images that are wrong by Dawid and Skene's model, with its interval.

The variance is that of independent images plus what people add, found by leaving
out groups of people and fitting anew. What chance does in a single vote is in both
parts, which makes the interval rather too wide.

Source:
    Dawid & Skene (1979), "Maximum likelihood estimation of observer error-rates
    using the EM algorithm"; Kott (2001), "The delete-a-group jackknife".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.statistics.aggregation.ascent import Ascent
from analysis.statistics.aggregation.confusion_model import ConfusionModel
from analysis.statistics.aggregation.dawid_skene import DawidSkene, Prior, dawid_skene
from analysis.statistics.aggregation.vote_counts import VoteCounts
from analysis.statistics.frame_checks import FloatArray
from analysis.statistics.image_clusters import Ways
from analysis.statistics.intervals import (
    LEVEL,
    Estimate,
    critical_value,
    joined_dof,
    no_estimate,
    score_bounds,
)

_CLASSES: Final = (False, True)
PRIOR: Final = Prior(tasks=1, same=2, other=1)
N_STARTS: Final = 5
SEED: Final = 20180911


@dataclass(frozen=True, kw_only=True)
class GroupedFits:
    """The model fitted to everybody, and without each group of people.

    Attributes:
        fit: With everybody.
        left_out: Mean probability of being wrong without each group, shape
            (groups, series of trials); NaN where a series has no vote left.
    """

    fit: DawidSkene
    left_out: np.ndarray


def fit_in_groups(
    votes: pd.DataFrame,
    known: pd.Series,
    series: Sequence[pd.Series],
    *,
    n_groups: int,
) -> GroupedFits:
    """Fit with everybody, and without each of some groups of people.

    Args:
        votes: Columns task, worker, label (bool); one row per vote.
        known: Task to truth (bool), for tasks whose truth is known.
        series: Tasks to average over, one entry per image.
        n_groups: Groups, at most one per person; people are dealt out in the order
            of their ids, which are random.

    >>> votes = pd.DataFrame({
    ...     "task": list("aaabbbccc"), "worker": list("uvw") * 3,
    ...     "label": [True, True, False, False, False, False, True, True, True],
    ... })
    >>> known = pd.Series({"c": True})
    >>> fits = fit_in_groups(votes, known, [pd.Series(["a", "b"])], n_groups=3)
    >>> fits.left_out.shape, bool(fits.fit.posteriors[False]["b"] > 0.9)
    ((3, 1), True)
    """
    whole = _fit(votes, known)
    people = np.sort(votes["worker"].unique())
    groups = [people[start::n_groups] for start in range(min(n_groups, len(people)))]
    counts = VoteCounts.of(
        votes, classes=_CLASSES, known=_known(votes, known), repeats="refuse"
    )
    found = whole.posteriors.to_numpy(dtype=float).T
    places = [counts.tasks.get_indexer(pd.Index(trials)) for trials in series]
    left_out = [
        _left_out(counts, pd.Index(group), start=found, places=places)
        for group in groups
    ]
    return GroupedFits(
        fit=whole,
        left_out=np.array(left_out, dtype=float).reshape(len(groups), len(series)),
    )


def modelled_share(
    wrong: np.ndarray,
    left_out: np.ndarray,
    *,
    n_images: int,
    n_wrong: int,
    level: float = LEVEL,
    ways: Ways | None = None,
) -> Estimate:
    """Share of all images that are wrong, from probabilities of those by the label.

    Args:
        wrong: Probability of being wrong of each error with a vote, shape (errors,).
        left_out: Their mean without each group of people, shape (groups,).
        n_images: Every image the classifier saw.
        n_wrong: Every image it got wrong by the label.
        level: Nominal coverage.
        ways: In which ways those errors' images belong together, if any do. Which
            images are wrong by the label is taken to cluster as much as probabilities
            do.

    Returns:
        NaN with n = 0 where no error has a vote.

    >>> found = modelled_share(
    ...     np.array([1.0, 0.5, 0.0, 0.5]), np.array([0.5, 0.5]), n_images=20, n_wrong=8
    ... )
    >>> found.value                                        # 8 / 20 * mean of 0.5
    0.2
    """
    if len(wrong) == 0 or n_images == 0:
        return no_estimate(level=level, target="images like these")
    share_wrong, mean = n_wrong / n_images, float(wrong.mean())
    value = share_wrong * mean
    images, images_dof = _of_images(
        wrong, ways, mean=mean, n_images=n_images, n_wrong=n_wrong
    )
    kept = share_wrong * left_out[~np.isnan(left_out)]
    n_groups = len(kept)
    people = 0.0
    if n_groups > 1:
        squares = float(((kept - kept.mean()) ** 2).sum())
        people = (n_groups - 1) / n_groups * squares
    variance = images + people
    dof = joined_dof((images, images_dof), (people, max(n_groups - 1, 1)))
    alone = value * (1 - value)
    n_effective = alone / variance if alone * variance > 0 else float(n_images)
    critical = critical_value(level=level, dof=dof)
    low, high = score_bounds(value, n_effective, critical=critical)
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=n_images,
        level=level,
        standard_error=sqrt(variance),
    )


def _of_images(
    wrong: np.ndarray, ways: Ways | None, *, mean: float, n_images: int, n_wrong: int
) -> tuple[float, float]:
    """Variance that other images would add, and its degrees of freedom."""
    value = n_wrong / n_images * mean
    chances = n_wrong * (mean - value) ** 2 + (n_images - n_wrong) * value**2
    away = wrong - mean
    told = float(away @ away) * (n_wrong / len(wrong)) ** 2
    if ways is None:
        return (chances + told) / n_images**2, inf
    effect = ways.effect(away)
    spread = len(wrong) * mean * (1 - mean)
    share_told = float(away @ away) / spread if spread > 0 else 0.0
    chances *= ways.effect_on_chances(effect, told=share_told)
    return (chances + told * effect) / n_images**2, ways.dof()


def _fit(votes: pd.DataFrame, known: pd.Series) -> DawidSkene:
    return dawid_skene(
        votes,
        classes=_CLASSES,
        prior=PRIOR,
        known=_known(votes, known),
        n_starts=N_STARTS,
        rng=np.random.default_rng(SEED),
    )


def _known(votes: pd.DataFrame, known: pd.Series) -> pd.Series | None:
    there = known[known.index.isin(votes["task"])]
    return there if len(there) else None


def _left_out(
    counts: VoteCounts,
    people: pd.Index,
    *,
    start: FloatArray,
    places: Sequence[npt.NDArray[np.int_]],
) -> list[float]:
    """Mean probability of being wrong, per series of trials with a vote left."""
    fewer = counts.without(people)
    wrong = np.full(len(counts.tasks) + 1, nan)
    kept = counts.tasks.get_indexer(fewer.tasks)
    if fewer.n:
        model = ConfusionModel(fewer, prior=PRIOR, class_shares="estimated")
        wrong[kept] = Ascent(model).run(start[:, kept]).posterior[0]
    # Trials that nobody voted on have the place -1, which is the last one, NaN.
    return [_mean(wrong[place]) for place in places]


def _mean(values: FloatArray) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else nan
