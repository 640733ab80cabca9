"""Curves over levels, and their thresholds: their part of the report."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import NOTHING, count, estimate_numbers, percent
from analysis.measures.base import MeasuredOutcome
from analysis.measures.category_accuracy.numbers import PEOPLE
from analysis.measures.psychometric_curves.numbers import (
    LevelCurve,
    Levels,
    level_curves,
    levels_of,
)
from analysis.statistics.intervals import Estimate

_HOW: Final = (
    "A logistic curve rises from what guessing gives to a ceiling just below 100 %: the "
    "rest are lapses, errors at however easy a level. The threshold is the level halfway "
    "between. Intervals (95 %) of people's thresholds take people and images as drawn "
    "anew, those of observers images; slopes and lapses have none."
)
_DRAWN: Final = 6


class PsychometricCurvesMeasure:
    """How right responses change with the level that the study varies."""

    name = "psychometric-curves"

    def applies(self, bundle: Bundle) -> bool:
        """Whether conditions are levels, and a key says what is right at each."""
        return bool(level_curves(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """A line per decider."""
        unit = levels.unit if (levels := levels_of(bundle)) else ""
        return [
            f"{_name(each) + ', threshold':<30.30} "
            f"{_threshold(each.curve.threshold, unit)}"
            for each in level_curves(bundle)
        ]

    def sentences(self, bundle: Bundle) -> list[str]:
        """People's threshold."""
        levels = levels_of(bundle)
        return [
            f"People get half of what can be got at a {levels.name} of "
            f"{_threshold(each.curve.threshold, levels.unit)} (95 % interval)."
            for each in level_curves(bundle)
            if levels and each.decider == PEOPLE and each.curve.is_fitted
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """People's threshold."""
        return [
            MeasuredOutcome(
                name="threshold",
                value=each.curve.threshold.value,
                low=each.curve.threshold.low,
                high=each.curve.threshold.high,
                n=each.curve.threshold.n,
                is_amount=True,
            )
            for each in level_curves(bundle)
            if each.decider == PEOPLE
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """One section, a figure and a table for each question."""
        levels, found = levels_of(bundle), level_curves(bundle)
        if levels is None:
            return []
        blocks: list[Block] = [Prose(text=_HOW, kind="how")]
        questions = list(dict.fromkeys(each.question for each in found))
        for number, question in enumerate(questions, 1):
            mine = [each for each in found if each.question == question]
            name = f"psychometric_{number}" if len(questions) > 1 else "psychometric"
            blocks += [_drawing(mine, levels, name), _table(mine, levels, name)]
        return [
            Section(
                id="psychometric-curves",
                chapter=Chapter.RESULT,
                title=f"Right responses by {levels.name}",
                blocks=blocks,
            )
        ]


def _name(each: LevelCurve) -> str:
    return "people" if each.decider == PEOPLE else each.decider


def _threshold(found: Estimate, unit: str) -> str:
    """Level and interval, or why there is none: "0.11 [0.098, 0.124]"."""
    of = f" {unit}" if unit else ""
    if isnan(found.value):
        return f"{NOTHING} ({found.method})"
    if isnan(found.low):
        return f"{found.value:.3g}{of} ({found.method})"
    return f"{found.value:.3g}{of} [{found.low:.3g}, {found.high:.3g}]"


def _drawing(found: Sequence[LevelCurve], levels: Levels, name: str) -> Drawing:
    drawn = found[:_DRAWN]
    left = len(found) - len(drawn)
    more = f" {count(left)} more observers are in the table." if left else ""
    said = "; ".join(
        f"{_name(each)}: "
        + ", ".join(
            f"{percent(share.right.value)} at {level:g}"
            for level, share in each.shares.items()
        )
        for each in drawn
    )
    return Drawing(
        name=name,
        caption=f"Share of right responses by {levels.name} with 95 % intervals, the "
        f"curves fitted to them, and their thresholds with intervals (below).{more}",
        alt=f"Right responses by {levels.name}. {said}.",
        figure=figures.level_curves(
            {
                _name(each): (
                    each.curve,
                    [(level, share.right) for level, share in each.shares.items()],
                )
                for each in drawn
            },
            quantity=f"{levels.name}, {levels.unit}" if levels.unit else levels.name,
            chance=found[0].curve.guess,
        ),
    )


def _table(found: Sequence[LevelCurve], levels: Levels, name: str) -> DataTable:
    thresholds = [each.curve.threshold for each in found]
    per = "per tenfold" if levels.scale == "log" else f"per {levels.unit or 'unit'}"
    return DataTable(
        name=f"{name}_thresholds",
        caption=f"Threshold: the {levels.name} at which half of what can be got is got "
        "(95 % interval); slope of the log odds there; lapses.",
        shown=pd.DataFrame(
            {
                "who": [_name(each) for each in found],
                "threshold": [_threshold(each, levels.unit) for each in thresholds],
                f"slope, {per}": [_plain(each.curve.slope) for each in found],
                "lapses": [percent(each.curve.lapse) for each in found],
                "responses": [count(each.n) for each in thresholds],
                "people": [count(each.n_people or float("nan")) for each in thresholds],
                "images": [count(each.n_stimuli) for each in thresholds],
            }
        ),
        numbers=pd.DataFrame([_numbers(each) for each in found]),
    )


def _plain(value: float) -> str:
    return NOTHING if isnan(value) else f"{value:.2g}".replace("-", "−")


def _numbers(each: LevelCurve) -> dict[str, object]:
    curve, threshold = each.curve, each.curve.threshold
    return {
        "question": each.question,
        "decider": each.decider,
        **estimate_numbers(threshold, "threshold"),
        "slope": curve.slope,
        "lapse": curve.lapse,
        "guess": curve.guess,
        "scale": curve.scale,
        "lowest_level": curve.lowest,
        "highest_level": curve.highest,
        "n_responses": threshold.n,
        "n_participants": threshold.n_people,
        "n_images": threshold.n_stimuli,
        "method": threshold.method,
    }
