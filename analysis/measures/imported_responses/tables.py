"""Tables and figures of responses that were collected elsewhere."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.sections import DataTable, Drawing
from analysis.elements.wording import (
    count,
    estimate_numbers,
    interval,
    p_text,
    percent,
    points,
)
from analysis.measures.imported_responses.numbers import (
    MOST_KEYS,
    MOST_VALUES,
    ConditionContrast,
    ResponseShare,
    answer_shares,
    readings,
)

MOST_DRAWN: Final = 30
_INSTEAD: Final = 3


def share_table(shares: list[ResponseShare]) -> DataTable:
    """The share of every response, by condition where there are several."""
    has_conditions = len({share.condition for share in shares}) > 1
    shown = pd.DataFrame(
        {
            "condition": [share.condition for share in shares],
            "response": [share.response for share in shares],
            "share": [interval(share.share) for share in shares],
            "responses": [count(share.share.n) for share in shares],
            "people": [count(share.share.n_people) for share in shares],
            "trials": [count(share.n_trials) for share in shares],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "condition": share.condition,
                "response": share.response,
                **estimate_numbers(share.share, "share"),
                "n_responses": share.share.n,
                "n_participants": share.share.n_people,
                "n_trials": share.n_trials,
            }
            for share in shares
        ]
    )
    return DataTable(
        name="responses",
        caption="Share of responses, with 95 % intervals that count people and trials "
        f"as clusters; the {MOST_VALUES} most frequent values.",
        shown=shown if has_conditions else shown.drop(columns="condition"),
        numbers=numbers,
        text_columns=2 if has_conditions else 1,
    )


def answers_table(bundle: Bundle) -> DataTable:
    """Every answer with its share, yes and no among them."""
    found = answer_shares(bundle)
    return DataTable(
        name="answers",
        caption="Every answer, its share of all counted responses (95 % intervals for "
        "people and trials like these), yes and no among them.",
        shown=pd.DataFrame(
            {
                "answer": list(found),
                "share": [interval(each) for each in found.values()],
                "responses": [count(each.n) for each in found.values()],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "answer": answer,
                    **estimate_numbers(each, "share"),
                    "n_responses": each.n,
                    "n_participants": each.n_people,
                }
                for answer, each in found.items()
            ]
        ),
    )


def readings_table(bundle: Bundle) -> DataTable:
    """The three readings, side by side."""
    found = readings(bundle)
    shown = pd.DataFrame(
        {
            "answers that are neither count as": [each.words for each in found],
            "trials accepted": [interval(each.accepted) for each in found],
            "trials": [count(each.accepted.n) for each in found],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "reading": each.words,
                **estimate_numbers(each.accepted, "accepted"),
                "n_trials": each.accepted.n,
            }
            for each in found
        ]
    )
    return DataTable(
        name="answers_that_are_neither",
        caption=f"Share of trials that at least {bundle.k} of {bundle.n} people accept, "
        "by what answers that are neither yes nor no count as (95 % intervals), of the "
        f"trials with {bundle.n} such responses.",
        shown=shown,
        numbers=numbers,
    )


def contrast_table(found: list[ConditionContrast]) -> DataTable:
    """Conditions compared, with tests."""
    is_one = len({each.response for each in found}) == 1
    shown = pd.DataFrame(
        {
            "comparison": [_label(each, is_one=is_one) for each in found],
            "difference": [points(each.difference.estimate) for each in found],
            "p": [p_text(each.difference.p_value) for each in found],
            "p (Holm)": [p_text(each.p_holm) for each in found],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "response": each.response,
                "comparison": each.name,
                **estimate_numbers(each.difference.estimate, "difference"),
                "p_value": each.difference.p_value,
                "p_holm": each.p_holm,
                "n_responses": each.difference.estimate.n,
                "n_participants": each.difference.estimate.n_people,
            }
            for each in found
        ]
    )
    what = f"share of “{found[0].response}”" if is_one else "shares"
    return DataTable(
        name="condition_contrasts",
        caption=f"Difference of the {what} between conditions, percentage points (95 % "
        "intervals, uncorrected; p values also with Holm's correction over the "
        f"{len(found)} comparisons).",
        shown=shown,
        numbers=numbers,
    )


def contrast_drawing(found: list[ConditionContrast]) -> Drawing:
    """The same as a figure."""
    is_one = len({each.response for each in found}) == 1
    names = [_label(each, is_one=is_one) for each in found]
    estimates = [each.difference.estimate for each in found]
    said = "; ".join(
        f"{name}: {points(each)}" for name, each in zip(names, estimates, strict=True)
    )
    return Drawing(
        name="condition_contrasts",
        caption="Conditions compared (95 % intervals, uncorrected).",
        alt=f"{said}.",
        figure=figures.point_differences(
            names, estimates, quantity="difference of shares"
        ),
    )


def _label(each: ConditionContrast, *, is_one: bool) -> str:
    return each.name if is_one else f"{each.response}: {each.name}"


def confusion_table(found: pd.DataFrame) -> DataTable:
    """The right categories, how often each was chosen, and what was instead."""
    return DataTable(
        name="confusion",
        caption="Counted responses by the category that is right; the CSV file has "
        "every pair of category and response that occurs.",
        shown=_chosen(found),
        numbers=found,
        is_folded=found["key"].nunique() > MOST_KEYS // 2,
    )


def _chosen(found: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for key, mine in found.groupby("key"):
        wrong = mine[mine["response"] != key].sort_values(
            "n", ascending=False, kind="stable"
        )
        instead = ", ".join(
            f"{response} {percent(share)}"
            for response, share in zip(
                wrong["response"][:_INSTEAD],
                wrong["share"][:_INSTEAD].tolist(),
                strict=True,
            )
        )
        rows.append(
            {
                "right": key,
                "responses": count(mine["n"].sum()),
                "chosen": percent(mine.loc[mine["response"] == key, "share"].sum()),
                "most often instead": instead,
            }
        )
    return pd.DataFrame(rows)
