"""Confidence of classifiers against acceptance by people.

How often do people accept what a classifier is so and so sure of? Of errors, of right
predictions put up as well, and of predictions on unlabelled images; and, where all
kinds of images were put up, how far confidence is from what is right by the labels and
by k of n people.

Source:
    Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Final

import pandas as pd

from analysis.bundles.clusters import image_clusters
from analysis.bundles.reading import Bundle, ClassifierCounts
from analysis.measures.rectified_error.numbers import uses_of
from analysis.statistics.calibration import (
    CalibrationError,
    ConfidenceBin,
    calibration_error,
    confidence_gap,
    reliability_curve,
)
from analysis.statistics.intervals import Estimate
from analysis.tallies import counted_tally

ERRORS: Final = "errors"
RIGHT: Final = "right predictions"
UNLABELLED: Final = "unlabelled images"
_STRATA: Final = {"errors": ERRORS, "right": RIGHT, "predictions": UNLABELLED}


@dataclass(frozen=True, kw_only=True)
class ClassifierConfidence:
    """How sure one classifier is, and what people accept.

    Attributes:
        classifier: The classifier.
        curves: Kind of images to the share of people who accept, by confidence.
        gap: Mean confidence minus share of people who accept, over all images; None
            where not all kinds of images were put up.
        by_labels: Calibration error by the labels; None where there are none, or not
            all kinds of images were put up.
        by_people: The same where k of n people make a prediction right.
        n_images: Kind of images to how many were put up, and their confidence known.
        n_unknown: Images put up whose confidence the bundle does not know.
    """

    classifier: str
    curves: Mapping[str, list[ConfidenceBin]]
    gap: Estimate | None
    by_labels: CalibrationError | None
    by_people: CalibrationError | None
    n_images: Mapping[str, int]
    n_unknown: int


def has_confidences(bundle: Bundle) -> bool:
    """Whether predictions of one class were put up, and how sure they were is known.

    >>> from analysis.bundles.example import example_bundle
    >>> has_confidences(example_bundle())
    False
    """
    is_known = bundle.stimuli["predictions"].fillna("").str.contains("probabilities")
    return bool(is_known.any()) and bool(
        bundle.uses["shows"].isin(_shows(bundle)).any()
    )


def confidences(bundle: Bundle) -> list[ClassifierConfidence]:
    """One entry per classifier with a prediction whose confidence is known.

    >>> from analysis.bundles.example import example_bundle
    >>> confidences(example_bundle())    # its stimuli do not say how sure "net" was
    []
    """
    known = _known(bundle)
    found = []
    for classifier in bundle.classifiers:
        images = _images(bundle, classifier, known)
        is_unknown = images["confidence"].isna()
        if len(images) > is_unknown.sum():
            n_unknown = int(is_unknown.sum())
            rows = images[~is_unknown]
            found.append(_of_classifier(bundle, classifier, rows, n_unknown=n_unknown))
    return found


def _shows(bundle: Bundle) -> dict[str, str]:
    """Label of uses to the kind of images, of predictions of one class."""
    return {
        fact.shows: _STRATA[fact.of]
        for fact in bundle.re_examined
        if fact.of in _STRATA and fact.n_classes == 1 and (fact.top_k or 1) == 1
    }


def _known(bundle: Bundle) -> dict[tuple[str, str, str], float]:
    """Stimulus, classifier and class to probability."""
    return {
        (stimulus, str(said["classifier"]), str(each)): float(probability)
        for stimulus, text in zip(
            bundle.stimuli["stimulus"], bundle.stimuli["predictions"], strict=True
        )
        for said in json.loads(text or "[]")
        if "probabilities" in said
        for each, probability in zip(
            said["classes"], said["probabilities"], strict=False
        )
    }


def _images(
    bundle: Bundle,
    classifier: ClassifierCounts,
    known: Mapping[tuple[str, str, str], float],
) -> pd.DataFrame:
    """Columns image, trial, stratum, confidence (NaN where it is not known)."""
    slots = bundle.trials.set_index("trial")["slots"].map(json.loads)
    shown = slots.map(lambda each: each.get("target", next(iter(each.values()), "")))
    parts = [
        uses_of(bundle, shows, classifier=classifier.name).assign(stratum=stratum)
        for shows, stratum in _shows(bundle).items()
    ]
    rows = (
        pd.concat(parts) if parts else bundle.uses.iloc[:0].assign(image="", stratum="")
    )
    sure = [
        known.get((shown[trial], classifier.name, predicted), nan)
        for trial, predicted in zip(rows["trial"], rows["predicted"], strict=True)
    ]
    found = rows[["image", "trial", "stratum"]].assign(confidence=sure)
    return found.drop_duplicates("image").reset_index(drop=True)


def _of_classifier(
    bundle: Bundle,
    classifier: ClassifierCounts,
    images: pd.DataFrame,
    *,
    n_unknown: int,
) -> ClassifierConfidence:
    votes = images.merge(bundle.votes, on="trial")
    clusters = image_clusters(bundle)
    names: list[str] = []
    if clusters is not None:
        names = [f"cluster {name}" for name in clusters]
        votes = votes.join(clusters.set_axis(names, axis=1), on="image")
    sizes = _sizes(classifier, images)
    is_voted = votes["stratum"].value_counts()
    is_whole = all(is_voted.get(name, 0) for name, n in sizes.items() if n)
    return ClassifierConfidence(
        classifier=classifier.name,
        curves={
            str(stratum): reliability_curve(mine, clusters=names)
            for stratum, mine in votes.groupby("stratum", sort=True)
        },
        gap=confidence_gap(votes, sizes, clusters=names) if is_whole else None,
        by_labels=_by_labels(images, sizes) if is_whole else None,
        by_people=_by_people(bundle, images, sizes) if is_whole else None,
        n_images={str(k): int(n) for k, n in images["stratum"].value_counts().items()},
        n_unknown=n_unknown,
    )


def _sizes(classifier: ClassifierCounts, images: pd.DataFrame) -> dict[str, int]:
    """Images of each kind in the data set."""
    is_unlabelled = images["stratum"] == UNLABELLED
    if is_unlabelled.any():
        return {UNLABELLED: int(is_unlabelled.sum())}
    n_wrong = classifier.n_top1_wrong
    return {ERRORS: n_wrong, RIGHT: classifier.n_seen - n_wrong}


def _by_labels(
    images: pd.DataFrame, sizes: Mapping[str, int]
) -> CalibrationError | None:
    if UNLABELLED in sizes:
        return None
    return calibration_error(
        images["confidence"],
        images["stratum"] == RIGHT,
        weights=_weights(images, sizes),
    )


def _by_people(
    bundle: Bundle, images: pd.DataFrame, sizes: Mapping[str, int]
) -> CalibrationError | None:
    counted = counted_tally(bundle)
    done = counted[counted["is_resolved"]]
    rows = images[images["trial"].isin(done.index)]
    there = rows["stratum"].value_counts()
    if not all(there.get(name, 0) for name, n in sizes.items() if n):
        return None
    return calibration_error(
        rows["confidence"],
        rows["trial"].map(done["n_yes"]) >= bundle.k,
        weights=_weights(rows, sizes),
    )


def _weights(images: pd.DataFrame, sizes: Mapping[str, int]) -> pd.Series:
    """How many images of the data set each one here stands for."""
    return images["stratum"].map(sizes) / images["stratum"].map(
        images["stratum"].value_counts()
    )
