"""What two bundles are, what differs in their settings, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.comparing.settings import (
    different_settings,
    same_settings,
    shown_settings,
)
from analysis.elements.sections import Block, DataTable, Prose, Section
from analysis.elements.wording import count, moment, outcome_words
from analysis.measures import measures_of
from analysis.reporting.before_after_exclusion import as_numbers, before_and_after
from analysis.reporting.method_sections import clusters_in_words
from analysis.statistics.intervals import Estimate

_STAGES: Final = (
    "Every headline of both bundles before and after exclusion, so that a difference "
    "that exclusion makes can be told from one between the studies."
)


def bundles_section(a: Bundle, b: Bundle) -> Section:
    """What A and B are, and what they have in common."""
    rows = [_described("A", a), _described("B", b)]
    table = DataTable(
        name="bundles",
        caption="The two bundles.",
        shown=pd.DataFrame([{**row, "votes": count(row["votes"])} for row in rows]),
        numbers=pd.DataFrame(rows),
        text_columns=5,
    )
    people = set(a.votes["participant"]) & set(b.votes["participant"])
    trials = set(a.votes["trial"]) & set(b.votes["trial"])
    text = (
        f"{count(len(people))} people voted in both, "
        f"and {count(len(trials))} trials were judged in both."
    )
    blocks: list[Block] = [Prose(text=text), table]
    for side, bundle in (("A", a), ("B", b)):
        if words := clusters_in_words(bundle):
            blocks.append(Prose(text=f"{side}: {words}", kind="how"))
    return Section(id="bundles", title="What is compared", blocks=blocks)


def _described(side: str, bundle: Bundle) -> dict[str, Any]:
    classifiers = ", ".join(each.name for each in bundle.classifiers)
    return {
        "bundle": side,
        "study": bundle.name,
        "environment": str(bundle.head["environment"]),
        "classifiers": classifiers or "none",
        "exported": moment(bundle.head.get("exported_at")),
        "k of n": f"{bundle.k} of {bundle.n}",
        "people": str(bundle.votes["participant"].nunique()),
        "votes": len(bundle.votes),
    }


def before_after_section(a: Bundle, b: Bundle) -> Section | None:
    """Headlines of both before and after exclusion; None where there are none."""
    tables = {
        side: before_and_after(bundle, measures_of(bundle)).assign(side=side)
        for side, bundle in (("A", a), ("B", b))
    }
    table = pd.concat(tables.values(), ignore_index=True)
    if table.empty:
        return None
    order = list(dict.fromkeys(table["outcome"]))
    table = table.sort_values(
        "outcome", key=lambda names: names.map(order.index), kind="stable"
    )
    records = table.to_dict("records")
    shown = pd.DataFrame(
        {
            "result": [row["outcome"] for row in records],
            "bundle": [row["side"] for row in records],
            "before": [_staged(row, "before") for row in records],
            "after": [_staged(row, "after") for row in records],
            "n after": [f"{count(row['after_n'])} {row['unit']}" for row in records],
        }
    )
    block = DataTable(
        name="stages_compared",
        caption="Every headline before and after exclusion in both bundles (95 % "
        "intervals).",
        shown=shown,
        numbers=as_numbers(table.reset_index(drop=True)),
        text_columns=2,
    )
    return Section(
        id="stages",
        title="Before and after exclusion",
        blocks=[Prose(text=_STAGES), block],
    )


def _staged(row: Mapping[Any, Any], stage: str) -> str:
    value, low, high, n = (
        row[f"{stage}_{each}"] for each in ("value", "low", "high", "n")
    )
    estimate = Estimate(value=value, low=low, high=high, n=n)
    return outcome_words(
        estimate, is_difference=row["is_difference"], is_amount=row["is_amount"]
    )


def settings_section(a: Bundle, b: Bundle) -> Section:
    """What differs in the settings."""
    table = different_settings(a, b)
    n_same = same_settings(a, b)
    n_weighty = int(table["is_weighty"].sum())
    blocks: list[Block] = [
        Prose(
            text=f"Settings that are the same: {count(n_same)}; that differ: "
            f"{count(len(table))}, of which {count(n_weighty)} may change the numbers "
            "(first in the table)."
        )
    ]
    if len(table):
        blocks.append(
            DataTable(
                name="settings_compared",
                caption="Settings and versions that differ.",
                shown=shown_settings(table),
                numbers=table,
                text_columns=3,
            )
        )
    return Section(id="settings", title="What differs in the settings", blocks=blocks)
