"""Tables and figures of preferences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isnan

import pandas as pd

from analysis.elements import figures
from analysis.elements.sections import DataTable, Drawing
from analysis.elements.wording import (
    NOTHING,
    count,
    estimate_numbers,
    interval,
    log_odds,
    number,
    percent,
    signed,
)
from analysis.measures.preferences.numbers import (
    ALL,
    CIRCULAR_BY_CHANCE,
    Circles,
    OnObject,
    Preferred,
)
from analysis.statistics.intervals import Estimate


def verdict(of: Estimate, by: Estimate) -> str:
    """Whether one of two options is preferred by more than noise.

    By strengths, which rest on all choices, where there are any; else by the share of the
    choices that fell on the two.
    """
    found, even = (of, 0.5) if isnan(by.low) else (by, 0.0)
    if isnan(found.low):
        return "no interval"
    if found.low > even:
        return "ahead"
    return "behind" if found.high < even else "within noise"


def strength_words(found: Estimate) -> str:
    """A strength, or a difference of two, with its interval or why there is none."""
    reason = found.method if isnan(found.low) and found.method else "no interval"
    return log_odds(found.value, found.low, found.high, reason=reason)


def option_table(each: Preferred, names: Mapping[str, str]) -> DataTable:
    """A row per option: its share and its strength."""
    options = each.options
    shares = [each.chosen(option) for option in options]
    strengths = [each.strengths.of(option) for option in options]
    has_worst = bool(each.choices["worst"].any())
    worst = [each.chosen(option, worst=True) for option in options if has_worst]
    shown = pd.DataFrame(
        {
            "option": [names.get(option, option) for option in options],
            "chosen": list(map(interval, shares)),
            **({"worst of the others": list(map(interval, worst))} if worst else {}),
            "strength": [
                NOTHING if isnan(found.value) else strength_words(found)
                for found in strengths
            ],
            "choices": [count(share.n) for share in shares],
            "people": [count(share.n_people) for share in shares],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "question": each.question.name,
                "condition": each.condition,
                "option": option,
                **estimate_numbers(share, "chosen"),
                **(estimate_numbers(worst[place], "worst") if worst else {}),
                **estimate_numbers(strength, "strength"),
                "n_choices": share.n,
                "n_participants": share.n_people,
                "n_stimuli": share.n_stimuli,
                "interval": strength.method,
            }
            for place, (option, share, strength) in enumerate(
                zip(options, shares, strengths, strict=True)
            )
        ]
    )
    where = "" if each.condition == ALL else f" Condition {each.condition}."
    return DataTable(
        name=_name("options", each),
        caption="How often each option was chosen where it was shown, and how strongly "
        f"it is preferred (log odds against the mean of all), with 95 % intervals.{where}",
        shown=shown,
        numbers=numbers,
    )


def pair_table(each: Preferred, names: Mapping[str, str]) -> DataTable:
    """A row per two options."""
    pairs = list(combinations(each.options, 2))
    shares = [each.against(*pair) for pair in pairs]
    strengths = [each.strengths.difference(*pair) for pair in pairs]
    return DataTable(
        name=_name("pairs", each),
        caption="Two options at a time: how often the first was chosen of the choices "
        "that fell on either, and by how much it is stronger (log odds), with 95 % "
        "intervals.",
        shown=pd.DataFrame(
            {
                "first": [names.get(one, one) for one, _ in pairs],
                "second": [names.get(other, other) for _, other in pairs],
                "first chosen": list(map(interval, shares)),
                "stronger by": [
                    NOTHING if isnan(found.value) else strength_words(found)
                    for found in strengths
                ],
                "first is": list(map(verdict, shares, strengths)),
                "choices": [count(share.n) for share in shares],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "question": each.question.name,
                    "first": one,
                    "second": other,
                    **estimate_numbers(share, "first_chosen"),
                    **estimate_numbers(strength, "stronger_by"),
                    "n_choices": share.n,
                }
                for (one, other), share, strength in zip(
                    pairs, shares, strengths, strict=True
                )
            ]
        ),
        text_columns=2,
        is_folded=len(pairs) == 1,
    )


def share_drawing(each: Preferred, names: Mapping[str, str]) -> Drawing:
    """The options' shares."""
    labels = [names.get(option, option) for option in each.options]
    shares = [each.chosen(option) for option in each.options]
    said = "; ".join(
        f"{label}: {interval(share)}"
        for label, share in zip(labels, shares, strict=True)
    )
    sizes = set(each.best["shown"].map(len))
    return Drawing(
        name=_name("chosen", each),
        caption="How often each option was chosen where it was shown (95 % intervals).",
        alt=f"Share of choices by option. {said}.",
        figure=figures.shares(
            labels,
            shares,
            quantity="choices where it was shown",
            chance=None if len(sizes) > 1 or each.may_tie else 1 / sizes.pop(),
        ),
    )


def strength_drawing(each: Preferred, names: Mapping[str, str]) -> Drawing:
    """The options' strengths."""
    labels = [names.get(option, option) for option in each.options]
    found = [each.strengths.of(option) for option in each.options]
    said = "; ".join(
        f"{label}: {strength_words(strength)}"
        for label, strength in zip(labels, found, strict=True)
    )
    return Drawing(
        name=_name("strengths", each),
        caption="How strongly each option is preferred, in log odds against the mean of "
        "all options (95 % intervals).",
        alt=f"Strength of each option in log odds. {said}.",
        figure=figures.means(labels, found, quantity="strength, log odds"),
    )


def circle_table(each: Preferred, found: list[Circles]) -> DataTable:
    """How often threes of options go round in a circle."""
    words = {"people": "each person", "stimuli": "all people, each picture"}
    return DataTable(
        name=_name("circles", each),
        caption="How often choices between three options, two at a time, go round in a "
        f"circle; by chance {percent(CIRCULAR_BY_CHANCE)}.",
        shown=pd.DataFrame(
            {
                "choices of": [words[of.of] for of in found],
                "circular": [percent(of.share) for of in found],
                "circles": [count(of.n_circular) for of in found],
                "threes": [count(of.n) for of in found],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "question": each.question.name,
                    "of": of.of,
                    "share": of.share,
                    "by_chance": CIRCULAR_BY_CHANCE,
                    "n_circular": of.n_circular,
                    "n_threes": of.n,
                }
                for of in found
            ]
        ),
        is_folded=True,
    )


def _name(what: str, each: Preferred) -> str:
    parts = [what, each.question.name]
    parts += [] if each.condition == ALL else [each.condition]
    return "_".join(re.sub(r"[^a-z0-9]+", "_", part.lower()) for part in parts)


def _give_or_take(known: OnObject) -> str:
    """Its standard error; nothing of one image."""
    error = known.standard_error
    return "" if isnan(error) else f" ± {number(100 * error, digits=1)}"


def on_object_table(
    each: Preferred,
    by_truth: Sequence[str],
    known: Mapping[str, OnObject],
    names: Mapping[str, str],
) -> DataTable:
    """What is known of the pictures beside what people prefer, in the order given."""
    shares = [each.chosen(one) for one in by_truth]
    strengths = [each.strengths.of(one) for one in by_truth]
    return DataTable(
        name=_name("on_object", each),
        caption="The object's share of the input gradient less its share of the area, in "
        "percentage points with standard errors over images, beside what people prefer.",
        shown=pd.DataFrame(
            {
                "option": [names.get(one, one) for one in by_truth],
                "on the object": [
                    signed(known[one].excess) + _give_or_take(known[one])
                    for one in by_truth
                ],
                "images": [count(known[one].n) for one in by_truth],
                "chosen": list(map(interval, shares)),
                "strength": [
                    NOTHING if isnan(found.value) else strength_words(found)
                    for found in strengths
                ],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "question": each.question.name,
                    "option": one,
                    "on_object": known[one].excess,
                    "on_object_standard_error": known[one].standard_error,
                    "n_images": known[one].n,
                    **estimate_numbers(share, "chosen"),
                    **estimate_numbers(strength, "strength"),
                }
                for one, share, strength in zip(
                    by_truth, shares, strengths, strict=True
                )
            ]
        ),
    )
