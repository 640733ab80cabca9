"""The part of the report on predictions that people accept."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.gallery import gallery
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import count, estimate_numbers, interval, spoken_of
from analysis.measures.accepted_predictions.numbers import (
    PUT_UP,
    AcceptedShare,
    accepted_shares,
    is_unlabelled,
)
from analysis.measures.base import MeasuredOutcome, Told


class AcceptedPredictionsMeasure:
    """Share of predictions that people accept, for unlabelled pictures."""

    name = "accepted-predictions"
    tells: Final = frozenset({Told.VOTES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether predictions were put up without labels."""
        return is_unlabelled(bundle)

    def headline(self, bundle: Bundle) -> list[str]:
        """The share accepted, per classifier."""
        lines = [f"predictions accepted by at least {bundle.k} of {bundle.n} people"]
        for share in accepted_shares(bundle):
            lines.append(
                f"  {share.classifier:<20} {interval(share.accepted)}  "
                f"n = {count(share.n_put_up)} pictures"
            )
        return lines

    def sentences(self, bundle: Bundle) -> list[str]:
        """The share accepted, per classifier."""
        return [
            f"At least {bundle.k} of {bundle.n} people accept what {share.classifier} "
            f"says of {interval(share.accepted)} of {count(share.n_put_up)} pictures "
            "(95 % interval)."
            for share in accepted_shares(bundle)
            if share.accepted.n
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The share accepted, per classifier."""
        return [
            MeasuredOutcome(
                name=f"predictions accepted, {share.classifier}",
                value=share.accepted.value,
                low=share.accepted.low,
                high=share.accepted.high,
                n=len(share.resolved),
                unit="resolved pictures",
            )
            for share in accepted_shares(bundle)
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """The share accepted, the votes behind it and pictures."""
        shares = accepted_shares(bundle)
        intro = Prose(
            text="These pictures have no labels, so there is no error rate: only "
            "which predictions people accept."
        )
        blocks: list[Block] = [intro, _table(bundle, shares)]
        if any(len(share.resolved) for share in shares):
            blocks.append(_drawing(shares, bundle.n))
        pictures = Section(
            id="gallery",
            chapter=Chapter.GALLERY,
            title="Predictions that people accept",
            blocks=[gallery(bundle, shows=bundle.labels_of(PUT_UP))],
        )
        main = Section(
            id="result",
            chapter=Chapter.RESULT,
            title="Predictions accepted",
            blocks=blocks,
        )
        return [main, pictures]


def _table(bundle: Bundle, shares: list[AcceptedShare]) -> DataTable:
    shown = pd.DataFrame(
        {
            "classifier": [share.classifier for share in shares],
            "accepted": [interval(share.accepted) for share in shares],
            "pictures": [count(share.n_put_up) for share in shares],
            "resolved": [count(len(share.resolved)) for share in shares],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "classifier": share.classifier,
                **estimate_numbers(share.accepted, "accepted"),
                "n_pictures": share.n_put_up,
                "n_resolved": len(share.resolved),
            }
            for share in shares
        ]
    )
    return DataTable(
        name="accepted_predictions",
        caption=f"Share of predictions that at least {bundle.k} of {bundle.n} people "
        "accept, with 95 % intervals for "
        f"{spoken_of(share.accepted for share in shares)}.",
        shown=shown,
        numbers=numbers,
    )


def _drawing(shares: list[AcceptedShare], n: int) -> Drawing:
    counts = {share.classifier: share.histogram(n) for share in shares}
    return Drawing(
        name="votes",
        caption="Pictures by number of people who accept the prediction.",
        alt="Histogram of the number of yes votes per picture.",
        figure=figures.votes_histogram(counts, what="pictures"),
    )
