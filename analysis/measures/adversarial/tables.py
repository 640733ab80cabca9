"""Tables and figures of the attacked images."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.equivalence import with_equivalence
from analysis.elements.sections import DataTable, Drawing
from analysis.elements.wording import (
    class_list,
    count,
    estimate_numbers,
    interval,
    p_text,
    percent,
    points,
)
from analysis.measures.adversarial.display_controls import (
    CONTROL_NAMES,
    CorrectedAgreement,
    DisplayControl,
)
from analysis.measures.adversarial.numbers import DISPLAY_NAMES, DisplayResult
from analysis.measures.adversarial.paired_displays import PairedDisplays

OVER_NAMES: Final = {
    "attacked": "attacked images",
    "chosen": "all images of the chosen classes",
}
PAIRED: Final = (
    "Each image is compared with itself. Both differences, and their tests, take images "
    "and people as drawn anew, each a cluster: people who say yes readily move many "
    "images at once."
)
LESS_EVIDENCE: Final = (
    "Whoever sees less may say yes more readily, whatever is shown. Controls tell: "
    "trials of each display whose class is certainly there, and trials whose class is "
    "certainly not, among them as many superpixels of the same area drawn at random."
)
CORRECTION: Final = (
    "Corrected agreement is (yes − false yes) / (true yes − false yes), with the "
    "uncertainty of all three shares and of people who gave several of them. Where no "
    "control has its class present, true yes is taken as 100 %. Below zero means that "
    "people agree with the adversarial class less often than with a class that is not "
    "there."
)


def agreement_table(bundle: Bundle, results: Sequence[DisplayResult]) -> DataTable:
    """Agreement per display, both ways of saying it."""
    of_images = f"of images ({bundle.k} of {bundle.n})"
    shown = pd.DataFrame(
        {
            "display": [result.name for result in results],
            "of votes": [interval(result.of_votes) for result in results],
            of_images: [interval(result.of_images) for result in results],
            "votes": [count(result.of_votes.n) for result in results],
            "images": [count(result.n_shown) for result in results],
            "resolved": [count(len(result.resolved)) for result in results],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "display": result.display,
                **estimate_numbers(result.of_votes, "of_votes"),
                **estimate_numbers(result.of_images, "of_images"),
                "k": bundle.k,
                "n": bundle.n,
                "n_votes": result.of_votes.n,
                "n_images": result.n_shown,
                "n_resolved": len(result.resolved),
                "n_participants": result.of_votes.n_people,
            }
            for result in results
        ]
    )
    return DataTable(
        name="agreement",
        caption="Agreement with the adversarial class: share of votes, and share of "
        f"images with at least {bundle.k} of {bundle.n} yes (95 % intervals for images "
        "like these and other people).",
        shown=shown,
        numbers=numbers,
    )


def agreement_drawing(results: Sequence[DisplayResult]) -> Drawing:
    """Both shares of both displays."""
    named = [
        *((f"{r.name}, of votes", r.of_votes) for r in results),
        *((f"{r.name}, of images", r.of_images) for r in results),
    ]
    said = "; ".join(f"{name}: {interval(each)}" for name, each in named)
    return Drawing(
        name="agreement",
        caption="Agreement with the adversarial class, as a share of votes and as a "
        "share of images (95 % intervals).",
        alt=f"{said}.",
        figure=figures.shares(
            [name for name, _ in named],
            [each for _, each in named],
            quantity="agree with the adversarial class",
        ),
    )


def error_table(bundle: Bundle, results: Sequence[DisplayResult]) -> DataTable:
    """Table 2: standard and rectified error under attack."""
    pairs = [(result, pair) for result in results for pair in result.errors]
    shown = pd.DataFrame(
        {
            "display": [result.name for result, _ in pairs],
            "over": [OVER_NAMES[pair.over] for _, pair in pairs],
            "images": [count(pair.n_images) for _, pair in pairs],
            "standard": [interval(pair.standard) for _, pair in pairs],
            "rectified": [interval(pair.rectified) for _, pair in pairs],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "display": result.display,
                "over": pair.over,
                "n_images": pair.n_images,
                **estimate_numbers(pair.standard, "standard"),
                **estimate_numbers(pair.rectified, "rectified"),
            }
            for result, pair in pairs
        ]
    )
    return DataTable(
        name="errors_under_attack",
        caption="Top-1 error under attack, by the labels and rectified: an adversarial "
        f"class is right when at least {bundle.k} of {bundle.n} people accept it.",
        shown=shown,
        numbers=numbers,
        text_columns=2,
    )


def votes_table(results: Sequence[DisplayResult]) -> DataTable:
    """Images by number of yes votes."""
    rows, numbers = [], []
    for result in results:
        total = int(result.histogram.sum())
        shares = {v: n / total if total else nan for v, n in result.histogram.items()}
        cells = {
            f"{v} yes": f"{count(n)} ({percent(shares[v])})"
            for v, n in result.histogram.items()
        }
        rows.append({"display": result.name, **cells, "resolved": count(total)})
        numbers += [
            {
                "display": result.display,
                "n_yes": v,
                "n_images": n,
                "share": shares[v],
            }
            for v, n in result.histogram.items()
        ]
    return DataTable(
        name="votes",
        caption="Resolved attacked images by number of yes votes: images (share).",
        shown=pd.DataFrame(rows),
        numbers=pd.DataFrame(numbers),
        is_folded=True,
    )


def votes_drawing(results: Sequence[DisplayResult]) -> Drawing:
    """Figure 4: images by number of yes votes, one panel per display."""
    counts = {result.name: result.histogram for result in results}
    return figures.votes_drawing(
        counts,
        caption="Attacked images by number of people who find the adversarial class "
        "relevant (numbers of images in brackets).",
    )


def pairs_table(bundle: Bundle, pairs: PairedDisplays) -> DataTable:
    """Second display minus first, by votes and by images."""
    found = (
        ("of votes", pairs.of_votes.estimate, pairs.of_votes.p_value),
        (
            f"of images ({bundle.k} of {bundle.n})",
            pairs.of_images.estimate,
            pairs.of_images.p_value,
        ),
    )
    shown = pd.DataFrame(
        {
            "agreement": [name for name, _, _ in found],
            "difference": [points(estimate) for _, estimate, _ in found],
            "p": [p_text(p) for _, _, p in found],
            "images": [count(len(pairs.images))] * 2,
            "gained": ["", count(pairs.n_gained)],
            "lost": ["", count(pairs.n_lost)],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "agreement": name,
                "first": pairs.first,
                "second": pairs.second,
                **estimate_numbers(estimate, "difference"),
                "p_value": p,
                "n_images": len(pairs.images),
                "n_gained": pairs.n_gained,
                "n_lost": pairs.n_lost,
            }
            for name, estimate, p in found
        ]
    )
    second, first = (DISPLAY_NAMES.get(d, d) for d in (pairs.second, pairs.first))
    table = DataTable(
        name="paired_displays",
        caption=f"Agreement, {second} minus {first}, on the same images (95 % "
        "intervals). Gained: images that only the first display leaves below the bar; "
        "lost: the other way round.",
        shown=shown,
        numbers=numbers,
    )
    return with_equivalence(
        table, [each for _, each, _ in found], margin=bundle.equivalence_margin
    )


def difference_words(pairs: PairedDisplays) -> str:
    """One line for a terminal."""
    words = points(pairs.of_votes.estimate)
    return f"{_display(f'{pairs.second} − {pairs.first}')}, of votes: {words}"


def controls_table(rates: Sequence[DisplayControl]) -> DataTable:
    """How often people say yes where the truth is known, per display."""
    shown = pd.DataFrame(
        {
            "display": [DISPLAY_NAMES[rate.display] for rate in rates],
            "shown": [CONTROL_NAMES[rate.control] for rate in rates],
            "said yes": [interval(rate.says_yes) for rate in rates],
            "responses": [count(rate.says_yes.n) for rate in rates],
            "images": [count(rate.n_trials) for rate in rates],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "display": rate.display,
                "control": rate.control,
                **estimate_numbers(rate.says_yes, "says_yes"),
                "n_responses": rate.says_yes.n,
                "n_images": rate.n_trials,
            }
            for rate in rates
        ]
    )
    return DataTable(
        name="display_controls",
        caption="Share of yes on the controls of each display (95 % intervals that "
        "count people and images as clusters).",
        shown=shown,
        numbers=numbers,
        text_columns=2,
    )


def corrected_table(
    found: Sequence[CorrectedAgreement], *, margin: float | None = None
) -> DataTable:
    """Agreement corrected for yes-bias, per display and kind of false yes.

    Differences of displays are tested against the margin where the study states one.
    """
    shown = pd.DataFrame(
        {
            "display": [_display(c.display) for c in found],
            "false yes from": [_controls(c.absent) for c in found],
            "corrected": [_corrected_words(c) for c in found],
            "p against 0": [p_text(c.agreement.p_value) for c in found],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "display": c.display,
                "false_yes": c.absent,
                "true_yes": c.there,
                **estimate_numbers(c.agreement.estimate, "corrected"),
                "p_value": c.agreement.p_value,
            }
            for c in found
        ]
    )
    table = DataTable(
        name="corrected_agreement",
        caption="Agreement with the adversarial class as a share of votes, corrected "
        "for yes-bias (95 % intervals with the correction's own uncertainty); the last "
        "line is the difference that less evidence alone cannot explain.",
        shown=shown,
        numbers=numbers,
        text_columns=2,
    )
    return with_equivalence(
        table,
        [c.agreement.estimate if _is_difference(c) else None for c in found],
        margin=margin,
    )


def _is_difference(found: CorrectedAgreement) -> bool:
    return "−" in found.display


def _display(names: str) -> str:
    """A display, or two of which one is taken off the other."""
    parts = names.split(" − ")
    return " − ".join(DISPLAY_NAMES.get(name, name) for name in parts)


def _controls(names: str) -> str:
    return "; ".join(CONTROL_NAMES.get(name, name) for name in names.split(", "))


def _corrected_words(found: CorrectedAgreement) -> str:
    estimate = found.agreement.estimate
    if isnan(estimate.value):
        return "not defined (true and false yes hardly differ)"
    return points(estimate) if _is_difference(found) else interval(estimate)


def changed_table(bundle: Bundle, changed: pd.DataFrame) -> DataTable:
    """Images that go from disagreement to agreement; all in the CSV file."""
    names = bundle.class_names
    said = [class_list(str(each).split("|"), names) for each in changed["predicted"]]
    label = [class_list([str(each)], names) for each in changed["label"]]
    grouped = (
        pd.DataFrame({"label": label, "adversarial class": said})
        .value_counts()
        .reset_index(name="images")
        .head(20)
    )
    return DataTable(
        name="from_disagreement_to_agreement",
        caption="Images that go from disagreement to agreement, by label and "
        "adversarial class (the 20 most frequent; every image in the CSV file).",
        shown=grouped.astype({"images": str}),
        numbers=changed.drop(columns=["slots_first", "slots_second"]),
        text_columns=2,
    )
