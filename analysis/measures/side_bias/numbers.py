"""How readily people take one side of the page, whatever is there."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from analysis.bundles.clusters import clusters_in
from analysis.bundles.reading import Bundle
from analysis.measures.responses.numbers import AnsweredField, answered_fields
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.intervals import Estimate


@dataclass(frozen=True, kw_only=True)
class SideShare:
    """How often one side was chosen.

    Attributes:
        question: The question's name.
        field: The field's name.
        side: The value.
        words: What people read of it.
        chosen: Share of the counted responses.
        right: Share of those responses for which it was right; NaN without keys.
    """

    question: str
    field: str
    side: str
    words: str
    chosen: Estimate
    right: float


def side_shares(bundle: Bundle) -> list[SideShare]:
    """Every side of every field whose choices are sides of the page.

    >>> from analysis.bundles.example import example_bundle
    >>> side_shares(example_bundle())    # yes and no are no sides
    []
    """
    return [share for each in side_fields(bundle) for share in _of_field(each)]


def side_fields(bundle: Bundle) -> list[AnsweredField]:
    """The fields whose choices are sides of the page."""
    fields = answered_fields(bundle, frozenset())
    return [each for each in fields if each.field.is_side]


def _of_field(answered: AnsweredField) -> list[SideShare]:
    rows = answered.rows
    keyed = rows[rows["right"] != ""]
    return [
        SideShare(
            question=answered.question.name,
            field=answered.field.name,
            side=side,
            words=answered.words(side),
            chosen=clustered_mean(
                rows.assign(chosen=rows["value"] == side),
                value="chosen",
                stimulus="stimulus",
                clusters=clusters_in(rows),
            ),
            right=float((keyed["right"] == side).mean()) if len(keyed) else nan,
        )
        for side in answered.values
        if len(rows)
    ]
