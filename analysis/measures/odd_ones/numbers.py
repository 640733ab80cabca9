"""The odd one out: how far people agree on it, and observers with people.

Whatever question has a field that chooses the odd one of a trial's options. An observer
is a classifier, or a program, that responded to the same trials: by how alike the
pictures are to its features, say.

Source:
    Hebart et al. (2020), "Revealing the multidimensional mental representations of
    natural objects underlying human similarity judgements": choices of the odd one of
    three, and the noise ceiling that people's agreement sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.frames import taken
from analysis.bundles.observed import observer_names
from analysis.bundles.reading import Bundle
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.intervals import Estimate
from analysis.statistics.reliability import agreement_with_others
from hit_templates.questions import Field, Question


@dataclass(frozen=True, kw_only=True)
class ObserverAgreement:
    """How often people choose what an observer chose.

    Attributes:
        observer: Its name.
        agrees: Share of people's choices, over the trials that it chose on.
        n_refused: Trials that people chose on and it did not.
    """

    observer: str
    agrees: Estimate
    n_refused: int


@dataclass(frozen=True, kw_only=True)
class OddOnes:
    """What people chose in answer to one question.

    Attributes:
        question: As declared.
        field: The field that chooses the odd one.
        choices: A row per counted response that chose. Columns participant, trial,
            stimulus (the source), value (number of the option), and clusters.
        n_no_difference: Responses that saw no difference, left out.
        chance: Agreement with whoever chooses at random, over the choices.
        ceiling: How often one person chooses what most of the others chose.
        most_frequent: Mean share of each trial's most frequent choice: no predictor
            agrees with these very choices more often. Above the ceiling, as people
            count among those they are compared with.
        observers: How often people choose what each observer chose.
    """

    question: Question
    field: Field
    choices: pd.DataFrame
    n_no_difference: int
    chance: float
    ceiling: Estimate
    most_frequent: float
    observers: tuple[ObserverAgreement, ...]


def odd_ones(bundle: Bundle) -> list[OddOnes]:
    """Question by question.

    >>> from analysis.bundles.example import example_bundle
    >>> odd_ones(example_bundle())    # one picture a trial: none is odd
    []
    """
    main = bundle.trials[bundle.trials["role"] == "main"]
    return [
        _of_field(question, field, bundle)
        for question in bundle.questions.values()
        if (main["question"] == question.name).any()
        for field in question.fields
        if field.chooses == "odd" and field.numbers_classes
    ]


def _of_field(question: Question, field: Field, bundle: Bundle) -> OddOnes:
    trials = bundle.trials[bundle.trials["role"] == "main"].set_index("trial")
    asked = trials[trials["question"] == question.name]
    rows = bundle.counted_rows
    rows = taken(rows, rows["trial"].isin(asked.index) & (rows["field"] == field.name))
    numbers = asked["classes"].map(lambda ids: len(str(ids).split("|")))
    is_odd = [
        str(value).isdigit() and 0 < int(value) <= n
        for value, n in zip(rows["value"], rows["trial"].map(numbers), strict=True)
    ]
    chose = taken(rows, pd.Series(is_odd, rows.index, dtype=bool))
    choices = with_clusters(
        pd.DataFrame({name: chose[name] for name in ("participant", "trial", "value")}),
        bundle,
    )
    return OddOnes(
        question=question,
        field=field,
        choices=choices,
        n_no_difference=int(rows["value"].isin(field.no_difference).sum()),
        chance=float((1 / choices["trial"].map(numbers)).mean())
        if len(choices)
        else nan,
        ceiling=agreement_with_others(
            choices,
            unit="trial",
            value="value",
            rater="participant",
            clusters=clusters_in(choices),
        ),
        most_frequent=_most_frequent(choices),
        observers=tuple(
            _agreement(name, choices, field=field, bundle=bundle)
            for name in observer_names(bundle)
        ),
    )


def _most_frequent(choices: pd.DataFrame) -> float:
    """Over choices, so that it is on one footing with the agreement."""
    counts = choices.groupby(["trial", "value"], sort=False).size()
    top = counts.groupby(level="trial").max()
    return float(top.sum() / len(choices)) if len(choices) else nan


def _agreement(
    observer: str, choices: pd.DataFrame, *, field: Field, bundle: Bundle
) -> ObserverAgreement:
    rows = bundle.observations
    mine = rows[(rows["observer"] == observer) & (rows["field"] == field.name)]
    mine = mine.sort_values("repeat", kind="stable").drop_duplicates("trial")
    said = mine[mine["value"].fillna("") != ""].set_index("trial")["value"].astype(str)
    known = choices[choices["trial"].isin(said.index)]
    agrees = known["value"].astype(str) == known["trial"].map(said)
    return ObserverAgreement(
        observer=observer,
        agrees=clustered_mean(
            known.assign(agrees=agrees),
            value="agrees",
            stimulus="trial",
            clusters=clusters_in(known),
        ),
        n_refused=choices["trial"].nunique() - known["trial"].nunique(),
    )
