"""Error consistency's part of the report."""

from __future__ import annotations

from collections.abc import Sequence
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
from analysis.elements.wording import count, percent
from analysis.measures.agreement.section import coefficient, number, without_interval
from analysis.measures.error_consistency.numbers import (
    ErrorConsistency,
    consistencies,
    decisions_of_observers,
    decisions_of_people,
    decisions_on_images,
)

_INTRO: Final = (
    "Error consistency asks whether two deciders are right and wrong on the same "
    "trials, beyond what their accuracies give by chance (Geirhos et al. 2020): 1 is "
    "always, 0 as often as chance, below 0 on other trials. It is added up over pairs. "
    "What it can be at most and at least depends on the two accuracies. A classifier "
    "that is always right or always wrong on these trials has none."
)
_POOLED: Final = (
    "Over all conditions together deciders err alike also because some conditions are "
    "harder for all; whether they err on the same images is said by each condition by "
    "itself."
)
_INTERVALS: Final = (
    "Intervals (95 %) draw trials anew, and people where they are at least 15 (people "
    "who did more than others count as fewer); with fewer people they are for these "
    "people and other trials. Classifiers are the ones they are; where one responded to a "
    "trial several times, its first response counts. Accepting a prediction is no "
    "classification: people are in this table only where their response has a right "
    "answer. People with each other are the noise ceiling: how alike people err among "
    "themselves, beside which every classifier is read."
)
# More rows than these are looked up, and more than these a figure cannot hold.
_READ: Final = 16
_DRAWN: Final = 14


class ErrorConsistencyMeasure:
    """Whether people and classifiers err on the same trials."""

    name = "error-consistency"

    def applies(self, bundle: Bundle) -> bool:
        """Whether people's responses, or predictions of a whole set, have a key."""
        found = (decisions_of_people, decisions_of_observers, decisions_on_images)
        if any(of(bundle)["decider"].nunique() > 1 for of in found):
            return True
        # One person and one observer are two deciders.
        return all(len(of(bundle)) for of in found[:2])

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: it is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """One section, where any two deciders can be compared."""
        found = consistencies(bundle)
        if not found:
            return []
        blocks: list[Block] = [
            Prose(text=_INTRO),
            *([Prose(text=_POOLED)] if any(e.condition for e in found) else []),
            Prose(text=_INTERVALS, kind="how"),
            consistency_table(found),
            *without_interval([each.kappa for each in found]),
            *_drawings(found),
        ]
        return [
            Section(
                id="error-consistency",
                chapter=Chapter.AGREEMENT,
                title="Whether people and classifiers err alike",
                blocks=blocks,
            )
        ]


def consistency_table(found: Sequence[ErrorConsistency]) -> DataTable:
    """A row per who with whom, and per condition."""
    shown = pd.DataFrame(
        {
            "who": [each.between for each in found],
            "condition": [each.condition or "all" for each in found],
            "error consistency": [coefficient(each.kappa) for each in found],
            "possible": [
                f"{number(each.lowest)} to {number(each.highest)}" for each in found
            ],
            "observed": [percent(each.observed) for each in found],
            "first right": [percent(each.right) for each in found],
            "second right": [percent(each.other_right) for each in found],
            "pairs of decisions": [count(each.kappa.n) for each in found],
            "trials": [count(each.kappa.n_stimuli) for each in found],
        }
    )
    is_one = shown["condition"].nunique() < 2
    # Short tables are read, long ones looked up.
    is_long = len(shown) > _READ
    return DataTable(
        name="error_consistency",
        caption="Error consistency (kappa, 95 % interval): whether errors fall on the "
        "same trials, beyond chance; what it could be at all with these accuracies; "
        "the share of pairs of decisions that are both right or both wrong; and how "
        "often the first and the second named are right on these trials.",
        shown=shown.drop(columns="condition") if is_one else shown,
        numbers=pd.DataFrame([_numbers(each) for each in found]),
        text_columns=1 if is_one else 2,
        is_folded=is_long,
    )


def _numbers(each: ErrorConsistency) -> dict[str, object]:
    return {
        "kind": each.kind,
        "between": each.between,
        "condition": each.condition,
        "kappa": each.kappa.value,
        "kappa_low": each.kappa.low,
        "kappa_high": each.kappa.high,
        "lowest_possible": each.lowest,
        "highest_possible": each.highest,
        "observed": each.observed,
        "first_right": each.right,
        "second_right": each.other_right,
        "n_pairs_of_decisions": each.kappa.n,
        "n_trials": each.kappa.n_stimuli,
        "n_people": each.kappa.n_people,
        "interval": each.kappa.method,
    }


def _drawings(found: Sequence[ErrorConsistency]) -> list[Block]:
    drawn = [each for each in found if each.kappa.value == each.kappa.value]
    if len(drawn) > _DRAWN:
        # Conditions are in the table; those with people come first.
        drawn = [each for each in drawn if not each.condition][:_DRAWN]
    if not drawn:
        return []
    names = [
        each.between + (f", {each.condition}" if each.condition else "")
        for each in drawn
    ]
    said = "; ".join(
        f"{name}: {coefficient(each.kappa)}, possible from {number(each.lowest)} to "
        f"{number(each.highest)}"
        for name, each in zip(names, drawn, strict=True)
    )
    return [
        Drawing(
            name="error_consistency",
            caption="Error consistency with 95 % intervals; grey: what it could be at "
            "all with these accuracies.",
            alt=f"{said}.",
            figure=figures.coefficients(
                names,
                [each.kappa for each in drawn],
                possible=[(each.lowest, each.highest) for each in drawn],
                quantity="error consistency (kappa)",
            ),
        )
    ]
