"""The part of the report on classes asked one by one."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import class_list, count, interval
from analysis.measures.class_by_class.numbers import (
    asks_by_class,
    by_class,
    by_rank,
    class_votes,
)

IN_PAGE: Final = 20
_INTRO: Final = (
    "Each of the classes shown was asked about by itself, and what follows is a share "
    "of responses, not of images: k of n plays no part. Only errors are counted, and "
    "only the votes that count. People saw the classes in an order that says nothing "
    "of the rank. Intervals take people and trials as clusters."
)


class ClassByClassMeasure:
    """Share of responses that accept each rank's class, and each class."""

    name = "class-by-class"

    def applies(self, bundle: Bundle) -> bool:
        """Whether main trials asked about each class by itself."""
        is_main = bundle.trials["role"] == "main"
        return bool((is_main & bundle.asks(asks_by_class)).any())

    def headline(self, bundle: Bundle) -> list[str]:
        """The share of yes for each rank, one line per classifier."""
        votes = class_votes(bundle)
        if votes.empty:
            return []
        table = by_rank(votes)
        lines = ["share of responses that accept the class of rank 1, 2, ..."]
        for name, mine in table.groupby("classifier", sort=False):
            shares = "  ".join(f"{100 * share:.1f} %" for share in mine["accepted"])
            lines.append(f"  {name:<20.20} {shares}")
        return lines

    def sections(self, bundle: Bundle) -> list[Section]:
        """By rank, then by class."""
        votes = class_votes(bundle)
        blocks: list[Block] = [Prose(text=_INTRO)]
        if votes.empty:
            nothing = Prose(kind="warning", text="No vote counts yet.")
            blocks.append(nothing)
        else:
            blocks += [_rank_table(by_rank(votes)), _class_table(bundle, votes)]
        title = "Which of the classes people accept"
        return [
            Section(
                id="class-by-class", chapter=Chapter.CHOICES, title=title, blocks=blocks
            )
        ]


def _rank_table(table: pd.DataFrame) -> DataTable:
    return DataTable(
        name="accepted_by_rank",
        caption="Responses that accept the class of each rank of the prediction (1 is "
        "the most probable), share with 95 % intervals.",
        shown=_columns(table, "rank", table["rank"].map(str)),
        numbers=table.drop(columns="estimate"),
        text_columns=2 if table["classifier"].nunique() > 1 else 1,
    )


def _class_table(bundle: Bundle, votes: pd.DataFrame) -> DataTable:
    table = by_class(votes)
    names = [class_list([each], bundle.class_names) for each in table["class"]]
    table.insert(2, "name", names)
    short = table.groupby("classifier", sort=False).head(IN_PAGE)
    is_cut = len(short) < len(table)
    more = f"; the {IN_PAGE} most often asked about, all in the CSV file"
    return DataTable(
        name="accepted_by_class",
        caption="Responses that accept each class where a classifier named it, share "
        f"with 95 % intervals{more if is_cut else ''}.",
        shown=_columns(short, "class", short["name"]),
        numbers=table.drop(columns="estimate"),
        text_columns=2 if table["classifier"].nunique() > 1 else 1,
    )


def _columns(table: pd.DataFrame, head: str, words: pd.Series) -> pd.DataFrame:
    shown = pd.DataFrame(
        {
            "classifier": table["classifier"],
            head: words,
            "accepted": table["estimate"].map(interval),
            "responses": table["n_responses"].map(count),
            "trials": table["n_trials"].map(count),
        }
    )
    has_several = table["classifier"].nunique() > 1
    return shown if has_several else shown.drop(columns="classifier")
