"""The odd one out's part of the report."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from analysis.measures.odd_ones.numbers import OddOnes, odd_ones
from analysis.statistics.intervals import Estimate

_CEILING: Final = "one person with the others"
_HOW: Final = (
    "The noise ceiling is how often one person chooses what most of the others chose on "
    "the same trial (each left out in turn; where several are chosen equally often, each "
    "counts as its share). A predictor can do a little better only by knowing more people "
    "than responded: even one that names each trial's most frequent choice, people "
    "themselves counted, stays at the number beside it. Intervals (95 %) draw people and "
    "trials anew; an observer is the one it is. “No difference” is left out."
)
_NOTHING: Final = "No choice counts yet, so nothing is known of the odd ones."


class OddOnesMeasure:
    """How far people and observers agree on the odd one."""

    name: Final = "odd-ones"
    tells: Final = frozenset({Told.PREFERENCES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether main trials ask for the odd one of several options."""
        return bool(odd_ones(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """A line for people, then one per observer."""
        return [
            f"{name:<30.30} {interval(found):<22} chance {percent(each.chance)}  "
            f"n = {count(found.n)}"
            for each in odd_ones(bundle)
            for name, found in _rows(each)
        ]

    def sentences(self, bundle: Bundle) -> list[str]:
        """How often one person chooses as most others do, and as observers do."""
        return [_said(each) for each in odd_ones(bundle) if len(each.choices)]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The shares of agreement."""
        return [
            MeasuredOutcome(
                name=f"agreement, {name}",
                value=found.value,
                low=found.low,
                high=found.high,
                n=found.n,
            )
            for each in odd_ones(bundle)
            for name, found in _rows(each)
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """One section, a table and a figure for each question."""
        blocks: list[Block] = []
        for each in odd_ones(bundle):
            blocks += _blocks(each)
        return [
            Section(
                id="odd-ones",
                chapter=Chapter.RESULT,
                title="Agreement on the odd one out",
                blocks=blocks,
            )
        ]


def _rows(each: OddOnes) -> list[tuple[str, Estimate]]:
    return [
        (_CEILING, each.ceiling),
        *((f"people with {of.observer}", of.agrees) for of in each.observers),
    ]


def _said(each: OddOnes) -> str:
    told = [
        f" They choose what {of.observer} chose in {interval(of.agrees)}."
        for of in each.observers
    ]
    left_out = (
        f" {count(each.n_no_difference)} responses saw no difference."
        if each.n_no_difference
        else ""
    )
    return (
        f"People choose what most of the others chose in {interval(each.ceiling)} of "
        f"{count(each.ceiling.n)} choices, where chance gives {percent(each.chance)}: "
        f"the noise ceiling, as far as no predictor goes by much.{''.join(told)}"
        f"{left_out}"
    )


def _blocks(each: OddOnes) -> Iterator[Block]:
    if each.choices.empty:
        yield Prose(text=_NOTHING, kind="warning")
        return
    yield Prose(text=_said(each))
    yield Prose(text=_HOW, kind="how")
    yield _table(each)
    rows = _rows(each)
    said = "; ".join(f"{name}: {interval(found)}" for name, found in rows)
    yield Drawing(
        name=_name(each),
        caption="How often people choose the same odd one (95 % intervals).",
        alt=f"Share of agreeing choices. {said}.",
        figure=figures.shares(
            [name for name, _ in rows],
            [found for _, found in rows],
            quantity="agreeing choices",
            chance=each.chance,
        ),
    )


def _table(each: OddOnes) -> DataTable:
    rows = _rows(each)
    refused = [0, *(of.n_refused for of in each.observers)]
    return DataTable(
        name=_name(each),
        caption="How often people choose the same odd one, with 95 % intervals; chance "
        f"gives {percent(each.chance)}, each trial's most frequent choice "
        f"{percent(each.most_frequent)}.",
        shown=pd.DataFrame(
            {
                "who": [name for name, _ in rows],
                "agree": [interval(found) for _, found in rows],
                "choices": [count(found.n) for _, found in rows],
                "people": [count(found.n_people) for _, found in rows],
                "trials": [count(found.n_stimuli) for _, found in rows],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "question": each.question.name,
                    "who": name,
                    **estimate_numbers(found, "agree"),
                    "chance": each.chance,
                    "most_frequent": each.most_frequent,
                    "n_choices": found.n,
                    "n_participants": found.n_people,
                    "n_trials": found.n_stimuli,
                    "n_trials_without_choice": n,
                }
                for (name, found), n in zip(rows, refused, strict=True)
            ]
        ),
    )


def _name(each: OddOnes) -> str:
    return "odd_" + re.sub(r"[^a-z0-9]+", "_", each.question.name.lower())
