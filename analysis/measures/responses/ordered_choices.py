"""Ordered choices by condition: how much higher people answer under each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from analysis.bundles.clusters import clusters_in
from analysis.elements.sections import Block, DataTable, Prose
from analysis.elements.wording import count, log_odds, p_text
from analysis.errors import AnalysisError
from analysis.measures.responses.numbers import AnsweredField
from analysis.statistics.models.ordinal import OrdinalFit, ordinal_logistic
from analysis.statistics.multiplicity import holm

_SCALE: Final = (
    "Log odds of answering higher ({low} is lowest, {high} highest), less those under "
    "{reference}: 0.69 is twice the odds of answering above any step, −0.69 half. "
    "A cumulative logit model; it uses the order of the answers and no distances."
)
_NO_MODEL: Final = "“{name}” is not compared between conditions: {why}."


def ordered_differences(answered: AnsweredField) -> OrdinalFit | None:
    """Conditions compared with the first; None for one condition or no order.

    Raises:
        AnalysisError: If there is one person, stimulus or answer only.
    """
    rows = answered.rows
    order = answered.field.choices
    rows = rows[rows["value"].isin(order)]
    is_ordered = answered.field.measured_on == "ordinal"
    if not is_ordered or rows["condition"].nunique() < 2:
        return None
    return ordinal_logistic(
        rows,
        answer="value",
        order=order,
        condition="condition",
        participant="participant",
        stimulus="stimulus",
        clusters=clusters_in(rows),
    )


def ordered_blocks(answered: AnsweredField, *, name: str) -> Iterator[Block]:
    """The comparison as a table, or why there is none; nothing for one condition."""
    try:
        found = ordered_differences(answered)
    except AnalysisError as error:
        words = _NO_MODEL.format(name=answered.name, why=error)
        yield Prose(kind="note", text=words)
        return
    if found is None:
        return
    rows = found.differences
    rows = rows.assign(p_holm=holm(rows["p_value"]).to_numpy())
    shown = pd.DataFrame(
        {
            "condition": [f"{each} − {found.reference}" for each in rows["condition"]],
            "difference": [
                log_odds(
                    row["estimate"], row["low"], row["high"], reason=row["refusal"]
                )
                for _, row in rows.iterrows()
            ],
            "p": [p_text(each) for each in rows["p_value"]],
            "p (Holm)": [p_text(each) for each in rows["p_holm"]],
            "responses": [count(each) for each in rows["n"]],
        }
    )
    scale = _SCALE.format(
        low=answered.words(answered.field.choices[0]),
        high=answered.words(answered.field.choices[-1]),
        reference=found.reference,
    )
    yield DataTable(
        name=name,
        caption=f"“{answered.name}” by condition. {scale} 95 % intervals, uncorrected, "
        "for other people and trials like these.",
        shown=shown.drop(columns="p (Holm)") if len(rows) == 1 else shown,
        numbers=rows.assign(
            question=answered.question.name,
            field=answered.field.name,
            reference=found.reference,
        ),
    )
