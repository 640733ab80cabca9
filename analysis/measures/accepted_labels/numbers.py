"""Accuracy against sets of accepted labels, and against those that people accept.

An error by the label may be among an image's accepted labels, and a right prediction
may not be. Of images that were not put up nobody knows what the classifier said.

Source:
    Beyer, Hénaff, Kolesnikov, Zhai & van den Oord (2020), "Are we done with
    ImageNet?".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, nan
from typing import Final

import numpy as np
import pandas as pd

from analysis.bundles.clusters import image_clusters
from analysis.bundles.reading import AcceptedLabels, Bundle, ClassifierCounts
from analysis.measures.rectified_error.numbers import uses_of
from analysis.statistics.image_clusters import ways_of
from analysis.statistics.intervals import Estimate
from analysis.statistics.paired import TestResult
from analysis.statistics.set_accuracy import (
    SetAccuracy,
    VotedSets,
    accuracy_on_sets,
    sampled_accuracy,
    sets_difference,
    sets_from_votes,
)
from analysis.tallies import counted_tally

ERRORS: Final = "errors by the label"
RIGHT: Final = "right by the label"
UNLABELLED: Final = "unlabelled images"
_STRATA: Final = {"errors": ERRORS, "right": RIGHT, "predictions": UNLABELLED}


@dataclass(frozen=True, kw_only=True)
class ClassifierOnSets:
    """What sets of accepted labels make of one classifier's first predictions.

    Attributes:
        classifier: The classifier.
        by_kind: Kind of images to the share of predictions that are accepted labels.
        accuracy: Over all images with a set; None where not all kinds were put up.
        by_label: Accuracy by the labels; NaN where there are none.
        agreement: Share of judged predictions of which k of n people and the sets say
            the same; NaN where none is judged.
        n_judged: How many are judged, with a set.
    """

    classifier: str
    by_kind: Mapping[str, SetAccuracy]
    accuracy: Estimate | None
    by_label: float
    agreement: float
    n_judged: int


@dataclass(frozen=True, kw_only=True)
class ClassifiersOnSets:
    """Two classifiers on the images that either has wrong by the label.

    On all others both say the label, and are right or wrong together.

    Attributes:
        first: The first.
        second: The second.
        test: Accuracy of the first minus that of the second on these images.
        n_images: How many there are.
    """

    first: str
    second: str
    test: TestResult
    n_images: int


def on_sets(bundle: Bundle, accepted: AcceptedLabels) -> list[ClassifierOnSets]:
    """One entry per classifier with a prediction put up.

    >>> from analysis.bundles.example import example_bundle
    >>> sets = {image: frozenset("0") for image in ("i1", "i2", "i3", "i4")}
    >>> bundle = example_bundle()
    >>> images = bundle.uses["source_sha256"]
    >>> sets = dict.fromkeys(images, frozenset("0"))      # of i1 to i4 net says 0 0 1 1
    >>> (net,) = on_sets(bundle, AcceptedLabels(name="real.json", sets=sets))
    >>> net.by_kind["errors by the label"].accuracy.value
    0.5
    """
    found = []
    for classifier in bundle.classifiers:
        images = _images(bundle, classifier, accepted)
        if len(images):
            found.append(_of_classifier(bundle, classifier, images))
    return found


def pairs_on_sets(bundle: Bundle, accepted: AcceptedLabels) -> list[ClassifiersOnSets]:
    """Every two classifiers whose predictions the stimuli have.

    >>> from analysis.bundles.example import example_bundle
    >>> pairs_on_sets(example_bundle(), AcceptedLabels(name="real.json", sets={}))
    []
    """
    said = _first_classes(bundle)
    errors = {
        each.name: set(_uses(bundle, each, kinds=("errors",))["source_sha256"])
        for each in bundle.classifiers
    }
    found = []
    for one, two in combinations(errors, 2):
        images = sorted(
            image
            for image in errors[one] | errors[two]
            if image in accepted.sets and (image, one) in said and (image, two) in said
        )
        if not images:
            continue
        test = sets_difference(
            [said[image, one] for image in images],
            [said[image, two] for image in images],
            [accepted.sets[image] for image in images],
            clusters=_of_sources(bundle, images),
        )
        found.append(
            ClassifiersOnSets(first=one, second=two, test=test, n_images=len(images))
        )
    return found


def voted_sets(bundle: Bundle) -> VotedSets:
    """Sets of labels that at least k of n people accept, by source image.

    Of trials that put up one class; classes that nobody asked about are in no set.

    >>> from analysis.bundles.example import example_bundle
    >>> sorted(map(sorted, voted_sets(example_bundle()).sets.values()))    # i1 and i2
    [[], [], ['0'], ['0']]
    """
    asked = bundle.trials[
        (bundle.trials["classes"] != "")
        & ~bundle.trials["classes"].str.contains("|", regex=False)
        & ~bundle.trials["sources"].str.contains("|", regex=False)
    ]
    columns = asked[["trial", "sources", "classes"]]
    votes = bundle.votes.merge(columns, on="trial")
    # One prediction may be put up in several forms of an image: the first counts.
    first = votes.drop_duplicates(["sources", "classes"])["trial"]
    votes = votes[votes["trial"].isin(first)]
    named = votes.rename(columns={"sources": "image", "classes": "class"})
    return sets_from_votes(named, k=bundle.k, n=bundle.n)


def _uses(
    bundle: Bundle, classifier: ClassifierCounts, *, kinds: tuple[str, ...]
) -> pd.DataFrame:
    """Uses by top-1 labels, an image once; columns of `uses`, image, kind, predicted."""
    parts = [
        uses_of(bundle, fact.shows, classifier=classifier.name).assign(
            kind=_STRATA[fact.of]
        )
        for fact in bundle.re_examined
        if fact.of in kinds and (fact.top_k or 1) == 1 and fact.n_classes > 0
    ]
    rows = pd.concat(parts) if parts else bundle.uses.iloc[:0].assign(image="", kind="")
    first = rows["predicted"].str.split("|").str[0]
    return rows.assign(predicted=first).drop_duplicates("image")


def _images(
    bundle: Bundle, classifier: ClassifierCounts, accepted: AcceptedLabels
) -> pd.DataFrame:
    """Uses with what is accepted: a column accepted of sets."""
    rows = _uses(bundle, classifier, kinds=tuple(_STRATA))
    sets = [accepted.sets.get(image) for image in rows["source_sha256"]]
    found = rows.assign(accepted=pd.Series(sets, index=rows.index, dtype=object))
    return found[[each is not None for each in sets]].reset_index(drop=True)


def _of_classifier(
    bundle: Bundle, classifier: ClassifierCounts, images: pd.DataFrame
) -> ClassifierOnSets:
    clusters = image_clusters(bundle)
    by_kind = {
        str(kind): accuracy_on_sets(
            mine["predicted"].to_list(),
            mine["accepted"].to_list(),
            clusters=None if clusters is None else clusters.reindex(mine["image"]),
        )
        for kind, mine in images.groupby("kind", sort=True)
    }
    judged = _judged(bundle, images)
    is_labelled = UNLABELLED not in by_kind and classifier.n_seen
    n_right = classifier.n_seen - classifier.n_top1_wrong
    return ClassifierOnSets(
        classifier=classifier.name,
        by_kind=by_kind,
        accuracy=_accuracy(classifier, by_kind, images, clusters),
        by_label=n_right / classifier.n_seen if is_labelled else nan,
        agreement=float(judged.mean()) if len(judged) else nan,
        n_judged=len(judged),
    )


def _judged(bundle: Bundle, images: pd.DataFrame) -> pd.Series:
    """Whether people and sets say the same of each resolved prediction of one class."""
    counted = counted_tally(bundle)
    done = counted[counted["is_resolved"]]
    of_trial = bundle.trials.set_index("trial")["classes"]
    rows = images[images["trial"].isin(done.index)]
    rows = rows[rows["trial"].map(of_trial) == rows["predicted"]]
    rows = rows[rows["accepted"].map(len) > 0]
    by_people = rows["trial"].map(done["n_yes"]) >= bundle.k
    by_sets = [
        said in right
        for said, right in zip(rows["predicted"], rows["accepted"], strict=True)
    ]
    return by_people == pd.Series(by_sets, index=rows.index, dtype=bool)


def _accuracy(
    classifier: ClassifierCounts,
    by_kind: Mapping[str, SetAccuracy],
    images: pd.DataFrame,
    clusters: pd.DataFrame | None,
) -> Estimate | None:
    """Over all images with a set, kinds weighted by how many of them have one."""
    if UNLABELLED in by_kind:
        return by_kind[UNLABELLED].accuracy
    n_wrong = classifier.n_top1_wrong
    n_all = {ERRORS: n_wrong, RIGHT: classifier.n_seen - n_wrong}
    wanted = [kind for kind, n in n_all.items() if n]
    if not all(kind in by_kind and by_kind[kind].n_images for kind in wanted):
        return None
    drawn = np.array([by_kind[kind].n_images for kind in wanted], dtype=float)
    empty = np.array([by_kind[kind].n_empty for kind in wanted], dtype=float)
    sizes = np.array([n_all[kind] for kind in wanted]) * drawn / (drawn + empty)
    shares = np.array([by_kind[kind].accuracy.value for kind in wanted])
    scale = {kind: size / n for kind, size, n in zip(wanted, sizes, drawn, strict=True)}
    ways = _ways(images, by_kind, scale, clusters)
    return sampled_accuracy(
        shares * drawn, drawn, sizes=sizes, effect=ways[0], dof=ways[1]
    )


def _ways(
    images: pd.DataFrame,
    by_kind: Mapping[str, SetAccuracy],
    scale: Mapping[str, float],
    clusters: pd.DataFrame | None,
) -> tuple[float, float]:
    """What clusters make of the variance over all kinds, and its degrees of freedom.

    Of what each image adds: its hit less the share of its kind, for as many images as
    it stands for.
    """
    if clusters is None:
        return 1.0, inf
    rows = images[images["accepted"].map(len) > 0]
    hits = [
        said in right
        for said, right in zip(rows["predicted"], rows["accepted"], strict=True)
    ]
    of_kind = rows["kind"].map(lambda kind: by_kind[kind].accuracy.value)
    own = (np.array(hits) - of_kind.to_numpy()) * rows["kind"].map(scale).to_numpy()
    ways = ways_of(pd.Index(rows["image"]), clusters)
    return ways.effect(own), ways.dof()


def _of_sources(bundle: Bundle, images: Sequence[str]) -> pd.DataFrame | None:
    """Clusters of source images, in this order; None where none are named."""
    clusters = image_clusters(bundle)
    if clusters is None:
        return None
    source = clusters.index.str.split("/").str[0]
    first = clusters.assign(source=source).drop_duplicates("source")
    return first.set_index("source").reindex(pd.Index(images))


def _first_classes(bundle: Bundle) -> dict[tuple[str, str], str]:
    """Source image and classifier to the class said first of the picture as it is."""
    return {
        (image, str(said["classifier"])): str(said["classes"][0])
        for image, text in zip(
            bundle.stimuli["source_sha256"], bundle.stimuli["predictions"], strict=True
        )
        for said in json.loads(text or "[]")
        if said.get("classes")
    }
