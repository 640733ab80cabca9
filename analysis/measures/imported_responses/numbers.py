"""How people responded in a study that was collected elsewhere.

Shares of responses by condition, with intervals that count people and trials as
clusters: such files say who responded to what, and often no more. Answers that are
neither yes nor no are read in three ways; names that have a key give a confusion;
conditions are compared as those of a study of ours are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import pandas as pd

from analysis.bundles.clusters import clusters_in, trial_clusters, with_clusters
from analysis.bundles.frames import taken
from analysis.bundles.kept import kept
from analysis.bundles.reading import Bundle
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.contrasts import Contrast, contrast
from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import Stratum, rejected_share, tally
from analysis.statistics.multiplicity import holm

MOST_VALUES: Final = 40
# More right categories than this make no table that can be read.
MOST_KEYS: Final = 60
# More conditions than this make too many pairs to read: each against the others.
_MOST_PAIRED: Final = 8
_MOST_COMPARED: Final = 4
ALL: Final = "all"
LEFT_OUT: Final = "left out with their trials (as above)"
AS_NO_YES: Final = "no yes: one of the n places is theirs"
AS_YES: Final = "yes, had they all said so"


@dataclass(frozen=True, kw_only=True)
class ResponseShare:
    """How often people responded in one way.

    Attributes:
        condition: "all", or a level of what the study varied.
        response: "right", "yes", or the value itself.
        share: Of the counted responses (that could be so).
        n_trials: Trials they are about.
    """

    condition: str
    response: str
    share: Estimate
    n_trials: int


@dataclass(frozen=True, kw_only=True)
class NeitherReading:
    """The share of trials accepted by one reading of the answers that are neither.

    Attributes:
        words: What is made of them.
        accepted: Of the trials with n such responses.
    """

    words: str
    accepted: Estimate


@dataclass(frozen=True, kw_only=True)
class ConditionContrast:
    """Two conditions, or one and the others.

    Attributes:
        response: "right", "yes", or a value.
        name: What is compared.
        weights: Condition to its weight.
        difference: In shares, with its interval and test.
        p_holm: Corrected over all comparisons.
    """

    response: str
    name: str
    weights: Mapping[str, float]
    difference: Contrast
    p_holm: float


_OF_RESPONSES: Final = ["trial", "participant", "is_right", "accepts"]


@kept
def counted_values(bundle: Bundle) -> pd.DataFrame:
    """Counted responses, with their value and their trial's condition and image.

    >>> from analysis.bundles.example import example_bundle
    >>> counted_values(example_bundle())["value"].value_counts().to_dict()
    {'yes': 6, 'no': 6}
    """
    # A few columns of many: what is left out is copied at every choice of rows.
    counted = bundle.counted_responses[_OF_RESPONSES]
    told = bundle.told_of_trials(counted, ["condition", "sources"])
    return with_clusters(counted, bundle).assign(
        value=bundle.single_values[counted.index],
        condition=told["condition"],
        image=told["sources"],
    )


def share_of(responses: pd.DataFrame, hits: pd.Series) -> Estimate:
    """The share of responses that are so, people and images as clusters."""
    return clustered_mean(
        responses.assign(hit=hits),
        value="hit",
        stimulus="image",
        clusters=clusters_in(responses),
    )


@kept
def response_shares(bundle: Bundle) -> list[ResponseShare]:
    """By condition: right responses, yes votes; values where there are no votes."""
    counted = counted_values(bundle)
    groups = [(ALL, counted)]
    if counted["condition"].nunique() > 1:
        groups += [(str(name), part) for name, part in counted.groupby("condition")]
    return [share for name, part in groups for share in _of_group(name, part)]


def _of_group(condition: str, counted: pd.DataFrame) -> Iterator[ResponseShare]:
    for column, response in (("is_right", "right"), ("accepts", "yes")):
        known = counted[counted[column].notna()]
        if len(known):
            hits = known[column].astype(float)
            share = share_of(known, hits)
            yield _share(known, share, condition, response)
    if counted["accepts"].notna().any():
        return
    values = counted["value"].value_counts().index
    for value in values[:MOST_VALUES]:
        share = share_of(counted, counted["value"] == value)
        yield _share(counted, share, condition, str(value))
    if len(rest := values[MOST_VALUES:]):
        share = share_of(counted, counted["value"].isin(rest))
        yield _share(counted, share, condition, f"{len(rest)} other values")


def _share(
    responses: pd.DataFrame, share: Estimate, condition: str, response: str
) -> ResponseShare:
    return ResponseShare(
        condition=condition,
        response=response,
        share=share,
        n_trials=responses["trial"].nunique(),
    )


def answer_shares(bundle: Bundle) -> dict[str, Estimate]:
    """Every answer with its share of all counted responses, the most frequent first.

    Answers that differ in case only are one, spelt as the first of them is.
    """
    counted = counted_values(bundle)
    spelt = counted["value"].groupby(counted["value"].str.casefold()).transform("first")
    return {
        str(answer): share_of(counted, spelt == answer)
        for answer in spelt.value_counts().index
    }


def n_neither(bundle: Bundle) -> int:
    """Counted responses to a question of votes that are none."""
    return int(responses_to_votes(bundle)["accepts"].isna().sum())


@kept
def responses_to_votes(bundle: Bundle) -> pd.DataFrame:
    """Counted responses to questions that are voted on; columns of `Bundle.votes`.

    Where a response is neither yes nor no its accepts is empty.

    >>> from analysis.bundles.example import example_bundle
    >>> len(responses_to_votes(example_bundle()))
    12
    """
    counted = bundle.counted_responses
    question = bundle.told_of_trials(counted, ["question"])["question"]
    voted = question[counted["accepts"].notna()].unique()
    columns = ["trial", "participant", "accepts", "session"]
    return taken(counted[columns], question.isin(voted)).reset_index(drop=True)


def readings(bundle: Bundle) -> list[NeitherReading]:
    """What k of n makes of answers that are neither, read in three ways."""
    responses = responses_to_votes(bundle)
    is_vote = responses["accepts"].notna()
    frames = {
        LEFT_OUT: read_as(responses[is_vote], others=False),
        AS_NO_YES: read_as(responses, others=False),
        AS_YES: read_as(responses, others=True),
    }
    return [
        NeitherReading(words=words, accepted=_accepted(bundle, votes))
        for words, votes in frames.items()
    ]


def read_as(responses: pd.DataFrame, *, others: bool) -> pd.DataFrame:
    """Every response as a vote, those that are neither as `others`.

    >>> from analysis.bundles.example import example_bundle
    >>> votes = read_as(responses_to_votes(example_bundle()), others=False)
    >>> int(votes["accepts"].sum())
    6
    """
    accepts = responses["accepts"].fillna(value=others).astype(bool)
    return responses.assign(accepts=accepts)


def _accepted(bundle: Bundle, votes: pd.DataFrame) -> Estimate:
    counted = tally(votes, n=bundle.n)
    done = counted.index[counted["is_resolved"]]
    judged = pd.DataFrame({"image": done, "trial": done})
    stratum = Stratum(n_images=len(done), judged=judged)
    return rejected_share(
        [stratum], votes, k=bundle.k, clusters=trial_clusters(bundle)
    ).complement()


def confusion(bundle: Bundle) -> pd.DataFrame:
    """Columns key, response, n, share: the counted responses to each right category.

    Only where the responses are names, not votes; empty where there is no key, or
    more than 60.

    >>> from analysis.bundles.example import example_bundle
    >>> confusion(example_bundle()).empty    # its main trials have no key
    True
    """
    single = bundle.single_responses
    counted = single[single["is_counted"].astype(bool) & single["accepts"].isna()]
    keys = bundle.trials.set_index("trial")["key"].map(_right_value)
    pairs = pd.DataFrame(
        {
            "key": counted["trial"].map(keys),
            "response": bundle.single_values[counted.index],
        }
    )
    pairs = pairs[pairs["key"] != ""]
    if not 0 < pairs["key"].nunique() <= MOST_KEYS:
        return pd.DataFrame(columns=["key", "response", "n", "share"])
    found = pairs.groupby(["key", "response"]).size().rename("n").reset_index()
    return found.assign(share=found["n"] / found.groupby("key")["n"].transform("sum"))


def _right_value(key: str) -> str:
    """The value of a key of one field; empty where there is none."""
    values = list(json.loads(key).values()) if key else []
    return str(values[0]) if len(values) == 1 else ""


def condition_contrasts(bundle: Bundle) -> list[ConditionContrast]:
    """Every comparison of conditions; none where there is one condition only."""
    told = counted_values(bundle)["condition"].fillna("").unique()
    conditions = sorted(set(map(str, told)) - {""})
    if len(conditions) < 2:
        return []
    responses = _with_images(bundle)
    found = [
        (response, name, weights, _difference(rows, weights))
        for response, rows in _compared(responses)
        for name, weights in _comparisons(conditions)
    ]
    corrected = holm(pd.Series([each[3].p_value for each in found], dtype=float))
    return [
        ConditionContrast(
            response=response, name=name, weights=weights, difference=made, p_holm=p
        )
        for (response, name, weights, made), p in zip(found, corrected, strict=True)
    ]


def _with_images(bundle: Bundle) -> pd.DataFrame:
    """The values that count with their image, and a condition for every one."""
    counted = counted_values(bundle)
    return counted.assign(
        condition=counted["condition"].fillna("").astype(str),
        image=bundle.told_of_trials(counted, ["sources"])["sources"],
    )


def _compared(responses: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """What is compared, as rows with a column hit: grades and votes, else values."""
    is_any = False
    for column, name in (("is_right", "right"), ("accepts", "yes")):
        known = responses[responses[column].notna()]
        if len(known):
            is_any = True
            yield name, known.assign(hit=known[column].astype(float))
    if is_any:
        return
    for value in responses["value"].value_counts().index[:_MOST_COMPARED]:
        hit = (responses["value"] == value).astype(float)
        yield str(value), responses.assign(hit=hit)


def _comparisons(conditions: list[str]) -> Iterator[tuple[str, dict[str, float]]]:
    if len(conditions) <= _MOST_PAIRED:
        for one, other in combinations(conditions, 2):
            yield f"{one} − {other}", {one: 1.0, other: -1.0}
        return
    share = 1 / (len(conditions) - 1)
    for one in conditions:
        others = {other: -share for other in conditions if other != one}
        yield f"{one} − the others", {one: 1.0, **others}


def _difference(rows: pd.DataFrame, weights: Mapping[str, float]) -> Contrast:
    return contrast(
        rows,
        weights,
        value="hit",
        group="condition",
        stimulus="image",
        clusters=clusters_in(rows),
    )
