"""The audit's part of the report: wrong predictions among the accepted, for every k."""

from __future__ import annotations

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import count, estimate_numbers, interval
from analysis.measures.audit.numbers import AuditedLevel, audited_levels


class AuditMeasure:
    """False positives at each k, against the researcher's blinded sample."""

    name = "audit"

    def applies(self, bundle: Bundle) -> bool:
        """Whether the researcher audited anything."""
        return len(bundle.audit) > 0

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: the audit is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """The rate of false positives at each k."""
        levels = audited_levels(bundle)
        intro = Prose(
            text=f"A researcher judged {count(len(bundle.audit))} of the trials "
            "without seeing votes, label or role. A false positive is a prediction "
            "that at least k people accept and the researcher does not. Trials were "
            "drawn by number of votes and are weighted back to all resolved trials. "
            "One person's judgment is not the truth: read it as agreement with that "
            "person."
        )
        blocks: list[Block] = [intro, *_lacking(levels), _table(levels), _draw(levels)]
        return [
            Section(
                id="audit",
                chapter=Chapter.AUDIT,
                title="Audit",
                blocks=blocks,
                is_exploratory=True,
            )
        ]


def _lacking(levels: list[AuditedLevel]) -> list[Prose]:
    """Which levels have no number, and why."""
    without = [level for level in levels if level.false_positive.method]
    if not without:
        return []
    ks = ", ".join(str(level.k) for level in without)
    text = f"No number for at least {ks} yes votes: {without[0].false_positive.method}."
    return [Prose(text=f"{text} `secondlook study audit` draws more.", kind="warning")]


def _table(levels: list[AuditedLevel]) -> DataTable:
    shown = pd.DataFrame(
        {
            "yes votes": [f"at least {level.k}" for level in levels],
            "false positives": [interval(level.false_positive) for level in levels],
            "trials accepted": [count(level.n_accepted) for level in levels],
            "audited": [count(level.n_audited) for level in levels],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "k": level.k,
                **estimate_numbers(level.false_positive, "false_positive"),
                "n_accepted": level.n_accepted,
                "n_audited": level.n_audited,
            }
            for level in levels
        ]
    )
    return DataTable(
        name="audit",
        caption="Share of accepted predictions that the researcher rejects, by k "
        "(95 % intervals for the trials that were not audited).",
        shown=shown,
        numbers=numbers,
        is_folded=True,
    )


def _draw(levels: list[AuditedLevel]) -> Drawing:
    said = "; ".join(
        f"at least {level.k}: {interval(level.false_positive)}" for level in levels
    )
    return Drawing(
        name="audit",
        caption="False positives by number of yes votes asked for (95 % intervals); n = "
        f"{count(sum(level.n_audited for level in levels[:1]))} audited trials with at "
        "least one yes.",
        alt=f"Share of accepted predictions that the researcher rejects. {said}.",
        figure=figures.by_k(
            {"audit": {level.k: level.false_positive for level in levels}},
            quantity="rejected by the researcher",
        ),
    )
