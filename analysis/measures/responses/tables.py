"""Tables and figures of one field of a response."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pandas as pd

from analysis.elements import figures
from analysis.elements.sections import Block, DataTable, Drawing
from analysis.elements.wording import (
    count,
    estimate_numbers,
    interval,
    outcome_words,
    percent,
)
from analysis.measures.responses.numbers import (
    ALL,
    AnsweredField,
    FieldMean,
    GradedShare,
    ValueShare,
    confusion,
    field_means,
    text_lengths,
    value_shares,
)
from analysis.measures.responses.ordered_choices import ordered_blocks

# A figure of more values says nothing.
IN_FIGURE: Final = 12
_TEXTS_SHOWN: Final = 20
_SIZES: Final = ("responses", "people", "trials")


def field_blocks(answered: AnsweredField) -> list[Block]:
    """Whatever the field's scale allows, the table first."""
    match answered.field.measured_on:
        case "nominal":
            return [*_shares(answered), *_confusion(answered)]
        case "ordinal" | "interval":
            shares = _shares(answered) if answered.field.type == "choice" else ()
            higher = ordered_blocks(answered, name=_name(answered, "higher"))
            return [*_means(answered), *higher, *shares, *_confusion(answered)]
        case "text" | "json":
            return list(_texts(answered))


def graded_blocks(found: list[GradedShare], *, question: str) -> list[Block]:
    """How often people are right, beside chance."""
    chances = {each.chance for each in found}
    known = chances.pop() if len(chances) == 1 else None
    is_one = len(found) == 1
    shown = pd.DataFrame(
        {
            "condition": [each.condition for each in found],
            "right": [interval(each.right) for each in found],
            "chance": [percent(each.chance) for each in found],
            "responses": [count(each.right.n) for each in found],
            "people": [count(each.right.n_people) for each in found],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "question": each.question,
                "condition": each.condition,
                **estimate_numbers(each.right, "right"),
                "chance": each.chance,
                "n_responses": each.right.n,
                "n_participants": each.right.n_people,
            }
            for each in found
        ]
    )
    said = "; ".join(f"{each.condition}: {interval(each.right)}" for each in found)
    return [
        DataTable(
            name=f"right_{_slug(question)}",
            caption="Share of right responses, with 95 % intervals that count people "
            "and trials as clusters, beside what guessing gives.",
            shown=shown.drop(columns="condition") if is_one else shown,
            numbers=numbers,
        ),
        Drawing(
            name=f"right_{_slug(question)}",
            caption="Share of right responses (95 % intervals).",
            alt=f"Share of right responses. {said}.",
            figure=figures.shares(
                [each.condition for each in found],
                [each.right for each in found],
                quantity="right responses",
                chance=None if known is None or known != known else known,
            ),
        ),
    ]


def _name(answered: AnsweredField, what: str) -> str:
    parts = (what, answered.question.name, answered.field.name)
    return "_".join(map(_slug, parts))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _shares(answered: AnsweredField) -> Iterator[Block]:
    found = value_shares(answered)
    if not found:
        return
    yield _share_table(answered, found)
    over_all = [each for each in found if each.condition == ALL][:IN_FIGURE]
    said = "; ".join(
        f"{answered.words(s.value)}: {interval(s.share)}" for s in over_all
    )
    yield Drawing(
        name=_name(answered, "shares"),
        caption=f"“{answered.name}”: share of responses by value (95 % intervals).",
        alt=f"Share of responses. {said}.",
        figure=figures.shares(
            [answered.words(each.value) for each in over_all],
            [each.share for each in over_all],
            quantity="responses",
        ),
    )


def _share_table(answered: AnsweredField, found: list[ValueShare]) -> DataTable:
    is_one = len({each.condition for each in found}) == 1
    shown = pd.DataFrame(
        {
            "condition": [each.condition for each in found],
            "value": [answered.words(each.value) for each in found],
            "share": [interval(each.share) for each in found],
            "responses": [count(each.share.n) for each in found],
            "people": [count(each.share.n_people) for each in found],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "question": answered.question.name,
                "field": answered.field.name,
                "condition": each.condition,
                "value": each.value,
                **estimate_numbers(each.share, "share"),
                "n_responses": each.share.n,
                "n_participants": each.share.n_people,
            }
            for each in found
        ]
    )
    return DataTable(
        name=_name(answered, "shares"),
        caption=f"“{answered.name}”: share of responses by value, with 95 % intervals "
        "that count people and trials as clusters.",
        shown=shown.drop(columns="condition") if is_one else shown,
        numbers=numbers,
        text_columns=1 if is_one else 2,
    )


def _confusion(answered: AnsweredField) -> Iterator[Block]:
    counts = confusion(answered)
    if counts.empty:
        return
    given = [answered.words(str(value)) for value in counts.columns]
    right = [answered.words(str(value)) for value in counts.index]
    shown = pd.DataFrame(
        counts.map(count).to_numpy(), columns=[f"said {each}" for each in given]
    )
    shown.insert(0, "right", right)
    yield DataTable(
        name=_name(answered, "confusion"),
        caption=f"“{answered.name}”: responses by what was right (rows) and what people "
        "said (columns).",
        shown=shown,
        numbers=pd.DataFrame(
            [
                {"right": right, "said": said, "n_responses": int(n)}
                for right, row in counts.iterrows()
                for said, n in row.items()
            ]
        ),
        is_folded=True,
    )


def _means(answered: AnsweredField) -> Iterator[Block]:
    found = [each for each in field_means(answered) if each.mean.n]
    if not found:
        return
    yield _mean_table(answered, found)
    said = "; ".join(f"{each.condition}: {mean_words(each)}" for each in found)
    yield Drawing(
        name=_name(answered, "means"),
        caption=f"“{answered.name}”: mean{_of_what(answered)} (95 % intervals).",
        alt=f"Mean. {said}.",
        figure=figures.means(
            [each.condition for each in found],
            [each.mean for each in found],
            quantity=answered.field.unit or answered.name,
            ends=_ends(answered),
        ),
    )


def mean_words(found: FieldMean) -> str:
    """Mean and interval: "2.71 [2.50, 2.90]"."""
    return outcome_words(found.mean, is_amount=True)


def _of_what(answered: AnsweredField) -> str:
    if answered.field.measured_on == "ordinal":
        last = len(answered.field.choices)
        return f" of the ranks from 1 (lowest) to {last}"
    return f" in {answered.field.unit}" if answered.field.unit else ""


def _ends(answered: AnsweredField) -> tuple[float, float] | None:
    field = answered.field
    if field.measured_on == "ordinal":
        return (1.0, float(len(field.choices)))
    if field.choices:
        numbers = [float(value) for value in field.choices]
        return (min(numbers), max(numbers))
    if field.lowest is None or field.highest is None:
        return None
    return (field.lowest, field.highest)


def _mean_table(answered: AnsweredField, found: list[FieldMean]) -> DataTable:
    is_one = len(found) == 1
    sizes = [(e.mean.n, e.mean.n_people, e.mean.n_stimuli) for e in found]
    shown = pd.DataFrame(
        {
            "condition": [each.condition for each in found],
            "mean": [mean_words(each) for each in found],
            **{
                name: [count(each[place]) for each in sizes]
                for place, name in enumerate(_SIZES)
            },
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "question": answered.question.name,
                "field": answered.field.name,
                "condition": each.condition,
                "mean": each.mean.value,
                "mean_low": each.mean.low,
                "mean_high": each.mean.high,
                "mean_standard_error": each.mean.standard_error,
                "n_responses": each.mean.n,
                "n_participants": each.mean.n_people,
                "n_trials": each.mean.n_stimuli,
            }
            for each in found
        ]
    )
    return DataTable(
        name=_name(answered, "means"),
        caption=f"“{answered.name}”: mean{_of_what(answered)}, with 95 % intervals for "
        "other people and trials like these.",
        shown=shown.drop(columns="condition") if is_one else shown,
        numbers=numbers,
    )


def _texts(answered: AnsweredField) -> Iterator[Block]:
    if answered.rows.empty:
        return
    times = answered.rows["value"].value_counts()
    first = times.head(_TEXTS_SHOWN)
    rest = len(times) - len(first)
    more = f"; {count(rest)} more in the CSV file" if rest else ""
    yield DataTable(
        name=_name(answered, "texts"),
        caption=f"“{answered.name}”: what people wrote, the most frequent first{more}.",
        shown=pd.DataFrame({"text": first.index, "times": first.map(count).to_numpy()}),
        numbers=answered.rows[["trial", "participant", "condition", "value"]],
        is_folded=True,
    )
    found = text_lengths(answered)
    unit = "words" if answered.field.measured_on == "text" else "characters"
    yield Drawing(
        name=_name(answered, "lengths"),
        caption=f"“{answered.name}”: responses by their length in {unit}.",
        alt=f"Median length {found.median():g} {unit}, at most {found.max()}.",
        figure=figures.lengths(found, quantity=unit),
    )
