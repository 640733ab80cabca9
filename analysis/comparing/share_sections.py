"""Shares of responses of two bundles side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.comparing.shares import SharePair
from analysis.elements import figures
from analysis.elements.equivalence import with_equivalence
from analysis.elements.sections import Block, DataTable, Drawing, Prose, Section
from analysis.elements.wording import count, estimate_numbers, p_text, percent, points
from analysis.statistics.intervals import Estimate

_SHARES: Final = (
    "Shares of responses that count: of main trials by condition, and of controls. The "
    "difference is A minus B, clustered by participant and by source image where they "
    "come back; responses of other people to other images are taken as independent. "
    "The last standard error is what independent responses would have."
)


def shares_section(
    pairs: Sequence[SharePair], *, margin: float | None = None
) -> Section:
    """Shares of responses side by side, tested against a margin where one is stated."""
    table = with_equivalence(
        _shares_table(pairs), [_difference(pair) for pair in pairs], margin=margin
    )
    blocks: list[Block] = [Prose(text=_SHARES), table]
    if any(pair.verdict != "no difference" for pair in pairs):
        blocks.append(_shares_drawing(pairs))
    return Section(id="shares", title="Shares of responses", blocks=blocks)


def _shares_table(pairs: Sequence[SharePair]) -> DataTable:
    shown = pd.DataFrame(
        [
            {
                "responses": pair.what.split(" (")[0],
                "share": pair.quantity,
                "A": f"{percent(pair.shares.first)} of {count(pair.shares.n_first)}",
                "B": f"{percent(pair.shares.second)} of {count(pair.shares.n_second)}",
                "difference": points(_difference(pair)),
                "SE": f"{_error(pair.standard_error)} "
                f"({_error(pair.shares.standard_error)})",
                "p": p_text(pair.p_value),
                "reading": pair.verdict,
            }
            for pair in pairs
        ]
    )
    return DataTable(
        name="shares_compared",
        caption="Shares of responses in A and B, and A minus B in percentage points "
        "(95 % intervals); of: responses; SE: standard error in points, in brackets that "
        "of independent responses.",
        shown=shown,
        numbers=pd.DataFrame([_share_numbers(pair) for pair in pairs]),
        text_columns=2,
    )


def _error(standard_error: float) -> str:
    return percent(standard_error).removesuffix(" %")


def _difference(pair: SharePair) -> Estimate:
    n = pair.shares.n_first + pair.shares.n_second
    return Estimate(
        value=pair.shares.difference,
        low=pair.low,
        high=pair.high,
        n=n,
        standard_error=pair.standard_error,
        dof=pair.dof,
        method=pair.method,
    )


def _share_numbers(pair: SharePair) -> dict[str, object]:
    people, stimuli = pair.n_people, pair.n_stimuli
    return {
        "responses": pair.what,
        "share": pair.quantity,
        "a": pair.shares.first,
        "n_a": pair.shares.n_first,
        "b": pair.shares.second,
        "n_b": pair.shares.n_second,
        **estimate_numbers(_difference(pair), "difference"),
        "p_value": pair.p_value,
        "method": pair.method,
        "verdict": pair.verdict,
        "standard_error_if_independent": pair.shares.standard_error,
        "p_value_if_independent": pair.shares.p_value,
        **dict(zip(("n_people_a", "n_people_b", "n_people_both"), people, strict=True)),
        **dict(
            zip(("n_stimuli_a", "n_stimuli_b", "n_stimuli_both"), stimuli, strict=True)
        ),
    }


def _shares_drawing(pairs: Sequence[SharePair]) -> Drawing:
    known = [pair for pair in pairs if pair.verdict != "no data"] or list(pairs)
    names = [f"{pair.what.split(' (')[0]}: {pair.quantity}" for pair in known]
    said = "; ".join(
        f"{name} {points(_difference(pair))}"
        for name, pair in zip(names, known, strict=True)
    )
    return Drawing(
        name="shares_difference",
        caption="Shares of responses, A minus B, percentage points (95 % intervals).",
        alt=f"{said}.",
        figure=figures.point_differences(
            names, [_difference(pair) for pair in known], quantity="A minus B"
        ),
    )
