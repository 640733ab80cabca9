"""The part of the report that sets published numbers beside the study's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import estimate_numbers, interval, percent
from analysis.measures.published_numbers.numbers import (
    PUBLISHED_RULE,
    PublishedComparison,
    false_rejections,
    published_comparisons,
)
from analysis.measures.published_numbers.stock_cisse_2018 import (
    UNKNOWN,
    false_rejection,
)
from analysis.measures.rectified_error.numbers import measured_shows

_INTRO: Final = (
    "Published numbers (Stock & Cisse 2018) stand beside this study's own where they "
    "are of the same kind. They were found with other people, in other years; where "
    "the publication does not say what a number is a share of, no comparison is "
    "possible and the table says so."
)
_FREE: Final = (
    "Top-1 errors shown with five classes include images whose label is among the "
    "five. What is rejected there is rejected falsely, so the difference of the two "
    "rectified errors estimates how often people fail to accept five classes of which "
    "one is right: {own} here, {paper} in the publication."
)


class PublishedNumbersMeasure:
    """The study's numbers beside published ones, where their definition is known."""

    name = "published-numbers"

    def applies(self, bundle: Bundle) -> bool:
        """Whether anything published is of the same kind; never for drawn scenes."""
        if bundle.head["stimuli"].get("is_demo_world"):
            return False
        return bool(published_comparisons(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: read beside the main result."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """One table."""
        found = published_comparisons(bundle)
        blocks: list[Block] = [Prose(text=_INTRO)]
        if (bundle.k, bundle.n) != PUBLISHED_RULE and measured_shows(bundle):
            text = (
                f"This study counts at {bundle.k} of {bundle.n}, the published one at 4 "
                "of 5, so rectified errors are not set beside each other."
            )
            blocks.append(Prose(kind="warning", text=text))
        blocks.append(_table(found))
        if words := _free_words(bundle):
            blocks.append(Prose(text=words))
        title = "Beside the published numbers"
        return [
            Section(
                id="published", chapter=Chapter.PUBLISHED, title=title, blocks=blocks
            )
        ]


def _table(found: Sequence[PublishedComparison]) -> DataTable:
    shown = pd.DataFrame(
        {
            "number": [each.what for each in found],
            "this study": [interval(each.own) for each in found],
            "published": [percent(each.published.value, digits=2) for each in found],
            "the published number is": [each.published.defined for each in found],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "number": each.what,
                **estimate_numbers(each.own, "own"),
                "published": each.published.value,
                "published_id": each.published.id,
                "is_defined": bool(each.published.definition),
                "definition": each.published.definition or UNKNOWN,
            }
            for each in found
        ]
    )
    return DataTable(
        name="published",
        caption="This study's numbers (95 % intervals) beside published ones.",
        shown=shown,
        numbers=numbers,
    )


def _free_words(bundle: Bundle) -> str:
    words = [f"{name} {percent(own)}" for name, own in false_rejections(bundle).items()]
    if not words:
        return ""
    return _FREE.format(own=", ".join(words), paper=percent(false_rejection()))
