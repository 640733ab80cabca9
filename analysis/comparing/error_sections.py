"""Rectified errors of two bundles side by side: table, figures, words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.comparing.errors import ErrorPair
from analysis.comparing.settings import common_margin
from analysis.elements import figures
from analysis.elements.equivalence import with_equivalence
from analysis.elements.sections import Block, DataTable, Drawing, Prose, Section
from analysis.elements.wording import (
    count,
    estimate_numbers,
    interval,
    p_text,
    points,
    shown_name,
    signed,
)
from analysis.measures.rectified_error.names import without_repeats
from analysis.statistics.shares import verdict

_ERRORS: Final = (
    "Difference is A minus B. Where both bundles re-examine the same images, images are "
    "paired; people who judged on both sides are recognised by their id. An interval "
    "that takes in zero is within noise: the bundles do not show a difference, which is "
    "not to say that there is none. Several comparisons are not corrected for."
)


def errors_section(pairs: Sequence[ErrorPair], a: Bundle, b: Bundle) -> Section:
    """Rectified errors side by side."""
    intro = Prose(text=_ERRORS)
    table = with_equivalence(
        _errors_table(pairs, a, b),
        [pair.rectified.estimate for pair in pairs],
        margin=common_margin(a, b),
    )
    blocks: list[Block] = [intro, table]
    judged = [pair for pair in pairs if pair.rectified.estimate.n]
    if judged:
        blocks.append(_errors_drawing(judged))
    if any(_verdict(pair) != "no difference" for pair in judged):
        blocks.append(_difference_drawing(judged))
    return Section(id="errors", title="Rectified error", blocks=blocks)


def _errors_table(pairs: Sequence[ErrorPair], a: Bundle, b: Bundle) -> DataTable:
    shown = pd.DataFrame(
        [
            {
                "classifier": pair.name,
                "re-examined": shown_name(pair.a.shows),
                "A": interval(pair.a.rectified),
                "n (A)": count(pair.a.rectified.n),
                "B": interval(pair.b.rectified),
                "n (B)": count(pair.b.rectified.n),
                "difference": points(pair.rectified.estimate),
                "p": p_text(pair.rectified.p_value),
                "": _verdict(pair),
            }
            for pair in pairs
        ]
    )
    kept = without_repeats(shown, names=("re-examined",))
    return DataTable(
        name="errors_compared",
        caption=f"Rectified error, share of all images, at {a.k} of {a.n} (A) and "
        f"{b.k} of {b.n} (B), and A minus B in percentage points (95 % intervals for "
        "images like these and other people; n: images).",
        shown=kept.rename(columns={"": "reading"}),
        numbers=pd.DataFrame([_error_numbers(pair) for pair in pairs]),
        text_columns=list(kept.columns).index("A"),
    )


def _verdict(pair: ErrorPair) -> str:
    estimate = pair.rectified.estimate
    return verdict(estimate.low, estimate.high)


def _error_numbers(pair: ErrorPair) -> dict[str, object]:
    return {
        "classifier_a": pair.a.classifier,
        "classifier_b": pair.b.classifier,
        "shows": pair.a.shows,
        **estimate_numbers(pair.a.standard, "standard_a"),
        **estimate_numbers(pair.b.standard, "standard_b"),
        **estimate_numbers(pair.a.rectified, "rectified_a"),
        **estimate_numbers(pair.b.rectified, "rectified_b"),
        "n_images_a": pair.a.judged.classifier.n_seen,
        "n_images_b": pair.b.judged.classifier.n_seen,
        "standard_difference": pair.standard,
        **estimate_numbers(pair.rectified.estimate, "rectified_difference"),
        "p_value": pair.rectified.p_value,
        "is_paired": pair.rectified.is_paired,
        "n_errors_in_both": pair.n_both,
        "verdict": _verdict(pair),
    }


def pair_names(pairs: Sequence[ErrorPair]) -> list[str]:
    """What the pairs are called: the classifier, and the measure if there are two."""
    several = len({pair.a.shows for pair in pairs}) > 1
    return [
        f"{pair.name}, {shown_name(pair.a.shows)}" if several else pair.name
        for pair in pairs
    ]


def _errors_drawing(pairs: Sequence[ErrorPair]) -> Drawing:
    names = pair_names(pairs)
    said = "; ".join(
        f"{name}: A {interval(pair.a.rectified)}, B {interval(pair.b.rectified)}"
        for name, pair in zip(names, pairs, strict=True)
    )
    sizes = sorted({each.rectified.n for pair in pairs for each in (pair.a, pair.b)})
    return Drawing(
        name="errors_compared",
        caption="Rectified error in A and in B, share of all images (95 % intervals); "
        f"n = {' / '.join(map(count, sizes))} images.",
        alt=f"{said}.",
        figure=figures.side_by_side(
            names,
            {
                "A": [pair.a.rectified for pair in pairs],
                "B": [pair.b.rectified for pair in pairs],
            },
            quantity="rectified error, share of all images",
        ),
    )


def _difference_drawing(pairs: Sequence[ErrorPair]) -> Drawing:
    names = pair_names(pairs)
    said = "; ".join(
        f"{name}: {points(pair.rectified.estimate)}"
        for name, pair in zip(names, pairs, strict=True)
    )
    return Drawing(
        name="errors_difference",
        caption="Rectified error of A minus that of B, percentage points (95 % "
        "intervals); the line is no difference.",
        alt=f"{said}.",
        figure=figures.point_differences(
            names,
            [pair.rectified.estimate for pair in pairs],
            quantity="A minus B",
        ),
    )


def change_in_words(pair: ErrorPair) -> str:
    """One line for a terminal."""
    return (
        f"  {pair.name:<22.22} A {interval(pair.a.rectified):<21} "
        f"B {interval(pair.b.rectified):<21}\n"
        f"  {'':<22} standard {signed(pair.standard)} points, rectified "
        f"{points(pair.rectified.estimate)}\n"
        f"  {'':<22} p {p_text(pair.rectified.p_value, is_in_text=True)}, {_verdict(pair)}"
    )
