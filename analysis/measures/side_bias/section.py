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
from analysis.measures.side_bias.numbers import SideShare, side_fields, side_shares

_HOW: Final = (
    "People who do not look, or cannot tell, often take the same side. Where each side "
    "is right equally often, whatever one of them is chosen beyond its share is a "
    "preference for the side; it makes people look worse than they see."
)


class SideBiasMeasure:
    """How one-sided people are where they choose between sides of the page."""

    name: Final = "side-bias"

    def applies(self, bundle: Bundle) -> bool:
        """Whether people choose between sides of the page."""
        return bool(side_fields(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: read beside the main result."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """How often each side was chosen, and how often it was right."""
        shares = side_shares(bundle)
        blocks: list[Block] = [Prose(text=_said(shares)), Prose(text=_HOW, kind="how")]
        if shares:
            blocks += [_table(shares), _drawing(shares)]
        title = "Sides of the page"
        return [
            Section(id="sides", chapter=Chapter.CONTROLS, title=title, blocks=blocks)
        ]


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
