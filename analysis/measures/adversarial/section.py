"""The attacked images' part of the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isnan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.joined_studies import joined
from analysis.elements.pictures import PictureCell, PictureRow, picture_rows
from analysis.elements.sections import Block, Chapter, Drawing, Prose, Section
from analysis.elements.wording import class_list, count, interval
from analysis.measures.adversarial import tables
from analysis.measures.adversarial.display_controls import (
    control_votes,
    corrected_agreements,
    corrected_differences,
    display_controls,
)
from analysis.measures.adversarial.numbers import (
    DISPLAYS,
    DisplayResult,
    are_attacked,
    attack_counts,
    attacked_images,
    display_results,
)
from analysis.measures.adversarial.paired_displays import (
    PairedDisplays,
    changed_images,
    paired_displays,
)
from analysis.measures.base import MeasuredOutcome, Told
from analysis.statistics.intervals import Estimate

IN_FIGURE: Final = 12
_NAMED: Final = (
    "Agreement is said in two ways that are not the same number. “Of votes” is the "
    "share of single responses that find the adversarial class relevant. “Of images” "
    "is the share of images for which at least {k} of {n} people do."
)
_ONE_DISPLAY: Final = (
    "The set shows attacked images {shown} only, so the displays cannot be compared. "
    'For both, build a set with displays = ["whole", "attention"], or compare two '
    "studies with `secondlook report make BUNDLE --without-people-of OTHER`."
)


class AdversarialMeasure:
    """Agreement with adversarial classes, whole and as explanations."""

    name = "adversarial"
    tells: Final = frozenset({Told.VOTES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether attacked images were put up."""
        return are_attacked(bundle)

    def headline(self, bundle: Bundle) -> list[str]:
        """Agreement per display, and their difference."""
        results = display_results(bundle)
        if not _has_votes(results):
            return [_nothing(bundle)]
        lines = [
            f"agreement with the adversarial class ({bundle.k} of {bundle.n})",
            f"{'display':<18} {'of votes':<22} of images",
        ]
        lines += [
            f"{result.name:<18} {interval(result.of_votes):<22} "
            f"{interval(result.of_images)}"
            for result in results
        ]
        if len(results) > 1:
            lines.append(tables.difference_words(paired_displays(bundle)))
        return lines

    def sentences(self, bundle: Bundle) -> list[str]:
        """Agreement with the adversarial class, per display."""
        results = display_results(bundle)
        if not _has_votes(results):
            return []
        told = "; ".join(f"{r.name}: {interval(r.of_images)}" for r in results)
        return [
            f"At least {bundle.k} of {bundle.n} people agree with the class that the "
            f"attack leads to for this share of the images. {told[:1].upper()}{told[1:]} "
            "(95 % intervals)."
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """Agreement per display, both ways, and their difference."""
        results = display_results(bundle)
        found = [
            outcome
            for result in results
            for outcome in (
                _outcome(f"agreement of votes, {result.name}", result.of_votes),
                _outcome(
                    f"agreement of images, {result.name}",
                    result.of_images,
                    unit="images",
                ),
            )
        ]
        if len(results) > 1:
            difference = paired_displays(bundle).of_votes.estimate
            name = "explanation only − whole image, of votes"
            found.append(_outcome(name, difference, is_difference=True))
        return found

    def sections_with(self, bundle: Bundle, other: Bundle) -> list[Section]:
        """The paired comparison, where each study has one of the displays."""
        is_split = len(display_results(bundle)) == 1
        return _pairs_with(bundle, other) if is_split else []

    def sections(self, bundle: Bundle) -> list[Section]:
        """Table 2, figure 4, the pairs, the controls and figure 6."""
        results = display_results(bundle)
        if not _has_votes(results):
            warning = Prose(kind="warning", text=_nothing(bundle))
            title = "Agreement with adversarial classes"
            return [
                Section(
                    id="result", chapter=Chapter.RESULT, title=title, blocks=[warning]
                )
            ]
        found = [_result(bundle, results), _votes(bundle, results)]
        if len(results) > 1:
            pairs = paired_displays(bundle)
            found.append(_pairs(bundle, pairs))
            found.append(_changed(bundle, pairs))
        found.append(_bias(bundle))
        return found


def _pairs_with(bundle: Bundle, other: Bundle) -> list[Section]:
    """Whole images of one study against explanations of the other."""
    both = joined(bundle, other)
    if set(attacked_images(both)["display"]) != set(DISPLAYS):
        return []
    pairs = paired_displays(both)
    return [_pairs(both, pairs), _changed(both, pairs)]


def _outcome(
    name: str,
    estimate: Estimate,
    *,
    unit: str = "responses",
    is_difference: bool = False,
) -> MeasuredOutcome:
    return MeasuredOutcome(
        name=name,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        n=estimate.n,
        unit=unit,
        is_difference=is_difference,
    )


def _has_votes(results: Sequence[DisplayResult]) -> bool:
    return any(not isnan(result.of_votes.value) for result in results)


def _nothing(bundle: Bundle) -> str:
    n_given = len(bundle.single_responses)
    if n_given == 0:
        return "Nobody has responded yet, so there are no numbers."
    return (
        f"None of the {count(n_given)} responses counts: every one was excluded or "
        "was given to a trial that is not analysed, so there are no numbers. "
        "Exclusions are listed below with their reasons."
    )


def _result(bundle: Bundle, results: Sequence[DisplayResult]) -> Section:
    blocks: list[Block] = [
        Prose(text=_NAMED.format(k=bundle.k, n=bundle.n)),
        tables.agreement_table(bundle, results),
        tables.agreement_drawing(results),
    ]
    if any(result.errors for result in results):
        blocks.append(tables.error_table(bundle, results))
        blocks.append(Prose(kind="note", text=_denominators(bundle)))
    if missing := [
        name for name in DISPLAYS if name not in {r.display for r in results}
    ]:
        shown = " and ".join(result.name for result in results)
        blocks.append(
            Prose(kind="warning", text=_ONE_DISPLAY.format(shown=shown))
            if len(missing) < len(DISPLAYS)
            else Prose(kind="warning", text="The displays have names of their own.")
        )
    return Section(
        id="result",
        chapter=Chapter.RESULT,
        title="Agreement with adversarial classes",
        blocks=blocks,
    )


def _denominators(bundle: Bundle) -> str:
    counts = attack_counts(bundle)
    if counts is None:
        return ""
    return (
        f"Of {count(counts.n_chosen)} images of the chosen classes "
        f"{count(counts.n_wrong_before)} were wrong without any attack; they are "
        "neither attacked nor shown, and count as wrong in both errors over all. "
        f"{count(counts.n_attacked)} were attacked, and of these "
        f"{count(counts.n_adversarial)} are wrong in the very bytes that people see "
        f"({count(counts.n_lost)} more were wrong only before rounding to 8 bits)."
    )


def _votes(bundle: Bundle, results: Sequence[DisplayResult]) -> Section:
    resolved = [result for result in results if len(result.resolved)]
    blocks: list[Block] = [tables.votes_drawing(resolved)] if resolved else []
    blocks.append(tables.votes_table(results))
    return Section(
        id="votes",
        chapter=Chapter.VOTES,
        title="How many people say yes",
        blocks=blocks,
    )


def _pairs(bundle: Bundle, pairs: PairedDisplays) -> Section:
    title = "The same images whole and as explanations"
    if pairs.images.empty:
        text = f"No image has {bundle.n} votes in both displays yet."
        return Section(
            id="comparison",
            chapter=Chapter.COMPARISON,
            title=title,
            blocks=[Prose(kind="warning", text=text)],
        )
    blocks: list[Block] = [
        Prose(text=tables.PAIRED),
        tables.pairs_table(bundle, pairs),
    ]
    return Section(
        id="comparison", chapter=Chapter.COMPARISON, title=title, blocks=blocks
    )


def _bias(bundle: Bundle) -> Section:
    votes = control_votes(bundle)
    rates = display_controls(votes)
    blocks: list[Block] = [Prose(text=tables.LESS_EVIDENCE)]
    if not rates:
        text = (
            "The study has no control of its displays, so yes-bias is not known and "
            "nothing is corrected; [controls] in the recipe adds them."
        )
        blocks.append(Prose(kind="warning", text=text))
    else:
        blocks.append(tables.controls_table(rates))
        found = [*corrected_agreements(votes), *corrected_differences(votes)]
        if found:
            margin = bundle.equivalence_margin
            table = tables.corrected_table(found, margin=margin)
            blocks += [Prose(text=tables.CORRECTION), table]
    return Section(
        id="displays-bias",
        chapter=Chapter.CONTROLS,
        title="Yes-bias of each display",
        blocks=blocks,
    )


def _changed(bundle: Bundle, pairs: PairedDisplays) -> Section:
    changed = changed_images(bundle, pairs)
    blocks: list[Block] = [
        Prose(
            text=f"{count(len(changed))} of {count(len(pairs.images))} images go from "
            f"disagreement (fewer than {bundle.k} yes) when seen whole to agreement "
            "when seen as an explanation."
        )
    ]
    if len(changed):
        blocks.append(tables.changed_table(bundle, changed))
        if drawing := _side_by_side(bundle, changed):
            blocks.append(drawing)
    return Section(
        id="gallery",
        chapter=Chapter.GALLERY,
        title="From disagreement to agreement",
        blocks=blocks,
    )


def _side_by_side(bundle: Bundle, changed: pd.DataFrame) -> Drawing | None:
    """Figure 6: the same image whole and as an explanation, the largest change first."""
    rows: list[PictureRow] = []
    for _, entry in changed.iterrows():
        paths = [
            bundle.image_path(next(iter(json.loads(entry[slots]).values())))
            for slots in ("slots_first", "slots_second")
        ]
        if len(rows) == IN_FIGURE or any(path is None for path in paths):
            continue
        said = class_list(str(entry["predicted"]).split("|"), bundle.class_names)
        votes = (entry["n_yes_first"], entry["n_yes_second"])
        cells = tuple(
            PictureCell(path=path, text=f"{n_yes} of {bundle.n} yes")
            for path, n_yes in zip(paths, votes, strict=True)
            if path is not None
        )
        rows.append(PictureRow(title=f"{said}?", cells=cells))
    if not rows:
        return None
    return Drawing(
        name="from_disagreement_to_agreement",
        caption="Attacked images that people do not find to show the adversarial class "
        "when they see them whole (left), and do when they see the explanation only "
        f"(right): {len(rows)} of {count(len(changed))}, the largest change first.",
        alt="Pairs of pictures: "
        + "; ".join(f"{r.title} {r.cells[0].text}, {r.cells[1].text}" for r in rows),
        figure=picture_rows(rows, across=2),
    )
