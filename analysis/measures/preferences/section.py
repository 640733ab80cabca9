"""Preferences' part of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan
from typing import Final

from analysis.bundles.reading import Bundle
from analysis.elements.sections import (
    Block,
    Chapter,
    Prose,
    Section,
)
from analysis.elements.wording import (
    count,
    interval,
    percent,
    signed,
)
from analysis.measures.base import MeasuredOutcome, Told
from analysis.measures.preferences.numbers import (
    ALL,
    CIRCULAR_BY_CHANCE,
    Circles,
    OnObject,
    Preferred,
    circles,
    on_object,
    preferred,
)
from analysis.measures.preferences.tables import (
    circle_table,
    on_object_table,
    option_table,
    pair_table,
    share_drawing,
    strength_drawing,
    strength_words,
    verdict,
)

_HOW: Final = (
    "An option's share is that of the choices in which it was shown. Strengths are those "
    "of Bradley and Terry (of Luce, where more than two were shown): of two options, each "
    "is chosen with odds of the exponent of the difference. They are log odds against "
    "the mean of all options, so that what an option was shown beside does not count. "
    "Where the worst was named too, it counts as a choice among the others turned round. "
    "“No difference” counts in shares and not in strengths, which by Davidson's model of "
    "ties are the same without. All 95 % intervals draw people and pictures anew."
)
_NOTHING: Final = "No choice counts yet, so nothing is known of preferences."
_CIRCLES: Final = (
    "Where somebody prefers A to B, B to C and C to A, no strengths can be true of their "
    "choices. Threes of options are counted whose three pairs all have a majority; of "
    "choices by tossing a coin, one in four is circular. No interval: threes share people "
    "and pictures."
)


class PreferencesMeasure:
    """Which of several options people prefer, and how strongly."""

    name: Final = "preferences"
    tells: Final = frozenset({Told.PREFERENCES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether main trials ask for the best or the worst of several options."""
        return bool(preferred(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """A line per option: its share and its strength."""
        names = bundle.class_names
        return [
            f"{_of(each, names.get(option, option)):<26.26} "
            f"{interval(each.chosen(option)):<22} strength "
            f"{strength_words(each.strengths.of(option))}"
            for each in preferred(bundle)
            for option in each.options
        ]

    def sentences(self, bundle: Bundle) -> list[str]:
        """Which option leads, and whether by more than noise."""
        return [
            _said(each, bundle.class_names)
            for each in preferred(bundle)
            if each.condition == ALL and len(each.decided)
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The share of every option."""
        names = bundle.class_names
        found = []
        for each in preferred(bundle):
            for option in each.options:
                share = each.chosen(option)
                found.append(
                    MeasuredOutcome(
                        name=f"chosen: {_of(each, names.get(option, option))}",
                        value=share.value,
                        low=share.low,
                        high=share.high,
                        n=share.n,
                    )
                )
        return found

    def sections(self, bundle: Bundle) -> list[Section]:
        """One section: every question's options, pairs and circles."""
        blocks: list[Block] = []
        for each in preferred(bundle):
            blocks += _blocks(each, bundle.class_names)
            if each.condition == ALL and len(each.decided):
                blocks += _truth(each, on_object(bundle), bundle.class_names)
        return [
            Section(
                id="preferences",
                chapter=Chapter.RESULT,
                title="Which is preferred",
                blocks=blocks,
            )
        ]


def _of(each: Preferred, name: str) -> str:
    return name if each.condition == ALL else f"{name}, {each.condition}"


def _blocks(each: Preferred, names: Mapping[str, str]) -> Iterator[Block]:
    if each.condition != ALL:
        yield option_table(each, names)
        return
    if not len(each.decided):
        yield Prose(text=_NOTHING, kind="warning")
        return
    yield Prose(text=_said(each, names))
    yield Prose(text=_HOW, kind="how")
    yield option_table(each, names)
    yield share_drawing(each, names)
    if each.strengths.refusal:
        yield Prose(text=_refused(each, names), kind="warning")
    else:
        yield strength_drawing(each, names)
    yield pair_table(each, names)
    if found := [of for of in circles(each) if of.n]:
        yield Prose(text=_circles_said(found))
        yield Prose(text=_CIRCLES, kind="how")
        yield circle_table(each, found)


def _truth(
    each: Preferred, known: Mapping[str, OnObject], names: Mapping[str, str]
) -> Iterator[Block]:
    """What is known of the pictures, beside what people prefer."""
    options = [option for option in each.options if option in known]
    if len(options) < 2:
        return
    by_truth = sorted(options, key=lambda one: known[one].excess, reverse=True)
    by_people = sorted(options, key=lambda one: each.chosen(one).value, reverse=True)
    order = "in the same order" if by_truth == by_people else "in another order"
    told = ", ".join(
        f"{names.get(one, one)} {signed(known[one].excess)} points" for one in by_truth
    )
    yield Prose(
        text="What is known of the pictures: the object's share of the input gradient, "
        f"less its share of the area, is {told}; people prefer them {order}."
    )
    yield on_object_table(each, by_truth, known, names)


def _refused(each: Preferred, names: Mapping[str, str]) -> str:
    said = each.strengths.refusal
    if each.strengths.unbounded:
        over = ", ".join(names.get(one, one) for one in each.strengths.unbounded)
        said = f"no other option was ever chosen over {over}"
    return f"There are no strengths: {said}. Shares stand above."


def _said(each: Preferred, names: Mapping[str, str]) -> str:
    """Which leads by its share, and by how much over each of the others."""
    shares = {option: each.chosen(option) for option in each.options}
    first, *others = sorted(
        shares, key=lambda option: shares[option].value, reverse=True
    )
    told = [_lead(each, first, other, names) for other in others]
    tie = (
        f" No difference was seen in {interval(each.no_difference)}."
        if each.may_tie
        else ""
    )
    return (
        f"“{names.get(first, first)}” is chosen most often, in "
        f"{interval(shares[first])} of {count(shares[first].n)} choices that showed it. "
        f"{' '.join(told)}{tie}"
    )


def _lead(each: Preferred, option: str, other: str, names: Mapping[str, str]) -> str:
    of, by = each.against(option, other), each.strengths.difference(option, other)
    who = f"Of choices that fell on it or on “{names.get(other, other)}”, it has "
    stronger = (
        "" if isnan(by.value) else f", and by strength leads by {strength_words(by)}"
    )
    return f"{who}{interval(of)}{stronger}: {verdict(of, by)}."


def _circles_said(found: list[Circles]) -> str:
    whose = {"people": "by one person", "stimuli": "on one picture"}
    told = [
        f"{count(of.n_circular)} of {count(of.n)} {whose[of.of]} ({percent(of.share)})"
        for of in found
    ]
    return (
        f"Threes of options that go round in a circle: {', '.join(told)}; chance alone "
        f"would give {percent(CIRCULAR_BY_CHANCE)}."
    )
