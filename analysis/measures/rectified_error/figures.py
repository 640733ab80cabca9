"""Figures of the rectified error."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.elements import figures
from analysis.elements.sections import Drawing
from analysis.elements.wording import count, interval, points, shown_name
from analysis.measures.rectified_error.names import sizes
from analysis.measures.rectified_error.numbers import ClassifierDifference, ErrorResult


def headline_drawing(results: Sequence[ErrorResult]) -> Drawing:
    """Standard beside rectified error."""
    said = "; ".join(
        f"{_label(result, results)}: standard {interval(result.standard)}, "
        f"rectified {interval(result.rectified)}"
        for result in results
    )
    return Drawing(
        name="errors",
        caption="Standard and rectified error (95 % intervals), n = "
        f"{sizes(results)} images.",
        alt=f"{said}.",
        figure=figures.standard_and_rectified(
            [_label(result, results) for result in results],
            [result.standard for result in results],
            [result.rectified for result in results],
        ),
    )


def votes_drawing(results: Sequence[ErrorResult]) -> Drawing:
    """Figure 2: images by number of yes votes."""
    counts = {_label(result, results): result.histogram for result in results}
    return figures.votes_drawing(
        counts,
        caption="Images that the classifier got wrong, by number of people who accept "
        "its prediction (numbers of images in brackets).",
    )


def by_k_drawing(results: Sequence[ErrorResult]) -> Drawing:
    """Rectified error for every k."""
    said = "; ".join(
        f"{_label(result, results)}: "
        + ", ".join(f"k = {k} {interval(each)}" for k, each in result.by_k.items())
        for result in results
    )
    return Drawing(
        name="error_by_k",
        caption="Rectified error, share of all images, by number of yes votes asked "
        f"for (95 % intervals); dashed: standard error. n = {sizes(results)} images.",
        alt=f"{said}.",
        figure=figures.by_k(
            {_label(result, results): result.by_k for result in results},
            quantity="rectified error",
            reference={
                _label(result, results): result.standard.value for result in results
            },
        ),
    )


def comparison_drawing(pairs: Sequence[ClassifierDifference]) -> Drawing:
    """Paired differences of rectified error."""
    several = len({pair.shows for pair in pairs}) > 1
    names = [
        f"{pair.first}\n− {pair.second}"
        + (f"\n({shown_name(pair.shows)})" if several else "")
        for pair in pairs
    ]
    said = "; ".join(
        f"{pair.first} minus {pair.second}: {points(pair.rectified)}" for pair in pairs
    )
    return Drawing(
        name="comparisons",
        caption=f"Differences of rectified error on the same "
        f"{count(pairs[0].rectified.n)} images.",
        alt=f"{said}.",
        figure=figures.error_differences(names, [pair.rectified for pair in pairs]),
    )


def _label(result: ErrorResult, results: Sequence[ErrorResult]) -> str:
    several = len({each.shows for each in results}) > 1
    if not several:
        return result.classifier
    return f"{result.classifier}, {shown_name(result.shows)}"
