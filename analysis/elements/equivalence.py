"""Whether differences of shares are small, beside them in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Final

import pandas as pd

from analysis.elements.sections import DataTable
from analysis.elements.wording import p_text
from analysis.statistics.experiments.equivalence import (
    EquivalenceTest,
    equivalence_test,
)
from analysis.statistics.intervals import Estimate

_NONE: Final = EquivalenceTest(
    margin=nan, p_value=nan, low=nan, high=nan, method="no difference"
)


def with_equivalence(
    table: DataTable, differences: Sequence[Estimate | None], *, margin: float | None
) -> DataTable:
    """The table with a column that tests each difference against the margin.

    Args:
        table: A row per difference.
        differences: Of shares, in the table's order; None for a row that is none.
        margin: As the study file states it; None leaves the table as it is.
    """
    if margin is None:
        return table
    tests = [
        _NONE if each is None else equivalence_test(each, margin=margin)
        for each in differences
    ]
    within = f"{100 * margin:g} points"
    return replace(
        table,
        caption=f"{table.caption} Within ± {within}: p value of two one-sided tests, "
        "“small” where it is below 0.05.",
        shown=table.shown.assign(
            **{
                f"within ± {within}": [
                    p_text(each.p_value) + (", small" if each.is_equivalent else "")
                    for each in tests
                ]
            }
        ),
        numbers=table.numbers.assign(
            equivalence_margin=margin,
            equivalence_p_value=pd.Series(
                [each.p_value for each in tests], dtype=float
            ),
            equivalence_method=[each.method for each in tests],
        ),
    )
