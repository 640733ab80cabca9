"""The part of the report on confidence against acceptance by people."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.figures import reliability_curves
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import (
    NOTHING,
    count,
    estimate_numbers,
    interval,
    percent,
    points,
    signed,
)
from analysis.measures.confidence.numbers import (
    RIGHT,
    ClassifierConfidence,
    confidences,
    has_confidences,
)
from analysis.statistics.calibration import CalibrationError
from analysis.statistics.intervals import Estimate

_INTRO: Final = (
    "How often people accept a prediction, by the probability that the classifier gave "
    "it: a share of votes, not of images, in bins of as many images. Intervals are for "
    "other people and images like these."
)
_ONE_SIDED: Final = (
    "Only errors were put up, which are no draw of all images: the curve need not lie "
    "on the diagonal, and no calibration error can be given. Put right predictions up "
    "as well (include_correct in the recipe) for one."
)
_METHOD: Final = (
    "Gap: mean confidence minus the share of people who accept, right predictions "
    "weighted back to all of them; above zero is too sure. Expected calibration error "
    "(ECE): mean over images of the absolute difference of confidence and share right "
    "in their bin. Chance alone makes it positive: beside it stands what it would be on "
    "average if confidence were exactly right, and the root of the mean squared "
    "difference with the part of chance taken off. Neither has an interval, because "
    "near zero they are no more normal than an absolute value is; the gap has one."
)


class ConfidenceMeasure:
    """Share of people who accept, by confidence; calibration errors."""

    name = "confidence"

    def applies(self, bundle: Bundle) -> bool:
        """Whether votes were cast on predictions whose confidence is known."""
        return len(bundle.votes) > 0 and has_confidences(bundle)

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: it is read beside the result."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """The curves, and where all images were put up the calibration errors."""
        found = confidences(bundle)
        if not any(each.curves for each in found):
            return []
        blocks: list[Block] = [Prose(text=_INTRO), _drawing(found), _curve_table(found)]
        if any(each.gap is not None for each in found):
            blocks += [_error_table(found, bundle), Prose(text=_METHOD, kind="how")]
        else:
            blocks.append(Prose(text=_ONE_SIDED, kind="note"))
        if n_unknown := sum(each.n_unknown for each in found):
            text = (
                f"The stimulus set does not say how sure the classifier was of "
                f"{count(n_unknown)} predictions; they are left out."
            )
            blocks.append(Prose(text=text, kind="note"))
        title = "Confidence and acceptance by people"
        return [
            Section(
                id="confidence", chapter=Chapter.CHOICES, title=title, blocks=blocks
            )
        ]


def _drawing(found: list[ClassifierConfidence]) -> Drawing:
    series = {
        f"{each.classifier}, {kind}": curve
        for each in found
        for kind, curve in each.curves.items()
    }
    told = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{percent(each.accepted.value)} at a confidence of {percent(each.confidence)}"
            for each in curve
        )
        for name, curve in series.items()
    )
    return Drawing(
        name="confidence",
        caption="Share of people who accept a prediction by the classifier's confidence "
        "(95 % intervals, means of bins of as many images); dashed, where the two are "
        "the same.",
        alt=f"Reliability curve. {told}.",
        figure=reliability_curves(
            {
                name: [(each.confidence, each.accepted) for each in curve]
                for name, curve in series.items()
            }
        ),
    )


def _curve_table(found: list[ClassifierConfidence]) -> DataTable:
    rows = [
        (each.classifier, kind, place)
        for each in found
        for kind, curve in each.curves.items()
        for place in curve
    ]
    shown = pd.DataFrame(
        [
            {
                "classifier": classifier,
                "images of": kind,
                "confidence": f"{percent(place.low)} to {percent(place.high)}",
                "mean": percent(place.confidence),
                "people accept": _accepted(place.accepted),
                "images": count(place.n_images),
                "votes": count(place.accepted.n),
            }
            for classifier, kind, place in rows
        ]
    )
    numbers = pd.DataFrame(
        [
            {
                "classifier": classifier,
                "kind": kind,
                "confidence_low": place.low,
                "confidence_high": place.high,
                "confidence": place.confidence,
                **estimate_numbers(place.accepted, "accepted"),
                "n_images": place.n_images,
                "n_votes": place.accepted.n,
            }
            for classifier, kind, place in rows
        ]
    )
    return DataTable(
        name="confidence",
        caption="Share of people who accept a prediction by the classifier's confidence "
        "(95 % intervals).",
        shown=shown,
        numbers=numbers,
        text_columns=2,
        is_folded=True,
    )


def _accepted(estimate: Estimate) -> str:
    if isnan(estimate.low):
        return f"{percent(estimate.value)} ({estimate.method or 'no interval'})"
    return interval(estimate)


def _error_table(found: list[ClassifierConfidence], bundle: Bundle) -> DataTable:
    right = f"{bundle.k} of {bundle.n} people"
    shown, numbers = [], []
    for each in found:
        for said, error in (("the labels", each.by_labels), (right, each.by_people)):
            if error is not None:
                shown.append(_error_row(each, said, error))
                numbers.append(_error_numbers(each, said, error))
        if each.gap is not None:
            shown.append(_gap_row(each, each.gap))
            numbers.append(_gap_numbers(each, each.gap))
    return DataTable(
        name="calibration_errors",
        caption="How far confidence is from what is right, over all images; gap in "
        f"percentage points, above zero too sure. {RIGHT.capitalize()} are weighted "
        "back.",
        shown=pd.DataFrame(shown),
        numbers=pd.DataFrame(numbers),
        text_columns=2,
    )


def _error_row(
    found: ClassifierConfidence, right_by: str, error: CalibrationError
) -> dict[str, str]:
    return {
        "classifier": found.classifier,
        "right by": right_by,
        "ECE": percent(error.error),
        "by chance": percent(error.by_chance),
        "without chance": percent(error.debiased),
        "gap": f"{signed(error.gap)} points",
        "images": count(error.n_images),
    }


def _error_numbers(
    found: ClassifierConfidence, right_by: str, error: CalibrationError
) -> dict[str, object]:
    return {"classifier": found.classifier, "right_by": right_by, **asdict(error)}


def _gap_row(found: ClassifierConfidence, gap: Estimate) -> dict[str, str]:
    return {
        "classifier": found.classifier,
        "right by": "votes of people",
        **dict.fromkeys(("ECE", "by chance", "without chance"), NOTHING),
        "gap": f"{points(gap)} {gap.method}" if isnan(gap.low) else points(gap),
        "images": count(sum(found.n_images.values())),
    }


def _gap_numbers(found: ClassifierConfidence, gap: Estimate) -> dict[str, object]:
    return {
        "classifier": found.classifier,
        "right_by": "votes of people",
        **estimate_numbers(gap, "gap"),
        "n_images": sum(found.n_images.values()),
    }
