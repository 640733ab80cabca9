"""Confusions of categories, and entropies of answers: their part of the report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
from analysis.elements.wording import NOTHING, count, number, percent
from analysis.measures.category_accuracy.numbers import (
    PEOPLE,
    CategoryChoices,
    category_choices,
)
from analysis.measures.category_confusions.numbers import (
    NO_RESPONSE,
    AnswerEntropy,
    answer_entropies,
    confused_pairs,
    confusion_counts,
)

_HOW: Final = (
    "Entropy says how many different categories are said, in bits: 0 where it is always "
    "the same one. Over a whole condition a low one means leaning towards few categories; "
    "for a single image it means that people agree. Miller and Madow's estimator, which "
    "adds what few responses take off on average; what is left of that makes entropies "
    "of few responses too low, so compare those of about as many. There is no interval: "
    "near its greatest value entropy has none that could be trusted."
)
_DRAWN: Final = 4
_PAIRS: Final = 5


class CategoryConfusionsMeasure:
    """Which categories are taken for which."""

    name = "category-confusions"

    def applies(self, bundle: Bundle) -> bool:
        """Whether main trials ask for a category and a key says which is right."""
        return bool(category_choices(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: it is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """One folded section: confusions by decider, then entropies."""
        blocks: list[Block] = []
        for choices in category_choices(bundle):
            name = re.sub(r"[^a-z0-9]+", "_", choices.question.name.lower()).strip("_")
            blocks += [*_confusions(choices, name), *_entropies(choices, name)]
        return [
            Section(
                id="category-confusions",
                chapter=Chapter.CHOICES,
                title="Which categories are taken for which",
                blocks=blocks,
                is_exploratory=True,
                is_folded=True,
            )
        ]


def _who(decider: str) -> str:
    return "people" if decider == PEOPLE else f"observer {decider}"


def _confusions(choices: CategoryChoices, name: str) -> Iterator[Block]:
    counts = {each: confusion_counts(choices, each) for each in choices.deciders}
    for place, (decider, found) in enumerate(list(counts.items())[:_DRAWN], 1):
        yield _drawing(choices, decider, found, f"confusions_{name}_{place}")
    yield _pair_table(choices, counts, f"confusions_{name}")


def _words(choices: CategoryChoices, value: str) -> str:
    return "no response" if value == NO_RESPONSE else choices.words(value)


def _drawing(
    choices: CategoryChoices, decider: str, counts: pd.DataFrame, name: str
) -> Drawing:
    totals = counts.sum(axis=1)
    shares = counts.div(totals.where(totals > 0), axis=0)
    pairs = confused_pairs(counts)[:_PAIRS]
    said = "; ".join(
        f"{_words(choices, row.said)} where {_words(choices, row.right)} is right: "
        f"{percent(row.share)}"
        for row in pairs
    )
    return Drawing(
        name=name,
        caption=f"{_who(decider)[0].upper()}{_who(decider)[1:]}: what was said, as a "
        "share of the responses where the row's category is right "
        f"(n = {count(totals.sum())}).",
        alt=f"Confusions of {_who(decider)}. Most often: {said or 'none'}.",
        figure=figures.confusions(
            shares.to_numpy(dtype=float),
            rows=[_words(choices, str(each)) for each in counts.index],
            said=[_words(choices, str(each)) for each in counts.columns],
        ),
    )


def _pair_table(
    choices: CategoryChoices, counts: dict[str, pd.DataFrame], name: str
) -> DataTable:
    pairs = {decider: confused_pairs(found) for decider, found in counts.items()}
    rows = [
        (decider, row) for decider, found in pairs.items() for row in found[:_PAIRS]
    ]
    shown = pd.DataFrame(
        {
            "who": [_who(decider) for decider, _ in rows],
            "right": [_words(choices, row.right) for _, row in rows],
            "said": [_words(choices, row.said) for _, row in rows],
            "share": [percent(row.share) for _, row in rows],
            "responses": [count(row.n) for _, row in rows],
        }
    )
    left = [_who(each) for each in choices.deciders[_DRAWN:]]
    more = f" Without a figure: {', '.join(left)}." if left else ""
    return DataTable(
        name=name,
        caption=f"The {_PAIRS} most frequent confusions of each, as shares of the "
        "responses where the first is right; all counts, right ones too, are in the "
        f"CSV file.{more}",
        shown=shown,
        numbers=pd.concat([_long(decider, each) for decider, each in counts.items()]),
        text_columns=3,
        is_folded=len(rows) > 2 * _PAIRS,
    )


def _long(decider: str, counts: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"decider": decider, "right": right, "said": said, "n_responses": int(n)}
        for right, row in counts.iterrows()
        for said, n in row.items()
    ]
    return pd.DataFrame(rows)


def _entropies(choices: CategoryChoices, name: str) -> list[Block]:
    found = answer_entropies(choices)
    if not found:
        return []
    return [Prose(text=_HOW, kind="how"), _entropy_table(found, f"entropy_{name}")]


def _entropy_table(found: Sequence[AnswerEntropy], name: str) -> DataTable:
    shown = pd.DataFrame(
        {
            "who": [_who(each.decider) for each in found],
            "condition": [each.condition for each in found],
            "of all said": [_bits(each.of_all) for each in found],
            "of all right": [_bits(each.of_right) for each in found],
            "per image": [_bits(each.per_image) for each in found],
            "responses": [count(each.n) for each in found],
            "per image, n": [
                NOTHING if isnan(each.n_per_image) else f"{each.n_per_image:.1f}"
                for each in found
            ],
        }
    )
    is_one = shown["condition"].nunique() < 2
    return DataTable(
        name=name,
        caption="Entropy in bits of all categories said, of those that were right, and "
        "of what people said of one image (mean over images); at most "
        f"{found[0].greatest:.2f}. No intervals.",
        shown=shown.drop(columns="condition") if is_one else shown,
        numbers=pd.DataFrame(
            [{**vars(each), "is_observer": each.decider != PEOPLE} for each in found]
        ),
        text_columns=1 if is_one else 2,
        is_folded=len(found) > 2 * _PAIRS,
    )


def _bits(value: float) -> str:
    return NOTHING if isnan(value) else number(value)
