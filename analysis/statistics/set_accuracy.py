"""Accuracy against sets of accepted labels: an image may be right in several ways.

Nobody judges here, so images are all that is drawn: Wilson's interval for one
classifier, McNemar's test for two. Images whose set is empty have no right answer and
are left out and counted.

Source:
    Beyer, Hénaff, Kolesnikov, Zhai & van den Oord (2020), "Are we done with
    ImageNet?", section 4 (ReaL accuracy).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from math import inf, nan, sqrt
from typing import Final

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import FloatArray, check_columns, check_once
from analysis.statistics.image_clusters import ways_of
from analysis.statistics.intervals import (
    LEVEL,
    Estimate,
    critical_value,
    no_estimate,
    score_bounds,
    wilson,
)
from analysis.statistics.paired import TestResult, mcnemar_exact
from analysis.statistics.shares import two_sided_p

_RULE: Final = "a prediction is accepted from 1 to n votes on"


@dataclass(frozen=True, kw_only=True)
class SetAccuracy:
    """How often a prediction is among an image's accepted labels.

    Attributes:
        accuracy: Share of images with a set, other images drawn anew.
        n_images: Images with a set.
        n_empty: Images without, left out.
    """

    accuracy: Estimate
    n_images: int
    n_empty: int


@dataclass(frozen=True, kw_only=True)
class VotedSets:
    """Sets of accepted labels made of votes.

    Attributes:
        sets: Image to the classes that at least k of n people accept; empty where
            they accept none of those asked about.
        n_unresolved: Pairs of image and class with fewer than n votes, left out.
    """

    sets: dict[Hashable, frozenset[Hashable]]
    n_unresolved: int


def accuracy_on_sets(
    predicted: Sequence[Hashable],
    accepted: Sequence[Collection[Hashable]],
    *,
    clusters: pd.DataFrame | None = None,
    level: float = LEVEL,
) -> SetAccuracy:
    """Share of images whose prediction is one of the accepted labels.

    Args:
        predicted: The class said first, one per image.
        accepted: The accepted classes of each image, in the same order.
        clusters: One row per prediction, in the same order; one column per way in
            which images belong together.
        level: Nominal coverage.

    Returns:
        NaN with n = 0 where every set is empty.

    Raises:
        AnalysisError: If there are not as many predictions as sets.

    >>> found = accuracy_on_sets(["cat", "dog", "fox"], [["cat", "rug"], ["cat"], []])
    >>> found.accuracy.value, found.n_images, found.n_empty
    (0.5, 2, 1)
    """
    _check_lengths(predicted, accepted)
    hits = pd.Series(
        {
            image: float(said in right)
            for image, (said, right) in enumerate(zip(predicted, accepted, strict=True))
            if right
        },
        dtype=float,
    )
    return SetAccuracy(
        accuracy=_share(hits, clusters, level=level),
        n_images=len(hits),
        n_empty=len(predicted) - len(hits),
    )


def _share(hits: pd.Series, clusters: pd.DataFrame | None, *, level: float) -> Estimate:
    """Share of hits, index image by its place; score bounds at the clusters' worth."""
    alone = wilson(float(hits.sum()), len(hits), level=level)
    if clusters is None or hits.empty:
        return alone
    ways = ways_of(hits.index, clusters.reset_index(drop=True))
    effect = ways.effect((hits - hits.mean()).to_numpy())
    critical = critical_value(level=level, dof=ways.dof())
    low, high = score_bounds(alone.value, len(hits) / effect, critical=critical)
    return replace(
        alone,
        low=low,
        high=high,
        standard_error=alone.standard_error * sqrt(effect),
        design_effect=effect,
        dof=ways.dof(),
    )


def sampled_accuracy(
    hits: FloatArray,
    drawn: FloatArray,
    *,
    sizes: FloatArray,
    effect: float = 1.0,
    dof: float = inf,
    level: float = LEVEL,
) -> Estimate:
    """Accuracy over all images of which each stratum was drawn at its own rate.

    Args:
        hits: Right ones per stratum (errors by the label, right predictions), shape
            (strata,).
        drawn: Images drawn per stratum, at least one each.
        sizes: Images per stratum in the data set.
        effect: What images that belong together make of the variance.
        dof: Degrees of freedom of those clusters.
        level: Nominal coverage.

    Source:
        Cochran (1977), "Sampling Techniques", eq. 5.6, and the variance between
        strata, whose sizes other images would change; half a hit and half a miss
        more in a stratum that was sampled and is all alike.

    >>> found = sampled_accuracy(
    ...     np.array([10.0, 20.0]), np.array([40.0, 20.0]), sizes=np.array([40.0, 60.0])
    ... )
    >>> found.value      # .4 · 10 / 40 + .6 · 20 / 20
    0.7
    """
    total = float(sizes.sum())
    if total == 0 or (drawn[sizes > 0] == 0).any():
        return no_estimate(level=level, target="images like these")
    there = sizes > 0
    hits, drawn, sizes = hits[there], drawn[there], sizes[there]
    weights, shares = sizes / total, hits / drawn
    value = float(weights @ shares)
    is_alike = ((hits == 0) | (hits == drawn)) & (drawn < sizes)
    smooth = np.where(is_alike, (hits + 0.5) / (drawn + 1), shares)
    variance = float(weights**2 @ (smooth * (1 - smooth) / drawn))
    variance += float(weights @ (shares - value) ** 2) / total
    variance *= effect
    spread = value * (1 - value)
    n_effective = (
        spread / variance if spread * variance > 0 else float(drawn.min()) / effect
    )
    critical = critical_value(level=level, dof=dof)
    low, high = score_bounds(value, n_effective, critical=critical)
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=int(drawn.sum()),
        level=level,
        standard_error=sqrt(variance),
        method="stratified by label, score bounds at the effective number of images",
    )


def sets_difference(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    accepted: Sequence[Collection[Hashable]],
    *,
    clusters: pd.DataFrame | None = None,
    level: float = LEVEL,
) -> TestResult:
    """Accuracy of the first classifier minus that of the second, and a test of none.

    Args:
        first: What the first said, one class per image.
        second: What the second said.
        accepted: The accepted classes of each image.
        clusters: As in `accuracy_on_sets`.
        level: Nominal coverage.

    Returns:
        McNemar's exact test on images with a set, Agresti and Min's interval. With
        clusters, Student's t of the clusters' totals, and its interval.

    Raises:
        AnalysisError: If there are not as many predictions as sets.

    >>> sets = [["a"]] * 6 + [[]]
    >>> sets_difference(["a"] * 7, ["b"] * 7, sets).p_value      # 2 / 2⁶
    0.03125
    """
    _check_lengths(first, accepted)
    _check_lengths(second, accepted)
    if clusters is not None:
        return _clustered_difference(first, second, accepted, clusters, level=level)
    rows = [
        (image, name, int(said[image] in right))
        for image, right in enumerate(accepted)
        if right
        for name, said in (("first", first), ("second", second))
    ]
    frame = pd.DataFrame(rows, columns=["image", "classifier", "is_right"])
    return mcnemar_exact(
        frame,
        value="is_right",
        condition="classifier",
        a="first",
        b="second",
        pair="image",
        level=level,
    )


def _clustered_difference(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    accepted: Sequence[Collection[Hashable]],
    clusters: pd.DataFrame,
    *,
    level: float,
) -> TestResult:
    """By the variance of the clusters' totals; half an image in each of four cells."""
    rows = enumerate(zip(first, second, accepted, strict=True))
    away = pd.Series(
        {
            image: float(one in right) - float(two in right)
            for image, (one, two, right) in rows
            if right
        },
        dtype=float,
    )
    n = len(away)
    if n == 0:
        return TestResult(
            statistic=nan,
            p_value=nan,
            estimate=nan,
            low=nan,
            high=nan,
            n=0,
            method="no image has a set",
        )
    ways = ways_of(away.index, clusters.reset_index(drop=True))
    own: FloatArray = np.asarray(away - away.mean(), dtype=float)
    squares = ways.squares(own) + 1
    centre, error = float(away.sum()) / (n + 2), sqrt(squares) / (n + 2)
    half = critical_value(level=level, dof=ways.dof()) * error
    return TestResult(
        statistic=centre / error,
        p_value=two_sided_p(centre / error, dof=ways.dof()),
        estimate=float(away.mean()),
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        n=n,
        method="Student's t of clusters' totals",
    )


def sets_from_votes(votes: pd.DataFrame, *, k: int, n: int) -> VotedSets:
    """Sets of labels that people accept, one class at a time.

    Args:
        votes: Columns image, class, participant, accepts (bool); one row per vote.
        k: Votes a class needs.
        n: Votes an image and class have; with fewer it is left out.

    Raises:
        AnalysisError: If columns are missing or empty, k is not between 1 and n,
            somebody voted twice on an image and class, or one has more than n votes.

    >>> votes = pd.DataFrame({
    ...     "image": ["i"] * 4, "class": ["cat", "cat", "dog", "dog"],
    ...     "participant": ["p", "q"] * 2, "accepts": [True, True, True, False]})
    >>> sorted(sets_from_votes(votes, k=2, n=2).sets["i"])
    ['cat']
    """
    if not 1 <= k <= n:
        raise AnalysisError(f"k lies between 1 and n = {n}, got k = {k}: {_RULE}")
    check_columns(votes, ["image", "class", "participant", "accepts"])
    once = ["participant", "image", "class"]
    check_once(votes, once, what="somebody voted twice on an image and class")
    counted = votes.groupby(["image", "class"])["accepts"].agg(["size", "sum"])
    if (counted["size"] > n).any():
        image, each = counted.index[int((counted["size"] > n).to_numpy().argmax())]
        raise AnalysisError(
            f"image {image}, class {each} has {counted.loc[(image, each), 'size']} "
            f"votes; at most {n} were expected: take the first {n}"
        )
    done = counted[counted["size"] == n]
    sets: dict[Hashable, frozenset[Hashable]] = {
        image: frozenset(
            mine.index[mine["sum"] >= k].get_level_values("class").to_list()
        )
        for image, mine in done.groupby(level="image")
    }
    return VotedSets(sets=sets, n_unresolved=len(counted) - len(done))


def _check_lengths(
    predicted: Sequence[Hashable], accepted: Sequence[Collection[Hashable]]
) -> None:
    if len(predicted) != len(accepted):
        raise AnalysisError(
            f"one set per prediction was expected, got {len(predicted)} predictions "
            f"and {len(accepted)} sets"
        )
