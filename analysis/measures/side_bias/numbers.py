"""How readily people take one side of the page, whatever is there."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.frames import taken
from analysis.bundles.reading import Bundle
from analysis.measures.responses.numbers import AnsweredField, answered_fields
from analysis.people.quality_flags import LEAST_RESPONSES, SAME
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


@dataclass(frozen=True, kw_only=True)
class PlaceShare:
    """How often one place of the page was chosen, where what stands there is levelled.

    Attributes:
        question: The question's name.
        n_places: Options side by side on its trials.
        place: From 1, from the left.
        chosen: Share of the counted responses that chose a place.
        n_always: People who chose it in 95 % or more of at least ten trials.
        n_people: People with at least ten trials.
    """

    question: str
    n_places: int
    place: int
    chosen: Estimate
    n_always: int
    n_people: int

    @property
    def balance(self) -> float:
        """What every place has of people who go by what is there."""
        return 1 / self.n_places


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


def place_shares(bundle: Bundle) -> list[PlaceShare]:
    """Every place, where each option stands at every place equally often.

    >>> from analysis.bundles.example import example_bundle
    >>> place_shares(example_bundle())    # one picture a trial
    []
    """
    main = bundle.trials[bundle.trials["role"] == "main"].set_index("trial")
    n_places = main["classes"].map(lambda ids: len(str(ids).split("|")))
    counted = bundle.counted_responses
    rows = taken(counted, counted["trial"].isin(main.index))
    rows = with_clusters(
        pd.DataFrame(
            {
                "participant": rows["participant"],
                "trial": rows["trial"],
                "question": rows["trial"].map(main["question"]),
                "n_places": rows["trial"].map(n_places),
                "place": pd.to_numeric(rows["laid_out"], errors="coerce"),
            }
        ),
        bundle,
    )
    rows = taken(rows, rows["place"].notna())
    return [
        share
        for name, asked in bundle.questions.items()
        if asked.shuffled == "places-evenly"
        for n, mine in taken(rows, rows["question"] == name).groupby("n_places")
        for share in _of_places(name, int(str(n)), mine)
    ]


def _of_places(question: str, n_places: int, rows: pd.DataFrame) -> list[PlaceShare]:
    by_person = rows.groupby("participant")["place"].value_counts(normalize=True)
    n_trials = rows.groupby("participant").size()
    enough = n_trials.index[n_trials >= LEAST_RESPONSES]
    most = by_person[by_person >= SAME].reset_index(level="place")["place"]
    return [
        PlaceShare(
            question=question,
            n_places=n_places,
            place=place,
            chosen=clustered_mean(
                rows.assign(chosen=rows["place"] == place),
                value="chosen",
                stimulus="trial",
                clusters=clusters_in(rows),
            ),
            n_always=int((most[most.index.isin(enough)] == place).sum()),
            n_people=len(enough),
        )
        for place in range(1, n_places + 1)
    ]


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
