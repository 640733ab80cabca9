"""The part of the report on the rectified error corrected for yes-bias."""

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
    percent,
    shown_name,
)
from analysis.measures.rectified_error.names import without_repeats
from analysis.measures.rectified_error.numbers import measured_shows
from analysis.measures.yes_bias_correction.numbers import (
    CorrectedError,
    corrected_errors,
)
from analysis.statistics.correction import Correction, PanelRate, share_right

_INTRO: Final = (
    "People who say yes readily accept wrong predictions too, and make a classifier "
    "look better. Hard foils (confusable classes known to be absent) show how often {n} "
    "people accept at {k} of {n} what is wrong; predictions known to be right show how "
    "often they accept what is right. If errors are accepted like the one or like the "
    "other, the share of errors that are right after all is (accepted − false yes) / "
    "(true yes − false yes), and the corrected error is the rest. Its interval counts "
    "images, foils, right predictions and the people they share."
)
_BOUND: Final = (
    "The correction rests on foils being as tempting as the classifier's own errors, "
    "which nobody can check: read it as a bound on what yes-bias could do, not as the "
    "result."
)
_AT_MOST: Final = (
    "How often people accept what is right was not measured here (put right predictions "
    "up as well: include_correct), so there is no corrected error, but what it is at "
    "most, in 95 of 100 studies or more: the rarer people accept what is right, the more "
    "errors are right after all."
)


class YesBiasCorrectionMeasure:
    """The rectified error corrected for how readily people say yes."""

    name = "yes-bias-correction"

    def applies(self, bundle: Bundle) -> bool:
        """Whether errors were re-examined."""
        return bool(measured_shows(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: a correction is read beside its assumptions."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """The corrected error, or why there is none."""
        found = corrected_errors(bundle)
        how = _INTRO.format(k=bundle.k, n=bundle.n)
        blocks: list[Block] = [Prose(text=_BOUND), Prose(text=how, kind="how")]
        reasons = list(dict.fromkeys(each.correction.refused for each in found))
        if all(reasons):
            text = f"Not corrected: {'; '.join(reasons)}."
            blocks.append(Prose(text=text, kind="warning"))
        else:
            blocks += _told(found)
        title = "Rectified error corrected for yes-bias"
        return [
            Section(
                id="correction",
                chapter=Chapter.CORRECTION,
                title=title,
                blocks=blocks,
                is_exploratory=True,
                is_folded=True,
            )
        ]


def _told(found: list[CorrectedError]) -> list[Block]:
    """Corrected errors in a table, bounds in words."""
    measured = [each for each in found if not each.is_bound]
    bounds = [each for each in found if each.is_bound]
    blocks: list[Block] = [_table(measured)] if measured else []
    if bounds:
        blocks += [Prose(text=_AT_MOST), *(Prose(text=_bound(each)) for each in bounds)]
    return blocks


def _bound(each: CorrectedError) -> str:
    """What one corrected error is at most, or why not even that is known."""
    name = f"{each.classifier}, {shown_name(each.shows)}"
    if each.correction.refused:
        return f"{name}: no bound, because {each.correction.refused}."
    return (
        f"{name}: the corrected error is at most "
        f"{percent(each.correction.corrected.high)} of all images; true yes is "
        f"{each.uses}{_measured(each.true_yes)}, false yes {_said(each.false_yes)}."
    )


def _table(found: list[CorrectedError]) -> DataTable:
    shown = pd.DataFrame(
        [
            {
                "classifier": each.classifier,
                "re-examined": shown_name(each.shows),
                "true yes": f"{each.uses}{_measured(each.true_yes)}",
                "false yes": _said(each.false_yes),
                "errors right after all": percent(share_right(each.correction)),
                "corrected": _corrected(each.correction),
            }
            for each in found
        ]
    )
    return DataTable(
        name="corrected_error",
        caption="Rectified error corrected for yes-bias, share of all images (95 % "
        "intervals, the correction's own uncertainty included). True and false yes: "
        "the chance that a panel accepts what is right and what is not (number of "
        "trials).",
        shown=without_repeats(shown, names=("re-examined",)),
        numbers=pd.DataFrame([_numbers(each) for each in found]),
        text_columns=2 + (shown["re-examined"].nunique() > 1),
    )


def _corrected(correction: Correction) -> str:
    if correction.refused:
        return f"{NOTHING} ({correction.refused.split(',')[0]})"
    return interval(correction.corrected)


def _measured(rate: PanelRate | None) -> str:
    return "" if rate is None else f": {_said(rate)}"


def _said(rate: PanelRate) -> str:
    return f"{percent(rate.value)} ({count(rate.n_trials)})"


def _numbers(each: CorrectedError) -> dict[str, object]:
    true_yes = each.true_yes
    return {
        "classifier": each.classifier,
        "shows": each.shows,
        "true_yes_from": each.uses,
        "true_yes": 1.0 if true_yes is None else true_yes.value,
        "n_right_trials": 0 if true_yes is None else true_yes.n_trials,
        "false_yes": each.false_yes.value,
        "n_foils": each.false_yes.n_trials,
        "share_right": each.correction.right,
        **estimate_numbers(each.correction.corrected, "corrected"),
        "corrected_unclipped": each.correction.unclipped,
        "n_images": each.correction.corrected.n,
        "refused": each.correction.refused,
    }
