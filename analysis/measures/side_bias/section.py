"""The part of the report on how readily people take one side of the page."""

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
from analysis.elements.wording import count, estimate_numbers, interval, percent
from analysis.measures.side_bias.numbers import (
    PlaceShare,
    SideShare,
    place_shares,
    side_fields,
    side_shares,
)
from analysis.people.quality_flags import LEAST_RESPONSES

_PAIR: Final = 2
_HOW: Final = (
    "People who do not look, or cannot tell, often take the same side. Where each side "
    "is right equally often, whatever one of them is chosen beyond its share is a "
    "preference for the side; it makes people look worse than they see."
)
_PLACES: Final = (
    "Every option stands at every place equally often over a person's trials, so people "
    "who go by what is there choose each place equally often. Whoever takes the same place "
    f"in 95 % of at least {LEAST_RESPONSES} trials is flagged among the participants."
)


class SideBiasMeasure:
    """How one-sided people are where they choose between sides or places of the page."""

    name: Final = "side-bias"

    def applies(self, bundle: Bundle) -> bool:
        """Whether people choose between sides of the page, or between its places."""
        return bool(side_fields(bundle) or place_shares(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: read beside the main result."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """How often each side or place was chosen, and how often a side was right."""
        blocks: list[Block] = []
        if side_fields(bundle):
            shares = side_shares(bundle)
            blocks += [Prose(text=_said(shares)), Prose(text=_HOW, kind="how")]
            blocks += [_table(shares), _drawing(shares)] if shares else []
        if places := place_shares(bundle):
            blocks += [
                Prose(text=_places_said(places)),
                Prose(text=_PLACES, kind="how"),
                _place_table(places),
                _place_drawing(places),
            ]
        title = "Sides of the page"
        return [
            Section(id="sides", chapter=Chapter.CONTROLS, title=title, blocks=blocks)
        ]


def _places_said(places: Sequence[PlaceShare]) -> str:
    away = [
        each
        for each in places
        if each.chosen.low > each.balance or each.chosen.high < each.balance
    ]
    n_always = sum(each.n_always for each in places)
    said = [
        f"the {_place(each)} in {interval(each.chosen)}, "
        f"where {percent(each.balance)} would be even"
        for each in away
    ]
    first = (
        f"People take some places more often than others: {'; '.join(said)}."
        if away
        else "No place is chosen more or less often than noise allows."
    )
    always = (
        f" {count(n_always)} people always take the same place."
        if n_always > 1
        else " One person always takes the same place."
        if n_always
        else ""
    )
    return first + always


def _place(each: PlaceShare) -> str:
    if each.n_places == _PAIR:
        return ("left", "right")[each.place - 1] + " of two"
    ordinals = ("first", "second", "third")
    nth = dict(enumerate(ordinals, start=1)).get(each.place, f"{each.place}th")
    return f"{nth} of {each.n_places}"


def _place_table(places: Sequence[PlaceShare]) -> DataTable:
    return DataTable(
        name="places",
        caption="How often each place was chosen, counted from the left, with 95 % "
        "intervals that count people and trials as clusters.",
        shown=pd.DataFrame(
            {
                "place": [_place(each) for each in places],
                "chosen": [interval(each.chosen) for each in places],
                "even": [percent(each.balance) for each in places],
                "people who always take it": [
                    f"{count(each.n_always)} of {count(each.n_people)}"
                    for each in places
                ],
                "responses": [count(each.chosen.n) for each in places],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "question": each.question,
                    "n_places": each.n_places,
                    "place": each.place,
                    **estimate_numbers(each.chosen, "chosen"),
                    "even": each.balance,
                    "n_always": each.n_always,
                    "n_participants_with_enough": each.n_people,
                    "n_responses": each.chosen.n,
                }
                for each in places
            ]
        ),
    )


def _place_drawing(places: Sequence[PlaceShare]) -> Drawing:
    said = "; ".join(f"{_place(each)}: {interval(each.chosen)}" for each in places)
    sizes = {each.n_places for each in places}
    return Drawing(
        name="places",
        caption="How often each place was chosen (95 % intervals); the line is even.",
        alt=f"Share of responses by place. {said}.",
        figure=figures.shares(
            [_place(each) for each in places],
            [each.chosen for each in places],
            quantity="responses",
            chance=places[0].balance if len(sizes) == 1 else None,
        ),
    )


def _said(shares: Sequence[SideShare]) -> str:
    if not shares:
        return "No response counts yet, so nothing is known of a side bias."
    most = max(shares, key=lambda each: each.chosen.value)
    right = (
        ""
        if isnan(most.right)
        else f"; it was right in {percent(most.right)} of these trials"
    )
    return (
        f"The side chosen most often is “{most.words}”, in {interval(most.chosen)} of "
        f"{count(most.chosen.n)} responses{right} (95 % interval)."
    )


def _table(shares: Sequence[SideShare]) -> DataTable:
    return DataTable(
        name="sides",
        caption="How often each side of the page was chosen, with 95 % intervals that "
        "count people and trials as clusters, and how often it was right.",
        shown=pd.DataFrame(
            {
                "side": [each.words for each in shares],
                "chosen": [interval(each.chosen) for each in shares],
                "right": [percent(each.right) for each in shares],
                "responses": [count(each.chosen.n) for each in shares],
                "people": [count(each.chosen.n_people) for each in shares],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "question": each.question,
                    "field": each.field,
                    "side": each.side,
                    **estimate_numbers(each.chosen, "chosen"),
                    "right": each.right,
                    "n_responses": each.chosen.n,
                    "n_participants": each.chosen.n_people,
                }
                for each in shares
            ]
        ),
    )


def _drawing(shares: Sequence[SideShare]) -> Drawing:
    said = "; ".join(f"{each.words}: {interval(each.chosen)}" for each in shares)
    return Drawing(
        name="sides",
        caption="How often each side of the page was chosen (95 % intervals).",
        alt=f"Share of responses by side. {said}.",
        figure=figures.shares(
            [each.words for each in shares],
            [each.chosen for each in shares],
            quantity="responses",
        ),
    )
