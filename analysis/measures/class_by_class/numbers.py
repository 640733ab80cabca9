"""Five classes asked one by one: which of them do people accept?

The rectified error needs only whether any of the five is accepted. Asked one by
one, people also say which: the share of yes by rank of the prediction and by class.
"""

from __future__ import annotations

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import right_shows
from analysis.statistics.clustered import clustered_mean
from hit_templates.questions import Field, Question


def class_votes(bundle: Bundle) -> pd.DataFrame:
    """One row per counted vote on one class of an error, and classifier.

    Columns classifier, rank (1 is the most probable class), class, trial,
    participant, accepts (bool). A class's place among the fields of a response is
    its place in the trial's stored list, a prediction's is its rank.

    >>> from analysis.bundles.example import example_bundle
    >>> class_votes(example_bundle()).empty    # classes were not asked about one by one
    True
    """
    ranks = _ranks(bundle)
    said = bundle.responses
    said = said[said["is_counted"]]
    said = said[said["response"].isin(bundle.single_responses["response"])]
    asked = said["trial"].map(bundle.trials.set_index("trial")["question"])
    parts = [
        _votes_of(each, said[asked == question.name])
        for question in bundle.questions.values()
        for each in _by_class(question)
    ]
    there = [part for part in parts if len(part)]
    nothing = said.iloc[:0].assign(place=0, accepts=False)
    votes = pd.concat(there) if there else nothing
    columns = ["trial", "place", "participant", "accepts"]
    found = ranks.merge(votes[columns], on=["trial", "place"])
    return with_clusters(found.drop(columns="place"), bundle).reset_index(drop=True)


def asks_by_class(question: Question) -> bool:
    """Whether people vote on each of the trial's classes by itself."""
    return bool(_by_class(question))


def _by_class(question: Question) -> list[Field]:
    return [each for each in question.vote_fields if each.is_per_class]


def _votes_of(asked: Field, rows: pd.DataFrame) -> pd.DataFrame:
    mine = rows[rows["field"].astype(str).map(asked.matches).astype(bool)]
    mine = mine[mine["value"].isin((*asked.yes, *asked.no))]
    return mine.assign(
        place=[asked.index_of(str(name)) for name in mine["field"]],
        accepts=mine["value"].isin(asked.yes),
    )


def by_rank(votes: pd.DataFrame) -> pd.DataFrame:
    """Columns classifier, rank, accepted (with its interval), n_responses, n_trials.

    >>> votes = pd.DataFrame({
    ...     "classifier": "net", "rank": [1, 1, 2, 2], "class": list("abab"),
    ...     "trial": list("tutu"), "participant": list("pqpq"),
    ...     "accepts": [True, True, True, False],
    ... })
    >>> by_rank(votes)["accepted"].to_list()
    [1.0, 0.5]
    """
    return _shares(votes, by=["classifier", "rank"])


def by_class(votes: pd.DataFrame) -> pd.DataFrame:
    """The same per classifier and class, the most often asked about first.

    >>> votes = pd.DataFrame({
    ...     "classifier": "net", "class": list("aab"), "trial": list("xyx"),
    ...     "participant": list("ppq"), "accepts": [True, False, True]})
    >>> by_class(votes)[["class", "accepted", "n_responses", "n_trials"]]
      class  accepted  n_responses  n_trials
    0     a       0.5            2         2
    1     b       1.0            1         1
    """
    table = _shares(votes, by=["classifier", "class"])
    order = ["classifier", "n_responses", "class"]
    return table.sort_values(order, ascending=[True, False, True], ignore_index=True)


def _ranks(bundle: Bundle) -> pd.DataFrame:
    """Columns classifier, trial, class, rank and place, one row per class shown."""
    trials = bundle.trials[bundle.asks(asks_by_class)]
    stored = trials.set_index("trial")["classes"].str.split("|")
    uses = bundle.uses[~bundle.uses["shows"].isin(right_shows(bundle))]
    # A top-5 error is a top-1 error too, and two files may hold the same picture.
    uses = uses[uses["trial"].isin(stored.index)]
    uses = uses.drop_duplicates(["trial", "classifier"])
    rows = [
        (classifier, trial, each, rank, stored[trial].index(each))
        for classifier, trial, predicted in zip(
            uses["classifier"], uses["trial"], uses["predicted"], strict=True
        )
        for rank, each in enumerate(predicted.split("|"), start=1)
    ]
    return pd.DataFrame(rows, columns=["classifier", "trial", "class", "rank", "place"])


def _shares(votes: pd.DataFrame, *, by: list[str]) -> pd.DataFrame:
    rows = []
    for values, mine in votes.groupby(by, sort=True):
        share = clustered_mean(
            mine, value="accepts", stimulus="trial", clusters=clusters_in(mine)
        )
        rows.append(
            {
                **dict(zip(by, values, strict=True)),
                "accepted": share.value,
                "accepted_low": share.low,
                "accepted_high": share.high,
                "accepted_standard_error": share.standard_error,
                "estimate": share,
                "n_responses": len(mine),
                "n_trials": mine["trial"].nunique(),
            }
        )
    return pd.DataFrame(rows)
