"""Right choices of people and observers: their part of the report."""

from __future__ import annotations

import re
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
from analysis.elements.wording import count, estimate_numbers, interval, percent
from analysis.measures.base import MeasuredOutcome, Told
from analysis.measures.category_accuracy.numbers import (
    ALL,
    PEOPLE,
    CategoryAccuracy,
    CategoryChoices,
    accuracies,
    category_choices,
)

_HOW: Final = (
    "A response that did not come in time, or was refused, is wrong; its share stands "
    "beside. Intervals of people take people and images as drawn anew. An observer is "
    "the one it is: its intervals are for other images like these."
)
# A figure of more series, or rows, says nothing.
_SERIES: Final = 6
_ROWS: Final = 16
# Longer tables are looked up; the figure has their numbers.
_READ: Final = 12


class CategoryAccuracyMeasure:
    """How often people and observers find the right category."""

    name = "category-accuracy"
    tells = frozenset({Told.CATEGORIES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether main trials ask for a category and a key says which is right."""
        return bool(category_choices(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """A line per decider and condition."""
        return [
            f"{_of(each, found):<30.30} {interval(each.right):<22} "
            f"chance {percent(each.chance)}  n = {count(each.right.n)}"
            for found in _all(bundle)
            for each in _untold(bundle, found)
        ]

    def sentences(self, bundle: Bundle) -> list[str]:
        """How often people, and each observer, are right."""
        return [
            f"{_capital(_who(each.decider))} {_is(each)} right in "
            f"{interval(each.right)} of {count(each.right.n)} responses; guessing gives "
            f"{percent(each.chance)} (95 % interval)."
            for found in _all(bundle)
            for each in _untold(bundle, found)
            if each.condition == ALL and each.right.n
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """Of people only: no rule leaves out an observer."""
        return [
            MeasuredOutcome(
                name=_of(each, found),
                value=each.right.value,
                low=each.right.low,
                high=each.right.high,
                n=each.right.n,
            )
            for found in _all(bundle)
            for each in _untold(bundle, found)
            if each.decider == PEOPLE
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """One section, a table and a figure for each question."""
        blocks: list[Block] = [Prose(text=_HOW, kind="how")]
        for choices in category_choices(bundle):
            blocks += _blocks(choices)
        return [
            Section(
                id="category-accuracy",
                chapter=Chapter.RESULT,
                title="How often the right category is found",
                blocks=blocks,
            )
        ]


def _all(bundle: Bundle) -> list[list[CategoryAccuracy]]:
    return [accuracies(each) for each in category_choices(bundle)]


def _untold(
    bundle: Bundle, found: Sequence[CategoryAccuracy]
) -> list[CategoryAccuracy]:
    """What no other measure says: of imports, people's shares are told already."""
    return [each for each in found if each.decider != PEOPLE or not bundle.is_imported]


def _of(each: CategoryAccuracy, found: Sequence[CategoryAccuracy]) -> str:
    """What is right: whose, and in which condition."""
    parts = [] if each.decider == PEOPLE else [each.decider]
    parts += [] if each.condition == ALL else [each.condition or "no condition"]
    return ", ".join(["right", *parts])


def _who(decider: str) -> str:
    return "people" if decider == PEOPLE else f"observer {decider}"


def _is(each: CategoryAccuracy) -> str:
    return "are" if each.decider == PEOPLE else "is"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _blocks(choices: CategoryChoices) -> list[Block]:
    found = accuracies(choices)
    name = re.sub(r"[^a-z0-9]+", "_", choices.question.name.lower()).strip("_")
    return [_table(found, f"right_{name}"), *_drawing(choices, found, f"right_{name}")]


def _table(found: Sequence[CategoryAccuracy], name: str) -> DataTable:
    shown = pd.DataFrame(
        {
            "who": [_who(each.decider) for each in found],
            "condition": [each.condition for each in found],
            "right": [interval(each.right) for each in found],
            "no response": [percent(each.unanswered) for each in found],
            "responses": [count(each.right.n) for each in found],
            "people": [count(each.right.n_people or float("nan")) for each in found],
            "trials": [count(each.n_trials) for each in found],
        }
    )
    is_one = shown["condition"].nunique() < 2
    drop = ["condition"] if is_one else []
    drop += ["who"] if shown["who"].nunique() < 2 else []
    return DataTable(
        name=name,
        caption="Share of right responses (95 % intervals) and of those without a "
        f"response; guessing gives {percent(found[0].chance)}.",
        shown=shown.drop(columns=drop),
        numbers=pd.DataFrame([_numbers(each) for each in found]),
        text_columns=max(2 - len(drop), 0),
        is_folded=len(found) > _READ,
    )


def _numbers(each: CategoryAccuracy) -> dict[str, object]:
    return {
        "question": each.question,
        "decider": each.decider,
        "is_observer": each.decider != PEOPLE,
        "condition": each.condition,
        **estimate_numbers(each.right, "right"),
        "chance": each.chance,
        "unanswered": each.unanswered,
        "n_responses": each.right.n,
        "n_participants": each.right.n_people,
        "n_trials": each.n_trials,
        "interval": each.right.method,
    }


def _drawing(
    choices: CategoryChoices, found: Sequence[CategoryAccuracy], name: str
) -> list[Block]:
    """A row per condition, a series per decider; the first few of either."""
    deciders, parts = choices.deciders[:_SERIES], choices.parts[:_ROWS]
    by_part = {(each.decider, each.condition): each.right for each in found}
    rows = [p for p in parts if all((d, p) in by_part for d in deciders)]
    if not rows:
        return []
    said = "; ".join(
        f"{_who(d)}, {p or 'no condition'}: {interval(by_part[d, p])}"
        for d in deciders
        for p in rows
    )
    left = len(choices.deciders) - len(deciders)
    more = f" {left} more observers are in the table." if left else ""
    series = {d: [by_part[d, p] for p in rows] for d in deciders}
    return [
        Drawing(
            name=name,
            caption=f"Share of right responses (95 % intervals).{more}",
            alt=f"Share of right responses. {said}.",
            figure=figures.grouped_shares(
                [row or "no condition" for row in rows],
                series if len(series) > 1 else {"": series[deciders[0]]},
                quantity="right responses",
                chance=choices.guess,
            ),
        )
    ]
