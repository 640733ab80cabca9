"""Every field of every response: a table, a figure and a headline, whatever was asked.

Measures that know what a study is about tell what they tell; this one tells the rest,
and shows the fields of the others folded away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, Prose, Section
from analysis.elements.wording import count, interval, percent
from analysis.measures.base import MeasuredOutcome, Told
from analysis.measures.category_accuracy.numbers import is_category
from analysis.measures.responses.numbers import (
    ALL,
    AnsweredField,
    GradedShare,
    answered_fields,
    field_means,
    graded_shares,
    text_lengths,
    value_shares,
)
from analysis.measures.responses.tables import field_blocks, graded_blocks, mean_words
from analysis.measures.responses.time_tables import time_blocks
from analysis.measures.yes_bias.numbers import catch_accuracy, says_yes
from analysis.measures.yes_bias.section import catch_words
from analysis.statistics.intervals import Estimate

_MOST_SAID: Final = 6
_INTRO: Final = (
    "What people entered in each field, over the responses that count. Intervals take "
    "people and trials as drawn anew."
)
_NOTHING: Final = "No response counts yet, so there are no numbers."
_BESIDE: Final = (
    "What people entered in each field, over the responses that count, as it was "
    "entered; the results above say what is made of it."
)


@dataclass(frozen=True, kw_only=True)
class ResponsesMeasure:
    """What people entered, field by field.

    Attributes:
        told: What other measures make a headline of.
    """

    name: str = "responses"
    told: frozenset[Told] = frozenset({Told.EVERYTHING})

    def beside(self, told: frozenset[Told]) -> ResponsesMeasure:
        """Telling what those do not."""
        return replace(self, told=told)

    def applies(self, bundle: Bundle) -> bool:
        """Whether main trials ask anything of which fields are known."""
        return bool(answered_fields(bundle, self.told))

    def headline(self, bundle: Bundle) -> list[str]:
        """How often people are right, then a line or more for each field."""
        untold = self._untold(bundle)
        graded = self._graded(bundle)
        if not untold and not graded:
            return []
        if all(each.rows.empty for each in untold):
            return [_NOTHING]
        lines = [
            f"{_of(each, graded):<30.30} {interval(each.right):<22} "
            f"chance {percent(each.chance)}  n = {count(each.right.n)}"
            for each in graded
        ]
        return [*lines, *(line for each in untold for line in _lines(each))]

    def sentences(self, bundle: Bundle) -> list[str]:
        """The same in a sentence each."""
        graded = [each for each in self._graded(bundle) if each.condition == ALL]
        found = [
            f"People are right in {interval(each.right)} of {count(each.right.n)} "
            f"responses; guessing gives {percent(each.chance)} (95 % interval)."
            for each in graded
            if each.right.n
        ]
        untold = [each for each in self._untold(bundle) if len(each.rows)]
        return [*found, *(said for each in untold for said in _sentences(each))]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """Shares of right responses and the means or shares of every other field."""
        graded = self._graded(bundle)
        return [
            *(_share(_of(each, graded), each.right) for each in graded),
            *(found for each in self._untold(bundle) for found in _outcomes(each)),
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """What nobody else tells as a result; the rest folded, to be looked up."""
        fields = answered_fields(bundle, self.told)
        untold = [each for each in fields if not each.is_told]
        told = [each for each in fields if each.is_told and len(each.rows)]
        sections = []
        if untold:
            sections.append(self._result(bundle, untold))
        blocks = [block for each in told for block in field_blocks(each)]
        if blocks:
            sections.append(
                Section(
                    id="every-response",
                    chapter=Chapter.CHOICES,
                    title="Responses, field by field",
                    blocks=[Prose(text=_BESIDE, kind="note"), *blocks],
                    is_exploratory=True,
                    is_folded=True,
                )
            )
        return [*sections, *_times(bundle)]

    def _result(self, bundle: Bundle, untold: list[AnsweredField]) -> Section:
        blocks: list[Block] = [Prose(text=_INTRO)]
        if all(each.rows.empty for each in untold):
            blocks = [Prose(kind="warning", text=_NOTHING)]
        graded = self._graded(bundle)
        for question in dict.fromkeys(each.question for each in graded):
            mine = [each for each in graded if each.question == question]
            blocks += graded_blocks(mine, question=question)
        blocks += [block for each in untold for block in field_blocks(each)]
        if catch_accuracy(bundle, only_valid=False).n and not says_yes(bundle):
            blocks.append(Prose(kind="note", text=catch_words(bundle)))
        return Section(
            id="responses",
            chapter=Chapter.RESULT,
            title="How people responded",
            blocks=blocks,
        )

    def _untold(self, bundle: Bundle) -> list[AnsweredField]:
        return [each for each in answered_fields(bundle, self.told) if not each.is_told]

    def _graded(self, bundle: Bundle) -> list[GradedShare]:
        if self.told & {Told.GRADES, Told.EVERYTHING}:
            return []
        # Where a category is asked for, the question's grade is whether it was right.
        told = [
            name
            for name, asked in bundle.questions.items()
            if Told.CATEGORIES in self.told
            and any(is_category(asked, each) for each in asked.fields)
        ]
        return [each for each in graded_shares(bundle) if each.question not in told]


def _of(each: GradedShare, graded: list[GradedShare]) -> str:
    """What is right: the question where there are several, and the condition."""
    several = len({other.question for other in graded}) > 1
    parts = [each.question] if several else []
    parts += [] if each.condition == ALL else [each.condition]
    return ", ".join(["right", *parts])


def _lines(answered: AnsweredField) -> Iterator[str]:
    name = answered.name
    if answered.rows.empty:
        yield f"{name}: no response counts yet"
        return
    match answered.field.measured_on:
        case "nominal":
            yield f"{name}: share of responses"
            found = [s for s in value_shares(answered) if s.condition == ALL]
            for each in found[:_MOST_SAID]:
                words = answered.words(each.value)
                yield f"  {words:<28.28} {interval(each.share)}  n = {count(each.share.n)}"
            if len(found) > _MOST_SAID:
                yield f"  and {len(found) - _MOST_SAID} more"
        case "ordinal" | "interval":
            found_means = field_means(answered)
            for mean in found_means:
                of = name if mean.condition == ALL else f"{name}, {mean.condition}"
                n = count(mean.mean.n)
                yield f"{of + ', mean':<30.30} {mean_words(mean):<22} n = {n}"
        case "text" | "json":
            yield f"{name}: {_texts(answered)}"


def _sentences(answered: AnsweredField) -> Iterator[str]:
    match answered.field.measured_on:
        case "nominal":
            found = [s for s in value_shares(answered) if s.condition == ALL]
            first = sorted(found, key=lambda s: s.share.value, reverse=True)
            told = "; ".join(
                f"“{answered.words(s.value)}” {interval(s.share)}"
                for s in first[:_MOST_SAID]
            )
            yield f"{_capital(answered.name)}: {told} of responses (95 % intervals)."
        case "ordinal" | "interval":
            mean = field_means(answered)[0]
            yield (
                f"{_capital(answered.name)}: mean {mean_words(mean)} over "
                f"{count(mean.mean.n)} responses (95 % interval)."
            )
        case "text" | "json":
            yield f"{_capital(answered.name)}: {_texts(answered)}."


def _texts(answered: AnsweredField) -> str:
    rows, found = answered.rows, text_lengths(answered)
    unit = "words" if answered.field.measured_on == "text" else "characters"
    return (
        f"{count(len(rows))} responses of {count(rows['participant'].nunique())} "
        f"people, {count(rows['value'].nunique())} of them different; median "
        f"{found.median():g} {unit}"
    )


def _times(bundle: Bundle) -> list[Section]:
    """How long people took, where that is known."""
    blocks = time_blocks(bundle)
    if not blocks:
        return []
    return [
        Section(
            id="response-times",
            chapter=Chapter.TIMES,
            title="Response times",
            blocks=blocks,
            is_exploratory=True,
            is_folded=True,
        )
    ]


def _outcomes(answered: AnsweredField) -> Iterator[MeasuredOutcome]:
    match answered.field.measured_on:
        case "nominal":
            for each in value_shares(answered):
                if each.condition == ALL:
                    name = f"{answered.name}: {answered.words(each.value)}"
                    yield _share(name, each.share)
        case "ordinal" | "interval":
            for found in field_means(answered):
                of = "" if found.condition == ALL else f", {found.condition}"
                yield MeasuredOutcome(
                    name=f"{answered.name}, mean{of}",
                    value=found.mean.value,
                    low=found.mean.low,
                    high=found.mean.high,
                    n=found.mean.n,
                    is_amount=True,
                )
        case _:
            return


def _share(name: str, share: Estimate) -> MeasuredOutcome:
    return MeasuredOutcome(
        name=name, value=share.value, low=share.low, high=share.high, n=share.n
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
