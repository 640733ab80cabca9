"""The part of the report on how readily people say yes."""

from __future__ import annotations

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
from analysis.measures.yes_bias.numbers import (
    CONTROL_KINDS,
    ControlRate,
    catch_accuracy,
    control_rates,
    says_yes,
)

_HOW: Final = (
    "Some trials have a known truth. Yes to a class that is not there measures how "
    "readily people say yes, which makes classifiers look better than they are; hard "
    "foils (confusable classes known to be absent) say more than far classes, which "
    "nobody takes for right. Only sessions that passed the quality rules are counted."
)


class YesBiasMeasure:
    """Catch accuracy and yes-bias, per kind of control."""

    name = "yes-bias"

    def applies(self, bundle: Bundle) -> bool:
        """Whether a catch or control trial asks for a vote."""
        return says_yes(bundle)

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: controls are read beside the main result."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """How often people say yes where the truth is known."""
        blocks: list[Block] = _prose(bundle)
        rates = control_rates(bundle)
        if rates:
            blocks.append(_table(bundle, rates))
            blocks.append(_drawing(rates))
        return [
            Section(
                id="controls",
                chapter=Chapter.CONTROLS,
                title="Controls and yes-bias",
                blocks=blocks,
            )
        ]


def catch_words(bundle: Bundle) -> str:
    """How often catch trials are met with right responses, by whom."""
    before, after = (
        catch_accuracy(bundle, only_valid=valid) for valid in (False, True)
    )
    return (
        f"Right responses to catch trials: {interval(before)} of the "
        f"{count(before.n)} of everybody who did not withdraw, {interval(after)} of "
        f"the {count(after.n)} of people who passed (95 % intervals); passing asks "
        "for right responses to catch trials, so the second number is not an "
        "independent check."
    )


def _prose(bundle: Bundle) -> list[Block]:
    return [Prose(text=catch_words(bundle)), Prose(text=_HOW, kind="how")]


def _table(bundle: Bundle, rates: list[ControlRate]) -> DataTable:
    shown = pd.DataFrame(
        {
            "kind": [CONTROL_KINDS.get(rate.control, rate.control) for rate in rates],
            "said yes": [interval(rate.says_yes) for rate in rates],
            f"accepted by {bundle.k} of {bundle.n}": [
                percent(rate.accepted) for rate in rates
            ],
            "responses": [count(rate.says_yes.n) for rate in rates],
            "trials": [count(rate.n_trials) for rate in rates],
            "people": [count(rate.n_participants) for rate in rates],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "control": rate.control,
                **estimate_numbers(rate.says_yes, "says_yes"),
                "accepted": rate.accepted,
                "n_trials_with_enough_votes": rate.n_trials_voted,
                "n_responses": rate.says_yes.n,
                "n_trials": rate.n_trials,
                "n_participants": rate.n_participants,
            }
            for rate in rates
        ]
    )
    return DataTable(
        name="controls",
        caption="Share of yes where the truth is known, with 95 % intervals that "
        "count people and trials as clusters; and the chance that n of the people who "
        "saw such a trial would accept it (trials with at least n votes).",
        shown=shown,
        numbers=numbers,
        is_folded=True,
    )


def _drawing(rates: list[ControlRate]) -> Drawing:
    said = "; ".join(
        f"{CONTROL_KINDS.get(rate.control, rate.control)}: {interval(rate.says_yes)}"
        for rate in rates
    )
    return Drawing(
        name="yes_bias",
        caption="How often people said yes on trials whose truth is known "
        "(95 % intervals).",
        alt=f"Share of yes by kind of control. {said}.",
        figure=figures.says_yes(
            [CONTROL_KINDS.get(rate.control, rate.control) for rate in rates],
            [rate.says_yes for rate in rates],
        ),
    )
