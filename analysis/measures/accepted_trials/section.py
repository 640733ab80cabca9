"""The part of the report on trials that k of n people accept."""

from __future__ import annotations

from typing import Final

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
from analysis.elements.wording import count, estimate_numbers, interval, spoken_of
from analysis.measures.accepted_trials.numbers import (
    accepted_by_k,
    n_main_trials,
    n_resolved_trials,
)
from analysis.measures.base import MeasuredOutcome, Told
from analysis.statistics.intervals import Estimate

_COUNTED: Final = ("errors", "predictions", "attacked", "explained")
_UNKNOWN: Final = (
    "Nothing is known of classifiers, labels or images here, so there is no error rate"
)
_NO_ERRORS: Final = "No errors were put up, so there is no error rate"


class AcceptedTrialsMeasure:
    """Share of trials that k of n people accept, without classifiers."""

    name = "accepted-trials"
    tells: Final = frozenset({Told.VOTES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether people voted on what no other measure counts."""
        counted = [label for what in _COUNTED for label in bundle.labels_of(what)]
        is_counted = bundle.uses["shows"].isin(counted).any()
        return not is_counted and len(bundle.votes) > 0

    def headline(self, bundle: Bundle) -> list[str]:
        """The share at the study's k."""
        share = accepted_by_k(bundle)[bundle.k]
        return [
            f"trials accepted by at least {bundle.k} of {bundle.n} people",
            f"  {interval(share)}  n = {count(share.n)} trials",
        ]

    def sentences(self, bundle: Bundle) -> list[str]:
        """The share at the study's k."""
        share = accepted_by_k(bundle)[bundle.k]
        if not share.n:
            return []
        return [
            f"At least {bundle.k} of {bundle.n} people accept {interval(share)} of "
            f"{count(share.n)} trials (95 % interval)."
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The share at the study's k."""
        share = accepted_by_k(bundle)[bundle.k]
        return [
            MeasuredOutcome(
                name=f"trials accepted by {bundle.k} of {bundle.n}",
                value=share.value,
                low=share.low,
                high=share.high,
                n=share.n,
                unit="trials",
            )
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """The share for every k, and trials by number of yes votes."""
        by_k = accepted_by_k(bundle)
        blocks: list[Block] = [Prose(text=_said(bundle)), _table(bundle, by_k)]
        if by_k[bundle.k].n:
            blocks.append(_drawing(by_k))
        return [
            Section(
                id="result",
                chapter=Chapter.RESULT,
                title="Trials that people accept",
                blocks=blocks,
            )
        ]


def _said(bundle: Bundle) -> str:
    known = _UNKNOWN if bundle.uses.empty else _NO_ERRORS
    return (
        f"{known}: only which trials at least k of {bundle.n} people accept. "
        f"{count(n_resolved_trials(bundle))} of {count(n_main_trials(bundle))} main "
        f"trials have all {bundle.n} votes; the others are taken to be like them."
    )


def _table(bundle: Bundle, by_k: dict[int, Estimate]) -> DataTable:
    shown = pd.DataFrame(
        {
            "yes votes": [
                f"at least {k}{' (the study’s)' if k == bundle.k else ''}" for k in by_k
            ],
            "accepted": [interval(share) for share in by_k.values()],
            "trials": [count(share.n) for share in by_k.values()],
        }
    )
    numbers = pd.DataFrame(
        [
            {"k": k, **estimate_numbers(share, "accepted"), "n_trials": share.n}
            for k, share in by_k.items()
        ]
    )
    return DataTable(
        name="accepted_trials",
        caption=f"Share of trials that at least k of {bundle.n} people accept (95 % "
        f"intervals for {spoken_of(by_k.values(), things='trials')}).",
        shown=shown,
        numbers=numbers,
    )


def _drawing(by_k: dict[int, Estimate]) -> Drawing:
    n_trials = next(iter(by_k.values())).n
    said = "; ".join(f"k = {k}: {interval(share)}" for k, share in by_k.items())
    return Drawing(
        name="accepted_trials",
        caption="Share of trials accepted, by number of yes votes asked for (95 % "
        f"intervals); n = {count(n_trials)} trials.",
        alt=f"{said}.",
        figure=figures.by_k({"accepted": by_k}, quantity="trials accepted"),
    )
