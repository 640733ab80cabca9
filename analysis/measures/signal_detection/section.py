"""The part of the report on how well people tell signal from noise."""

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
from analysis.elements.wording import NOTHING, amount, count, estimate_numbers
from analysis.measures.signal_detection.numbers import (
    DetectionResult,
    detection_results,
    keyed_responses,
)
from analysis.statistics.experiments.detection import LEAST_PEOPLE, LEAST_TRIALS
from analysis.statistics.intervals import Estimate

_HOW: Final = (
    "d′ says how well people tell trials whose answer is yes from those whose answer is "
    "no, and the criterion how readily they say yes (below zero: readily). Both are "
    "taken per person, with the log-linear correction, and averaged; intervals are for "
    "other people on these very trials. With two alternatives d′ has its own formula, "
    "and the criterion tells a preference for the first side (below zero). Controls "
    "count people of sessions that passed the quality rules only. People with fewer "
    f"than {LEAST_TRIALS} trials of either kind are left out; fewer than {LEAST_PEOPLE} "
    "people get no interval."
)


class SignalDetectionMeasure:
    """d′ and criterion of people."""

    name: Final = "signal-detection"

    def applies(self, bundle: Bundle) -> bool:
        """Whether trials have keys of both kinds."""
        return bool(keyed_responses(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: read beside the main result."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """d′ and criterion, or why there are none."""
        results = detection_results(bundle)
        blocks: list[Block] = [
            Prose(text=_said(results)),
            Prose(text=_HOW, kind="how"),
            _table(results),
        ]
        if drawn := [each for each in results if not isnan(each.found.d_prime.low)]:
            blocks.append(_drawing(drawn))
        return [
            Section(
                id="signal-detection",
                chapter=Chapter.CONTROLS,
                title="Telling yes from no: d′ and criterion",
                blocks=blocks,
                is_folded=not drawn,
            )
        ]


def _said(results: Sequence[DetectionResult]) -> str:
    first = results[0].found.d_prime
    if isnan(first.low):
        reason = first.method.removeprefix("no interval: ")
        return f"How well people tell yes from no has no interval here: {reason}."
    return (
        f"Over all trials ({results[0].name}) d′ is {_words(first)}, over "
        f"{count(first.n_people)} people (95 % interval)."
    )


def _words(found: Estimate) -> str:
    if isnan(found.value):
        return NOTHING
    if isnan(found.low):
        return f"{found.value:.2f}".replace("-", "−")
    return amount(found.value, found.low, found.high)


def _why(found: Estimate) -> str:
    return found.method.removeprefix("no interval: ") if isnan(found.low) else ""


def _label(result: DetectionResult) -> str:
    return f"{result.name}, {result.part}"


def _table(results: Sequence[DetectionResult]) -> DataTable:
    both = [(each, each.found.d_prime, each.found.criterion) for each in results]
    shown = pd.DataFrame(
        {
            "trials": [_label(each) for each, _, _ in both],
            "d′": [_words(d_prime) for _, d_prime, _ in both],
            "criterion": [_words(criterion) for _, _, criterion in both],
            "people": [count(d_prime.n_people) for _, d_prime, _ in both],
            "left out": [count(each.found.n_left_out) for each, _, _ in both],
            "responses": [count(d_prime.n) for _, d_prime, _ in both],
            "no interval because": [_why(d_prime) for _, d_prime, _ in both],
        }
    )
    if not shown["no interval because"].any():
        shown = shown.drop(columns="no interval because")
    numbers = pd.DataFrame(
        [
            {
                "trials": each.name,
                "part": each.part,
                "task": each.task,
                **estimate_numbers(d_prime, "d_prime"),
                **estimate_numbers(criterion, "criterion"),
                "n_participants": d_prime.n_people,
                "n_left_out": each.found.n_left_out,
                "n_responses": d_prime.n,
                "method": d_prime.method,
            }
            for each, d_prime, criterion in both
        ]
    )
    return DataTable(
        name="signal_detection",
        caption="d′ and criterion, mean over people (95 % intervals for other people on "
        "these trials).",
        shown=shown,
        numbers=numbers,
        is_folded=True,
    )


def _drawing(results: Sequence[DetectionResult]) -> Drawing:
    said = "; ".join(
        f"{_label(each)}: {_words(each.found.d_prime)}" for each in results
    )
    return Drawing(
        name="signal_detection",
        caption="d′, mean over people (95 % intervals).",
        alt=f"d′. {said}.",
        figure=figures.means(
            [_label(each) for each in results],
            [each.found.d_prime for each in results],
            quantity="d′",
        ),
    )
