"""The part of the report on which votes count, and on each person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.figures import sorted_shifts
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import count, percent, shown_name, signed
from analysis.measures.rectified_error.names import without_repeats
from analysis.measures.rectified_error.numbers import measured_shows
from analysis.measures.sensitivity.numbers import by_rule, leave_one_out

IN_PAGE: Final = 10
_RULE_NAMES: Final = {
    "first": "the first {n} (the study's rule)",
    "random": "{n} at random, mean over all draws",
    "all": "all of them, at the same share of yes",
}
_WITHOUT: Final = (
    "Each person left out in turn: their votes are taken away, the next valid vote of "
    "a trial moves up where there is one, and trials that then have fewer than {n} "
    "votes are unresolved. A shift says how much one person's votes and the images "
    "they happened to judge move the result."
)


class SensitivityMeasure:
    """Which votes count, and each person left out."""

    name = "sensitivity"

    def applies(self, bundle: Bundle) -> bool:
        """Whether errors were re-examined and somebody voted."""
        return bool(measured_shows(bundle)) and len(bundle.votes) > 0

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: it is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """By rule of counting, then without each person."""
        rules, people = by_rule(bundle), leave_one_out(bundle)
        blocks: list[Block] = [Prose(text=_which(rules, bundle.n))]
        if rules["n_more"].sum():
            blocks.append(_rule_table(rules, bundle.n))
        blocks.append(Prose(text=_WITHOUT.format(n=bundle.n), kind="how"))
        if people["shift"].notna().any():
            blocks += [_drawing(people), _people_table(people)]
        else:
            nothing = "Without any one person no trial has enough votes."
            blocks.append(Prose(text=nothing, kind="warning"))
        title = "Which votes count, and each person left out"
        return [
            Section(
                id="sensitivity",
                chapter=Chapter.SENSITIVITY,
                title=title,
                blocks=blocks,
                is_exploratory=True,
                is_folded=True,
            )
        ]


def _which(rules: pd.DataFrame, n: int) -> str:
    n_more = int(rules.groupby("shows")["n_more"].sum().max()) if len(rules) else 0
    if n_more == 0:
        return (
            f"No error has more than {n} valid votes, so which of them count makes no "
            "difference."
        )
    return (
        f"{count(n_more)} errors have more than {n} valid votes. The first {n} by order "
        "of acceptance count; other choices give this."
    )


def _rule_table(rules: pd.DataFrame, n: int) -> DataTable:
    shown = pd.DataFrame(
        {
            "classifier": rules["classifier"],
            "re-examined": rules["shows"].map(shown_name),
            "votes that count": [_RULE_NAMES[r].format(n=n) for r in rules["rule"]],
            "rectified": [
                percent(value, digits=2)
                + (f" ± {100 * spread:.2f}" if rule == "random" else "")
                for value, spread, rule in zip(
                    rules["rectified"], rules["spread"], rules["rule"], strict=True
                )
            ],
            "errors": rules["n_resolved"].map(count),
            f"with more than {n}": rules["n_more"].map(count),
        }
    )
    kept = without_repeats(shown, names=("re-examined",))
    return DataTable(
        name="votes_that_count",
        caption="Rectified error, share of all images, by which valid votes of a trial "
        "count; ± is the standard deviation over draws. n is the number of errors.",
        shown=kept,
        numbers=rules,
        text_columns=list(kept.columns).index("rectified"),
    )


def _people_table(people: pd.DataFrame) -> DataTable:
    short = people.head(IN_PAGE)
    shown = pd.DataFrame(
        {
            "participant": short["participant"],
            "classifier": short["classifier"],
            "re-examined": short["shows"].map(shown_name),
            "errors judged": short["n_images"].map(count),
            "rectified without": [
                percent(v, digits=2) for v in short["rectified_without"]
            ],
            "shift": [f"{signed(v, digits=2)} points" for v in short["shift"]],
        }
    )
    kept = without_repeats(shown, names=("classifier", "re-examined"))
    n_people = people["participant"].nunique()
    return DataTable(
        name="without_each_person",
        caption=f"Rectified error without one person: the {len(short)} largest shifts "
        f"of {count(n_people)} people, percentage points; all are in the CSV file.",
        shown=kept,
        numbers=people,
        text_columns=list(kept.columns).index("errors judged"),
        is_folded=True,
    )


def _drawing(people: pd.DataFrame) -> Drawing:
    shifts = {name: mine["shift"].dropna() for name, mine in _series(people)}
    largest = people["shift"].abs().max()
    n_people = people["participant"].nunique()
    return Drawing(
        name="without_each_person",
        caption="Shift of the rectified error when one person is left out, in "
        f"percentage points, from the lowest to the highest; n = {count(n_people)} "
        "people.",
        alt=f"Shifts of {count(n_people)} people; the largest is "
        f"{100 * largest:.2f} percentage points.",
        figure=sorted_shifts(shifts),
    )


def _series(people: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    several = people["shows"].nunique() > 1
    grouped = people.groupby(["classifier", "shows"], sort=False)
    for (classifier, shows), mine in grouped:
        name = f"{classifier}, {shown_name(str(shows))}" if several else classifier
        yield str(name), mine
