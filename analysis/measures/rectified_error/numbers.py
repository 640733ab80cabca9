"""Standard and rectified error: which of a classifier's errors people accept.

The rectified error is the share of *all* images that the classifier gets wrong
and fewer than k of n people accept. Images it got right are never shown for it
and count as right, so the measure is one-sided: it can only fall.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", section 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import nan
from typing import Final

import pandas as pd

from analysis.bundles.clusters import image_clusters
from analysis.bundles.declarations import ReexaminedImages
from analysis.bundles.kept import kept
from analysis.bundles.reading import Bundle, ClassifierCounts
from analysis.errors import AnalysisError
from analysis.statistics.intervals import Estimate, wilson
from analysis.statistics.k_of_n import (
    Stratum,
    rejected_difference,
    rejected_share,
    tally,
    wrong_share,
)
from analysis.tallies import counted_tally

# Summaries count errors by the first class and by the first five.
_TOP5: Final = 5


@dataclass(frozen=True, kw_only=True)
class JudgedImages:
    """The images of one classifier that people were asked about.

    Attributes:
        classifier: Counts over every image it saw.
        shows: Which errors, and what was shown of the prediction.
        n_wrong: Errors to re-examine, whether or not they were resolved.
        resolved: Columns image, trial, n_yes: images with all n votes.
        top_k: A prediction is right where the label is among so many first classes.
        n_classes: Classes of the prediction that people saw.
    """

    classifier: ClassifierCounts
    shows: str
    n_wrong: int
    resolved: pd.DataFrame
    top_k: int = 1
    n_classes: int = 1

    @property
    def n_right(self) -> int:
        """Every other image it saw."""
        return self.classifier.n_seen - self.n_wrong

    @property
    def stratum(self) -> Stratum:
        """The wrong images, those without n votes taken to be like the others."""
        return Stratum(n_images=self.n_wrong, judged=self.resolved)

    @property
    def strata(self) -> list[Stratum]:
        """Every image seen: the wrong ones, and the right ones that nobody judges."""
        return [self.stratum, Stratum(n_images=self.n_right, judged=None)]


@dataclass(frozen=True, kw_only=True)
class ErrorResult:
    """What people make of one classifier's errors.

    Attributes:
        judged: The images.
        standard: The error by the labels.
        rectified: The error left when at least k of n people accepting a
            prediction makes it right; images and people both drawn anew.
        of_these_images: The same for these very images, people drawn anew.
        ignoring_people: Wilson's interval, for comparison only.
        accepted: Share of the errors that people accept.
        low: Rectified error if every unresolved image were accepted.
        high: Rectified error if every unresolved image were rejected.
        histogram: Images by number of yes votes, index 0..n.
        by_k: Rectified error for every k, 1..n.
    """

    judged: JudgedImages
    standard: Estimate
    rectified: Estimate
    of_these_images: Estimate
    ignoring_people: Estimate
    accepted: Estimate
    low: float
    high: float
    histogram: pd.Series
    by_k: dict[int, Estimate]

    @property
    def classifier(self) -> str:
        """The classifier's name."""
        return self.judged.classifier.name

    @property
    def shows(self) -> str:
        """Which errors were re-examined."""
        return self.judged.shows

    @property
    def n_unresolved(self) -> int:
        """Errors without n valid votes."""
        return self.judged.n_wrong - len(self.judged.resolved)


@dataclass(frozen=True, kw_only=True)
class RightPredictions:
    """The right predictions that were put up as well.

    Attributes:
        classifier: The classifier.
        n_right: Images it got right.
        n_judged: How many of them have all n votes.
        rejected: Share of right predictions that people reject.
        two_sided: Rejected share of all images, right ones included.
    """

    classifier: str
    n_right: int
    n_judged: int
    rejected: Estimate
    two_sided: Estimate


@dataclass(frozen=True, kw_only=True)
class ClassifierDifference:
    """Two classifiers on the same images, first minus second."""

    first: str
    second: str
    shows: str
    standard: float
    rectified: Estimate


def measured_shows(bundle: Bundle) -> tuple[str, ...]:
    """The labels of the errors put up: a measure each.

    One collection may give several: top-5 errors are among top-1 errors.
    """
    return bundle.labels_of("errors")


def right_shows(bundle: Bundle) -> tuple[str, ...]:
    """The labels of predictions that are right and were put up as well."""
    return bundle.labels_of("right")


def judged_images(
    bundle: Bundle, votes: pd.DataFrame | None = None
) -> Iterator[JudgedImages]:
    """Per measure and classifier, the images asked about that have n votes.

    Raises:
        AnalysisError: If more images were judged than the summary counts.

    >>> from analysis.bundles.example import example_bundle
    >>> (net,) = judged_images(example_bundle())
    >>> net.resolved[["trial", "n_yes"]]
      trial  n_yes
    0    i1      3
    1    i2      2
    2    i3      1
    3    i4      0
    """
    if votes is None:
        yield from _counted_images(bundle)
    else:
        yield from _judged(bundle, tally(votes, n=bundle.n))


@kept
def _counted_images(bundle: Bundle) -> tuple[JudgedImages, ...]:
    return tuple(_judged(bundle, counted_tally(bundle)))


def _judged(bundle: Bundle, counted: pd.DataFrame) -> Iterator[JudgedImages]:
    for fact in bundle.re_examined:
        if fact.of != "errors":
            continue
        shows = fact.shows
        for classifier in bundle.classifiers:
            uses = uses_of(bundle, shows, classifier=classifier.name)
            n_wrong = _n_wrong(classifier, fact)
            if len(uses) > n_wrong:
                raise AnalysisError(
                    f"{classifier.name}: uses.csv lists {len(uses)} errors to judge "
                    f"({shows}), bundle.json counts {n_wrong} at most; build the "
                    "stimulus set again and run `secondlook stimuli check`"
                )
            resolved = _resolved(uses, counted)
            yield JudgedImages(
                classifier=classifier,
                shows=shows,
                n_wrong=n_wrong,
                resolved=resolved,
                top_k=fact.top_k or 1,
                n_classes=fact.n_classes,
            )


def error_results(
    bundle: Bundle, votes: pd.DataFrame | None = None
) -> list[ErrorResult]:
    """One result per measure and classifier.

    Args:
        bundle: The study.
        votes: Columns trial, participant, accepts; the counted ones where left
            out.

    >>> from analysis.bundles.example import example_bundle
    >>> (net,) = error_results(example_bundle())
    >>> net.standard.value, net.rectified.value, net.histogram.to_list()
    (0.4, 0.2, [1, 1, 1, 1])
    """
    if votes is None:
        return list(_counted_results(bundle))
    return _results(bundle, judged_images(bundle, votes), votes)


@kept
def _counted_results(bundle: Bundle) -> list[ErrorResult]:
    return _results(bundle, judged_images(bundle), bundle.votes)


def _results(
    bundle: Bundle, images: Iterable[JudgedImages], votes: pd.DataFrame
) -> list[ErrorResult]:
    clusters = image_clusters(bundle)
    return [
        error_result(judged, votes, k=bundle.k, n=bundle.n, clusters=clusters)
        for judged in images
    ]


def error_result(
    judged: JudgedImages,
    votes: pd.DataFrame,
    *,
    k: int,
    n: int,
    clusters: pd.DataFrame | None = None,
) -> ErrorResult:
    """Everything about one classifier and measure; clusters as in `rejected_share`."""
    n_seen, n_yes = judged.classifier.n_seen, judged.resolved["n_yes"]
    n_rejected = int((n_yes < k).sum())
    n_unresolved = judged.n_wrong - len(judged.resolved)
    by_k = {
        at_least: rejected_share(judged.strata, votes, k=at_least, clusters=clusters)
        for at_least in range(1, n + 1)
    }
    return ErrorResult(
        judged=judged,
        standard=wrong_share(
            judged.stratum,
            votes,
            n_wrong=_n_standard(judged),
            n_images=n_seen,
            k=k,
            clusters=clusters,
        ),
        rectified=by_k[k],
        of_these_images=rejected_share(
            judged.strata, votes, k=k, target="these images", clusters=clusters
        ),
        ignoring_people=_ignoring_people(judged, n_rejected),
        accepted=rejected_share(
            [judged.stratum], votes, k=k, clusters=clusters
        ).complement(),
        low=n_rejected / n_seen if n_seen else nan,
        high=(n_rejected + n_unresolved) / n_seen if n_seen else nan,
        histogram=n_yes.value_counts().reindex(range(n + 1), fill_value=0),
        by_k=by_k,
    )


def other_sides(bundle: Bundle) -> list[RightPredictions]:
    """Per classifier, what people make of images whose prediction is right.

    Right by the measure whose errors were put up, so that both sides together are
    every image seen. A set of top-1 errors says nothing of the right side of the
    top-5 error, which is a part of it.

    >>> from analysis.bundles.example import example_bundle
    >>> other_sides(example_bundle())    # no right prediction was put up
    []
    """
    counted = counted_tally(bundle)
    share = partial(
        rejected_share, votes=bundle.votes, k=bundle.k, clusters=image_clusters(bundle)
    )
    found = []
    for judged in judged_images(bundle):
        uses = _right_uses(bundle, judged)
        if uses.empty:
            continue
        right = _resolved(uses, counted)
        sampled = Stratum(n_images=judged.n_right, judged=right)
        found.append(
            RightPredictions(
                classifier=judged.classifier.name,
                n_right=judged.n_right,
                n_judged=len(right),
                rejected=share([sampled]),
                two_sided=share([judged.stratum, sampled]),
            )
        )
    return found


def comparisons(bundle: Bundle) -> list[ClassifierDifference]:
    """Every pair of classifiers that saw the same number of images.

    >>> from analysis.bundles.example import example_bundle
    >>> comparisons(example_bundle())    # one classifier has no pair
    []
    """
    judged, clusters = list(judged_images(bundle)), image_clusters(bundle)
    pairs = []
    for one, two in combinations(judged, 2):
        n_images = one.classifier.n_seen
        if one.shows != two.shows or n_images != two.classifier.n_seen:
            continue
        pairs.append(
            ClassifierDifference(
                first=one.classifier.name,
                second=two.classifier.name,
                shows=one.shows,
                standard=(_n_standard(one) - _n_standard(two)) / n_images,
                rectified=rejected_difference(
                    one.stratum,
                    two.stratum,
                    bundle.votes,
                    n_images=n_images,
                    k=bundle.k,
                    clusters=clusters,
                ),
            )
        )
    return pairs


@kept
def uses_of(bundle: Bundle, shows: str, *, classifier: str) -> pd.DataFrame:
    """Uses of one measure; an image is one row of the data set.

    >>> from analysis.bundles.example import example_bundle
    >>> uses = uses_of(example_bundle(), "top1", classifier="net")
    >>> uses[["trial", "predicted"]].head(2)
      trial predicted
    0    i1         0
    1    i2         0
    """
    uses = bundle.uses[bundle.uses["classifier"] == classifier]
    mine = uses[uses["shows"] == shows]
    again = mine.groupby(["source_sha256", "label"]).cumcount().astype(str)
    image = mine["source_sha256"] + "/" + mine["label"] + "/" + again
    return mine.assign(image=image)


def _resolved(uses: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    done = counted[counted["is_resolved"]]
    mine = uses[uses["trial"].isin(done.index)]
    columns = mine[["image", "trial"]].reset_index(drop=True)
    return columns.assign(n_yes=columns["trial"].map(done["n_yes"]).astype(int))


def _right_uses(bundle: Bundle, judged: JudgedImages) -> pd.DataFrame:
    """Predictions that are right by the measure whose errors were put up."""
    name = judged.classifier.name
    labels = [
        fact.shows
        for fact in bundle.re_examined
        if fact.of == "right" and (fact.top_k or 1) == judged.top_k
    ]
    found = [uses_of(bundle, label, classifier=name) for label in labels]
    return pd.concat(found) if found else bundle.uses.iloc[:0]


def _n_wrong(classifier: ClassifierCounts, fact: ReexaminedImages) -> int:
    is_top5 = fact.top_k == _TOP5
    return classifier.n_top5_wrong if is_top5 else classifier.n_top1_wrong


def _n_standard(judged: JudgedImages) -> int:
    """The standard error beside a measure of five classes is the top-5 error."""
    counts = judged.classifier
    is_top5 = judged.n_classes == _TOP5
    return counts.n_top5_wrong if is_top5 else counts.n_top1_wrong


def _ignoring_people(judged: JudgedImages, n_rejected: int) -> Estimate:
    n_seen, n_resolved = judged.classifier.n_seen, len(judged.resolved)
    if n_resolved == 0:
        return wilson(0, 0 if judged.n_wrong else n_seen)
    return wilson(n_rejected / n_resolved * judged.n_wrong, n_seen)
