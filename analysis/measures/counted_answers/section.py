"""The part of the report on answers of which only counts are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import count, estimate_numbers, interval
from analysis.measures.agreement.section import coefficient
from analysis.measures.base import Told
from analysis.measures.counted_answers.numbers import (
    CountedShare,
    counted_agreement,
    counted_shares,
)
from analysis.measures.imported_responses.origin import origin_blocks

_MISSING = (
    "Who responded is not in the file, only how many people gave each answer. So there "
    "are no intervals for other people, no agreement of pairs of people, no Dawid and "
    "Skene's model, no exclusions, no response times and no first n: none of them can be "
    "had from counts, and nobody was made up to have them. Intervals are for other "
    "images and the same people."
)
_METHOD = (
    "The counts were collected elsewhere and imported. Shares of responses are sums of "
    "counts over trials; their intervals take trials as clusters drawn anew (score "
    "bounds at the effective number of responses, Student's t). The interval of alpha is "
    "of the same kind, on Fisher's scale for intraclass correlations."
)


class CountedAnswersMeasure:
    """Shares of answers where only counts are known."""

    name = "counted-answers"
    tells: Final = frozenset({Told.EVERYTHING})

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are counts without raters."""
        return not bundle.counts.empty

    def headline(self, bundle: Bundle) -> list[str]:
        """The shares, and whom they do not speak of."""
        return [
            "counts without raters: 95 % intervals for other images, these people",
            *(
                f"  {each.name:<32.32} {interval(each.share):<22} "
                f"n = {count(each.share.n)} {each.unit}"
                for each in counted_shares(bundle)
            ),
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """What was imported, what is not in it, the shares, and agreement."""
        blocks: list[Block] = [
            *origin_blocks(bundle),
            Prose(text=_MISSING, kind="warning"),
            _table(counted_shares(bundle)),
            Prose(text=_agreement(bundle)),
        ]
        title = "What people answered"
        return [
            Section(id="result", chapter=Chapter.RESULT, title=title, blocks=blocks)
        ]


def method_of_counts(section: Section) -> Section:
    """A section on how it was done, without what it says of people and their votes."""
    if section.id != "method":
        return section
    tables = [each for each in section.blocks if not isinstance(each, Prose)]
    return replace(section, blocks=[Prose(text=_METHOD), *tables])


def _agreement(bundle: Bundle) -> str:
    alpha = counted_agreement(bundle)
    return (
        f"Agreement beyond chance (Krippendorff's alpha, answers as names): "
        f"{coefficient(alpha)}, of {count(alpha.n)} responses to {count(alpha.n_stimuli)} "
        "trials with two at least; the interval is for other images and these people."
    )


def _table(found: list[CountedShare]) -> DataTable:
    return DataTable(
        name="counted_answers",
        caption="Shares of responses and of trials (95 % intervals for other images and "
        "the same people; people who answered many images are in none of them).",
        shown=pd.DataFrame(
            {
                "what": [each.name for each in found],
                "share": [interval(each.share) for each in found],
                "of": [f"{count(each.share.n)} {each.unit}" for each in found],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "what": each.name,
                    **estimate_numbers(each.share, "share"),
                    "n": each.share.n,
                    "unit": each.unit,
                }
                for each in found
            ]
        ),
    )
