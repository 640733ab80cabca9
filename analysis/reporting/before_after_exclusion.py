"""Every headline before and after exclusion, whatever measure it belongs to.

A measure with `outcomes` is computed twice: from the bundle as it is, and from the
same bundle as if no quality rule had left anybody out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import count, outcome_words
from analysis.measures.base import HasOutcomes, Measure, MeasuredOutcome
from analysis.statistics.intervals import Estimate

INTRO = (
    "“Before” takes the first n responses to each trial whoever gave them, apart from "
    "people who withdrew; “after” takes the first n responses that passed the "
    "rules of the study file, and is the result of the study. Intervals are 95 %."
)


def before_and_after(bundle: Bundle, measures: Sequence[Measure]) -> pd.DataFrame:
    """Each outcome of these measures before and after exclusion.

    Returns:
        Columns measure, outcome, unit, is_difference, is_amount, and value, low, high, n with
        `before_` and `after_` in front; NaN with n = 0 where one stage has nothing.

    >>> from analysis.bundles.example import example_bundle
    >>> from analysis.measures import MEASURES
    >>> table = before_and_after(example_bundle(), MEASURES)
    >>> table[["outcome", "before_value", "after_value", "after_n"]]
                    outcome  before_value  after_value  after_n
    0  rectified error, net           0.1          0.2        4
    """
    everybody = bundle.before_exclusion
    rows = []
    for measure in measures:
        if not isinstance(measure, HasOutcomes):
            continue
        stages = {
            "before": measure.outcomes(everybody) if measure.applies(everybody) else [],
            "after": measure.outcomes(bundle) if measure.applies(bundle) else [],
        }
        rows += _paired(measure.name, stages["before"], stages["after"])
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_NUMBERS: Final = ("value", "low", "high", "n")
_COLUMNS: Final = (
    *("measure", "outcome", "unit", "is_difference", "is_amount"),
    *(f"{stage}_{name}" for stage in ("before", "after") for name in _NUMBERS),
)


def _paired(
    measure: str, before: Sequence[MeasuredOutcome], after: Sequence[MeasuredOutcome]
) -> list[dict[str, object]]:
    first = {outcome.name: outcome for outcome in before}
    second = {outcome.name: outcome for outcome in after}
    rows = []
    for name in dict.fromkeys([*second, *first]):
        known = second.get(name) or first[name]
        row: dict[str, object] = {
            "measure": measure,
            "outcome": name,
            "unit": known.unit,
            "is_difference": known.is_difference,
            "is_amount": known.is_amount,
        }
        for stage, found in (("before", first.get(name)), ("after", second.get(name))):
            row |= {
                f"{stage}_{each}": getattr(found, each) if found else _nothing(each)
                for each in _NUMBERS
            }
        rows.append(row)
    return rows


def _nothing(column: str) -> float:
    return 0 if column == "n" else nan


def before_after_section(bundle: Bundle, measures: Sequence[Measure]) -> Section | None:
    """Every headline before and after exclusion; None where no measure has one."""
    table = before_and_after(bundle, measures)
    if table.empty:
        return None
    blocks: list[Block] = [Prose(text=INTRO), _table(table)]
    if _is_same(table):
        same = Prose(kind="note", text="Exclusion changes none of these numbers.")
        blocks.append(same)
    return Section(
        id="before-after",
        chapter=Chapter.BEFORE_AFTER,
        title="Results before and after exclusion",
        blocks=blocks,
    )


def _is_same(table: pd.DataFrame) -> bool:
    before = table[[f"before_{name}" for name in _NUMBERS]].set_axis(_NUMBERS, axis=1)
    after = table[[f"after_{name}" for name in _NUMBERS]].set_axis(_NUMBERS, axis=1)
    return bool(before.astype(float).equals(after.astype(float)))


def _table(table: pd.DataFrame) -> DataTable:
    records = table.to_dict("records")
    shown = pd.DataFrame(
        {
            "result": [row["outcome"] for row in records],
            "before": [_said(row, "before") for row in records],
            "n before": [_sized(row, "before") for row in records],
            "after": [_said(row, "after") for row in records],
            "n after": [_sized(row, "after") for row in records],
        }
    )
    return DataTable(
        name="before_after",
        caption="Every headline before and after exclusion (95 % intervals; n as "
        "counted in each row).",
        shown=shown,
        numbers=as_numbers(table),
    )


def as_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The table as its file has it: amounts are marked where there are any.

    >>> as_numbers(pd.DataFrame({"outcome": ["right"], "is_amount": [False]}))
      outcome
    0   right
    """
    return table if table["is_amount"].any() else table.drop(columns="is_amount")


def _said(row: Mapping[Any, Any], stage: str) -> str:
    value, low, high, n = (row[f"{stage}_{name}"] for name in _NUMBERS)
    estimate = Estimate(value=value, low=low, high=high, n=n)
    return outcome_words(
        estimate, is_difference=row["is_difference"], is_amount=row["is_amount"]
    )


def _sized(row: Mapping[Any, Any], stage: str) -> str:
    return f"{count(row[f'{stage}_n'])} {row['unit']}"
