"""Rectified errors of two bundles, and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis.bundles.clusters import image_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import ErrorResult, error_results
from analysis.statistics.k_of_n import (
    DifferenceTest,
    Stratum,
    difference_apart,
    difference_on_same_images,
)


@dataclass(frozen=True, kw_only=True)
class ErrorPair:
    """One classifier and measure in A and in B, or two that stand for each other.

    Attributes:
        a: In A.
        b: In B.
        standard: Standard error of A minus that of B.
        rectified: Rectified error of A minus that of B, tested.
        n_both: Errors that both bundles have resolved.
    """

    a: ErrorResult
    b: ErrorResult
    standard: float
    rectified: DifferenceTest
    n_both: int

    @property
    def name(self) -> str:
        """The classifier, or both where they differ."""
        if self.a.classifier == self.b.classifier:
            return self.a.classifier
        return f"{self.a.classifier} / {self.b.classifier}"


def error_pairs(a: Bundle, b: Bundle) -> list[ErrorPair]:
    """Results of the same measure that can be set against each other.

    Classifiers of the same name are paired. Where each side has one left over, these
    two are. Images are paired where both bundles re-examine the same data set: they
    saw as many images, and have errors in common.

    >>> from analysis.bundles.example import example_bundle
    >>> bundle = example_bundle()
    >>> (pair,) = error_pairs(bundle, bundle.before_exclusion)
    >>> pair.a.rectified.value, pair.b.rectified.value
    (0.2, 0.1)
    """
    first, second = error_results(a), error_results(b)
    votes = pd.concat([marked(a.votes, "A"), marked(b.votes, "B")], ignore_index=True)
    clusters = _clusters_of_both(a, b)
    return [
        _pair(one, two, votes, k=a.k, second_k=b.k, clusters=clusters)
        for one, two in _matched(first, second)
    ]


def marked(votes: pd.DataFrame, side: str) -> pd.DataFrame:
    """Votes whose trials are told apart from those of the other side.

    The same trial has other votes in another bundle; people keep their ids.

    >>> from analysis.bundles.example import example_bundle
    >>> marked(example_bundle().votes, "A")["trial"].iloc[0]
    'A:i1'
    """
    return votes.assign(trial=f"{side}:" + votes["trial"].astype(str))


def _matched(
    first: Sequence[ErrorResult], second: Sequence[ErrorResult]
) -> list[tuple[ErrorResult, ErrorResult]]:
    named = {(each.shows, each.classifier): each for each in second}
    pairs = [
        (each, named[each.shows, each.classifier])
        for each in first
        if (each.shows, each.classifier) in named
    ]
    used = {(one.shows, one.classifier) for one, _ in pairs}
    for shows in dict.fromkeys(each.shows for each in first):
        left, right = (
            [e for e in side if e.shows == shows and (shows, e.classifier) not in used]
            for side in (first, second)
        )
        if len(left) == len(right) == 1:
            pairs.append((left[0], right[0]))
    return pairs


def _clusters_of_both(a: Bundle, b: Bundle) -> pd.DataFrame | None:
    """By the columns that both name; an image has the clusters of its first bundle."""
    found = [image_clusters(bundle) for bundle in (a, b)]
    tables = [table for table in found if table is not None]
    if len(tables) < len(found):
        return None
    both = pd.concat(tables, join="inner")
    return both[~both.index.duplicated()]


def _pair(
    a: ErrorResult,
    b: ErrorResult,
    votes: pd.DataFrame,
    *,
    k: int,
    second_k: int,
    clusters: pd.DataFrame | None,
) -> ErrorPair:
    n_both = len(set(a.judged.resolved["image"]) & set(b.judged.resolved["image"]))
    one, two = _strata(a, "A"), _strata(b, "B")
    n_seen = a.judged.classifier.n_seen
    if k == second_k and _is_same(a, b, votes):
        tested = _no_difference(a)
    elif n_both and n_seen == b.judged.classifier.n_seen:
        tested = difference_on_same_images(
            one[0],
            two[0],
            votes,
            n_images=n_seen,
            k=k,
            second_k=second_k,
            clusters=clusters,
        )
    else:
        tested = difference_apart(
            one, two, votes, k=k, second_k=second_k, clusters=clusters
        )
    return ErrorPair(
        a=a,
        b=b,
        standard=a.standard.value - b.standard.value,
        rectified=tested,
        n_both=n_both,
    )


def _is_same(a: ErrorResult, b: ErrorResult, votes: pd.DataFrame) -> bool:
    """Whether the same people said the same of the same errors of as many images."""
    sizes = [(e.judged.classifier.n_seen, e.judged.n_wrong) for e in (a, b)]
    if sizes[0] != sizes[1] or not len(a.judged.resolved):
        return False
    cast = [
        _cast(result, votes[votes["trial"].str.startswith(f"{side}:")])
        for result, side in ((a, "A"), (b, "B"))
    ]
    return cast[0].equals(cast[1])


def _cast(result: ErrorResult, votes: pd.DataFrame) -> pd.DataFrame:
    """Columns image, participant, accepts of one side, in one order."""
    votes = votes.assign(trial=votes["trial"].str.slice(2))
    rows = result.judged.resolved[["image", "trial"]].merge(votes, on="trial")
    keys = ["image", "participant", "accepts"]
    rows = rows[keys].astype({"accepts": float})
    return rows.sort_values(keys).reset_index(drop=True)


def _no_difference(result: ErrorResult) -> DifferenceTest:
    zero = replace(result.rectified, value=0.0, low=0.0, high=0.0, standard_error=0.0)
    return DifferenceTest(estimate=zero, p_value=1.0, is_paired=True)


def _strata(result: ErrorResult, side: str) -> list[Stratum]:
    wrong, *rest = result.judged.strata
    return [replace(wrong, judged=marked(result.judged.resolved, side)), *rest]
