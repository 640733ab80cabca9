"""Tables of the rectified error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any, Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import DataTable
from analysis.elements.wording import (
    count,
    estimate_numbers,
    interval,
    percent,
    points,
    shown_name,
    signed,
    spoken_of,
    standard_name,
)
from analysis.measures.rectified_error.names import (
    id_columns,
    n_words,
    named_columns,
    sizes,
    without_repeats,
)
from analysis.measures.rectified_error.numbers import (
    ClassifierDifference,
    ErrorResult,
    RightPredictions,
    measured_shows,
)
from analysis.statistics.intervals import THESE_PEOPLE, Estimate, Target

OTHER_SIDE = (
    "A share of the images that the classifier got right was put up as well, in the "
    "same way. People may reject some of them. The two-sided error counts both sides: "
    "errors that people do not accept and right predictions that they reject."
)
NO_PERSON_EFFECT = (
    "One line stands for the headline and Wilson's interval where nothing in the votes "
    "tells people apart: only a vote that alone decides an image carries a person into "
    "the result, and here there is none, or all of them say the same. The headline is "
    "then the interval of independent images. It does not show that people agree in "
    "general: with few images near the bar of k votes, a difference between people "
    "goes unseen."
)
_NEAR = 0.1
HARDLY_A_PERSON_EFFECT = (
    "Counting people {change} the interval of {who} by no more than {share} here: "
    "hardly a vote that alone decides an image comes from somebody who keeps deciding "
    "the same way. Wilson's interval is then close to the headline by this study's "
    "outcome, not by design; where people differ it is far too narrow, so the headline "
    "counts them always."
)
PAIRED = (
    "Differences on the same images, first classifier minus second. One judgment "
    "serves every classifier that made the same prediction, and the intervals take "
    "that, and people who judge many images, into account. An interval that leaves "
    "out zero speaks for a difference; several pairs are not corrected for."
)


def headline_table(bundle: Bundle, results: Sequence[ErrorResult]) -> DataTable:
    """Table 1: standard and rectified error of each classifier."""
    shown = pd.DataFrame(
        [
            {
                **named_columns(result),
                "images": count(result.judged.classifier.n_seen),
                "standard": interval(result.standard),
                "rectified": interval(result.rectified),
                "errors accepted": interval(result.accepted),
                "errors judged": count(len(result.judged.resolved)),
            }
            for result in results
        ]
    )
    return DataTable(
        name="errors",
        caption="Standard and rectified error, share of all images, and errors that "
        "people accept, share of those judged; a prediction is right when at least "
        f"{bundle.k} of {bundle.n} people accept it. 95 % intervals for "
        f"{spoken_of(result.rectified for result in results)}.",
        shown=without_repeats(shown),
        numbers=pd.DataFrame([_error_numbers(result, bundle) for result in results]),
        text_columns=n_words(shown),
    )


_KINDS: Final[tuple[Callable[[ErrorResult], Estimate], ...]] = (
    lambda result: result.rectified,
    lambda result: result.of_these_images,
    lambda result: result.ignoring_people,
)
_SPOKEN_OF: Final[Mapping[Target, str]] = {
    "images like these": "images like these, other people",
    THESE_PEOPLE: "images like these, these people only (too few to speak of others)",
    "these images": "these images, other people",
    "ignores people": "ignores people (Wilson; too narrow)",
}
_BOTH_KINDS: Final = "Wilson's too; people add nothing, see below"


def has_no_person_effect(result: ErrorResult) -> bool:
    """Whether the headline is Wilson's interval: no vote tells people apart.

    Only votes that alone decide an image carry a person into the result; where
    there are none, or all of them say the same, people add nothing to the
    variance of independent images.
    """
    headline, wilson = (
        interval(each, digits=2) for each in (result.rectified, result.ignoring_people)
    )
    return (
        headline == wilson
        and result.rectified.n > 0
        and result.rectified.target != THESE_PEOPLE
    )


def hardly_a_person_effect(result: ErrorResult) -> str:
    """A sentence where Wilson's interval is nearly the headline's; else "".

    Nearly: the widths differ, and by at most a tenth.
    """
    headline, wilson = result.rectified, result.ignoring_people
    is_other = headline.target == THESE_PEOPLE
    if not headline.n or is_other or has_no_person_effect(result):
        return ""
    ratio = (headline.high - headline.low) / (wilson.high - wilson.low)
    if abs(ratio - 1) > _NEAR:
        return ""
    return HARDLY_A_PERSON_EFFECT.format(
        change="widens" if ratio >= 1 else "narrows",
        who=result.classifier,
        share=percent(max(0.01, abs(ratio - 1)), digits=0),
    )


def interval_table(results: Sequence[ErrorResult]) -> DataTable:
    """The same estimate with what each interval takes into account."""
    rows, numbers = [], []
    for result in results:
        is_one = has_no_person_effect(result)
        rows += [
            {
                **named_columns(result),
                "interval speaks of": _SPOKEN_OF[estimate.target],
                "rectified": interval(estimate, digits=2),
            }
            for estimate in (pick(result) for pick in _KINDS[: 2 if is_one else 3])
        ]
        if is_one:
            rows[-2]["interval speaks of"] += f" ({_BOTH_KINDS})"
        for pick in _KINDS:
            estimate = pick(result)
            numbers.append(
                {
                    **id_columns(result),
                    "target": estimate.target,
                    **estimate_numbers(estimate, "rectified"),
                    "design_effect": estimate.design_effect,
                }
            )
    shown = pd.DataFrame(rows)
    return DataTable(
        name="intervals",
        caption="What an interval speaks of (95 %, share of all images, n = "
        f"{sizes(results)}). The first line is the headline.",
        shown=without_repeats(shown),
        numbers=pd.DataFrame(numbers),
        text_columns=n_words(shown) + 1,
        is_folded=True,
    )


def votes_table(results: Sequence[ErrorResult]) -> DataTable:
    """Images by number of yes votes."""
    rows, numbers = [], []
    for result in results:
        total = int(result.histogram.sum())
        cells = {
            f"{votes} yes": f"{count(each)} ({percent(each / total if total else nan)})"
            for votes, each in result.histogram.items()
        }
        rows.append({**named_columns(result), **cells, "resolved": count(total)})
        for votes, each in result.histogram.items():
            share = each / total if total else nan
            numbers.append(
                {**id_columns(result), "n_yes": votes, "n_images": each, "share": share}
            )
    shown = pd.DataFrame(rows)
    return DataTable(
        name="votes",
        caption="Resolved errors by number of yes votes: images (share).",
        shown=without_repeats(shown),
        numbers=pd.DataFrame(numbers),
        text_columns=n_words(shown),
        is_folded=True,
    )


def by_k_table(results: Sequence[ErrorResult]) -> DataTable:
    """Rectified error for every k."""
    shown = pd.DataFrame(
        [
            {
                **named_columns(result),
                **{f"k = {k}": interval(each) for k, each in result.by_k.items()},
            }
            for result in results
        ]
    )
    numbers = [
        {**id_columns(result), "k": k, **estimate_numbers(each, "rectified")}
        for result in results
        for k, each in result.by_k.items()
    ]
    return DataTable(
        name="error_by_k",
        caption="Rectified error, share of all images, when at least k yes votes are "
        f"asked for (95 % intervals); n = {sizes(results)} images.",
        shown=without_repeats(shown),
        numbers=pd.DataFrame(numbers),
        text_columns=n_words(shown),
        is_folded=True,
    )


def comparison_table(pairs: Sequence[ClassifierDifference]) -> DataTable:
    """Paired differences."""
    shown = pd.DataFrame(
        [
            {
                "pair": f"{pair.first} − {pair.second}",
                "error": standard_name(pair.shows),
                "re-examined": shown_name(pair.shows),
                "standard": f"{signed(pair.standard)} points",
                "rectified": points(pair.rectified),
                "images": count(pair.rectified.n),
            }
            for pair in pairs
        ]
    )
    numbers = pd.DataFrame(
        [
            {
                "first": pair.first,
                "second": pair.second,
                "shows": pair.shows,
                "standard_difference": pair.standard,
                **estimate_numbers(pair.rectified, "rectified_difference"),
                "n_images": pair.rectified.n,
            }
            for pair in pairs
        ]
    )
    return DataTable(
        name="comparisons",
        caption="Differences between classifiers on the same images, percentage "
        f"points (95 % intervals for {spoken_of(pair.rectified for pair in pairs)}).",
        shown=without_repeats(shown),
        numbers=numbers,
        text_columns=n_words(shown),
    )


def other_side_table(sides: Sequence[RightPredictions]) -> DataTable:
    """Right predictions that people reject."""
    shown = pd.DataFrame(
        [
            {
                "classifier": side.classifier,
                "right": count(side.n_right),
                "judged": count(side.n_judged),
                "rejected": interval(side.rejected),
                "two-sided error": interval(side.two_sided),
            }
            for side in sides
        ]
    )
    numbers = pd.DataFrame(
        [
            {
                "classifier": side.classifier,
                "n_right": side.n_right,
                "n_judged": side.n_judged,
                **estimate_numbers(side.rejected, "rejected"),
                **estimate_numbers(side.two_sided, "two_sided"),
            }
            for side in sides
        ]
    )
    return DataTable(
        name="right_predictions",
        caption="Right predictions that fewer than k people accept, and the error "
        "that counts both sides (95 % intervals for "
        f"{spoken_of(side.two_sided for side in sides)}).",
        shown=shown,
        numbers=numbers,
    )


def unresolved_table(results: Sequence[ErrorResult]) -> DataTable:
    """Bounds of the rectified error over unresolved trials."""
    shown = pd.DataFrame(
        [
            {
                **named_columns(result),
                "errors": count(result.judged.n_wrong),
                "unresolved": count(result.n_unresolved),
                "if all accepted": percent(result.low),
                "headline": percent(result.rectified.value),
                "if all rejected": percent(result.high),
            }
            for result in results
        ]
    )
    numbers = pd.DataFrame(
        [
            {
                **id_columns(result),
                "n_wrong": result.judged.n_wrong,
                "n_unresolved": result.n_unresolved,
                "rectified_if_accepted": result.low,
                "rectified": result.rectified.value,
                "rectified_if_rejected": result.high,
            }
            for result in results
        ]
    )
    return DataTable(
        name="unresolved_bounds",
        caption="Rectified error if every unresolved image were accepted or rejected.",
        shown=without_repeats(shown),
        numbers=numbers,
        text_columns=n_words(shown),
    )


def unresolved_list(bundle: Bundle) -> DataTable:
    """Unresolved trials by number of votes; each one in the CSV file."""
    uses = bundle.uses[bundle.uses["shows"].isin(measured_shows(bundle))]
    trials = uses["trial"].drop_duplicates()
    n_votes = trials.map(bundle.votes.groupby("trial").size()).fillna(0).astype(int)
    n_yes = trials.map(bundle.votes.groupby("trial")["accepts"].sum()).fillna(0)
    numbers = pd.DataFrame(
        {"trial": trials, "n_votes": n_votes, "n_yes": n_yes.astype(int)}
    )
    numbers = numbers[numbers["n_votes"] < bundle.n].reset_index(drop=True)
    per_number = numbers["n_votes"].value_counts().sort_index()
    shown = pd.DataFrame(
        {
            "votes so far": [str(votes) for votes in per_number.index],
            "trials": [count(each) for each in per_number],
        }
    )
    return DataTable(
        name="unresolved_trials",
        caption="Unresolved trials by number of valid votes (each trial is listed in "
        "the CSV file).",
        shown=shown,
        numbers=numbers,
    )


def _error_numbers(result: ErrorResult, bundle: Bundle) -> dict[str, Any]:
    return {
        **id_columns(result),
        "n_images": result.judged.classifier.n_seen,
        "n_wrong": result.judged.n_wrong,
        "n_resolved": len(result.judged.resolved),
        "k": bundle.k,
        "n": bundle.n,
        **estimate_numbers(result.standard, "standard"),
        **estimate_numbers(result.rectified, "rectified"),
        **estimate_numbers(result.accepted, "errors_accepted"),
        "design_effect": result.rectified.design_effect,
        "n_participants": result.rectified.n_people,
    }
