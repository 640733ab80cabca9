"""The part of the report on sets of accepted labels."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import (
    NOTHING,
    count,
    estimate_numbers,
    interval,
    p_text,
    percent,
    points,
)
from analysis.measures.accepted_labels.numbers import (
    ClassifierOnSets,
    ClassifiersOnSets,
    on_sets,
    pairs_on_sets,
)
from analysis.statistics.intervals import Estimate
from analysis.statistics.paired import TestResult

_INTRO: Final = (
    "Images may be right in several ways: {name} lists the labels accepted of each (as "
    "in Beyer et al. 2020). A classifier's first class is right where it is one of them. "
    "Images with an empty list have no right answer and are left out. Nobody judges "
    "here, so intervals are for other images only (Wilson's)."
)
_ONE_SIDED: Final = (
    "Right predictions were not put up, so nobody knows which of them the accepted "
    "labels leave out: there is no accuracy over all images. Put them up as well "
    "(include_correct in the recipe) for one."
)


class AcceptedLabelsMeasure:
    """Accuracy against sets of accepted labels."""

    name = "accepted-labels"

    def applies(self, bundle: Bundle) -> bool:
        """Whether a file of accepted labels was given."""
        return bundle.accepted_labels is not None

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: the study's rule is k of n."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """Accuracy of each classifier, and of every two on the same images."""
        accepted = bundle.accepted_labels
        if accepted is None:
            return []
        found = on_sets(bundle, accepted)
        blocks: list[Block] = [Prose(text=_INTRO.format(name=accepted.name))]
        if not found:
            text = "No prediction was put up of an image that it lists."
            blocks.append(Prose(text=text, kind="warning"))
        else:
            blocks.append(_table(found, bundle))
            if all(each.accuracy is None for each in found):
                blocks.append(Prose(text=_ONE_SIDED, kind="note"))
        if pairs := pairs_on_sets(bundle, accepted):
            blocks.append(_pair_table(pairs))
        return [
            Section(
                id="accepted-labels",
                chapter=Chapter.CHOICES,
                title="Accuracy against sets of accepted labels",
                blocks=blocks,
            )
        ]


def _table(found: list[ClassifierOnSets], bundle: Bundle) -> DataTable:
    rows = [(each, kind) for each in found for kind in [*each.by_kind, "all images"]]
    agree = f"{bundle.k} of {bundle.n} people say the same"
    shown = [
        {
            "classifier": each.classifier,
            "predictions": kind,
            "accepted": _interval(_estimate(each, kind)),
            "images with a set": _n(each, kind),
            "left out (empty)": _n_empty(each, kind),
            agree: percent(each.agreement) if kind == "all images" else NOTHING,
        }
        for each, kind in rows
    ]
    numbers = [
        {
            "classifier": each.classifier,
            "predictions": kind,
            **estimate_numbers(_estimate(each, kind), "accepted"),
            "n_images": sum(
                of.n_images
                for name, of in each.by_kind.items()
                if kind in (name, "all images")
            ),
            "n_empty": sum(
                of.n_empty
                for name, of in each.by_kind.items()
                if kind in (name, "all images")
            ),
            "accuracy_by_label": each.by_label,
            "agreement_with_people": each.agreement,
            "n_judged": each.n_judged,
        }
        for each, kind in rows
    ]
    said = "; ".join(
        f"{each.classifier} is right on {percent(each.by_label)} by the labels"
        for each in found
    )
    return DataTable(
        name="accepted_labels",
        caption="Share of predictions that are among the accepted labels (95 % intervals "
        f"for other images); all images: kinds weighted back. {said}.",
        shown=pd.DataFrame(shown),
        numbers=pd.DataFrame(numbers),
        text_columns=2,
    )


def _estimate(found: ClassifierOnSets, kind: str) -> Estimate:
    if kind in found.by_kind:
        return found.by_kind[kind].accuracy
    nothing = float("nan")
    unknown = Estimate(value=nothing, low=nothing, high=nothing, n=0)
    return unknown if found.accuracy is None else found.accuracy


def _interval(estimate: Estimate) -> str:
    return interval(estimate) if estimate.n else NOTHING


def _n(found: ClassifierOnSets, kind: str) -> str:
    return count(found.by_kind[kind].n_images) if kind in found.by_kind else NOTHING


def _n_empty(found: ClassifierOnSets, kind: str) -> str:
    return count(found.by_kind[kind].n_empty) if kind in found.by_kind else NOTHING


def _pair_table(pairs: list[ClassifiersOnSets]) -> DataTable:
    shown = [
        {
            "classifiers": f"{each.first} less {each.second}",
            "difference": points(_difference(each.test)),
            "p": p_text(each.test.p_value),
            "images": count(each.test.n),
        }
        for each in pairs
    ]
    numbers = [
        {
            "first": each.first,
            "second": each.second,
            **estimate_numbers(_difference(each.test), "difference"),
            "p_value": each.test.p_value,
            "n_images": each.test.n,
        }
        for each in pairs
    ]
    return DataTable(
        name="accepted_labels_pairs",
        caption="Share of accepted first classes, first classifier less second, on the "
        "images that either has wrong by the label (on all others both say the same); "
        "McNemar's exact test, which counts images only (Student's t where images are "
        "clustered).",
        shown=pd.DataFrame(shown),
        numbers=pd.DataFrame(numbers),
    )


def _difference(test: TestResult) -> Estimate:
    return Estimate(value=test.estimate, low=test.low, high=test.high, n=test.n)
