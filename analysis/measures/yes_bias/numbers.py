"""How readily people say yes: catch and control trials, whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import pandas as pd
from scipy import stats

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.reading import Bundle
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.intervals import Estimate

CONTROL_KINDS: Final = {
    "known_yes": "known yes (class is there)",
    "known_no": "known no (class is far off)",
    "random_foil": "random foil (class drawn at random)",
    "hard_foil": "hard foil (confusable class, absent)",
    "clean_true": "clean image (its true class)",
    "clean_attention": "explanation of the clean image (its true class)",
    "foil_attention": "explanation for a far class (that class)",
    "random_superpixels": "random superpixels (adversarial class)",
}


@dataclass(frozen=True, kw_only=True)
class ControlRate:
    """How often people say yes to one kind of trial whose truth is known."""

    control: str
    n_trials: int
    n_participants: int
    says_yes: Estimate
    accepted: float
    n_trials_voted: int


def accepted_by_draw(votes: pd.DataFrame, *, k: int, n: int) -> pd.Series:
    """Per trial, the chance that n of its voters drawn at random give k yes.

    Controls are shown to more than n people; drawing n of them without
    replacement is the hypergeometric distribution. Trials with fewer than n
    votes are left out.

    Args:
        votes: Columns trial, accepts.
        k: Yes votes needed.
        n: Votes drawn.

    >>> votes = pd.DataFrame({"trial": list("aaa"), "accepts": [True, True, False]})
    >>> accepted_by_draw(votes, k=2, n=2).round(4).to_list()   # 1 of 3 pairs
    [0.3333]
    """
    grouped = votes.groupby("trial")["accepts"]
    n_votes, n_yes = grouped.size(), grouped.sum().astype(int)
    enough = n_votes >= n
    n_votes, n_yes = n_votes[enough], n_yes[enough]
    chance = stats.hypergeom.sf(k - 1, n_votes, n_yes, n)
    return pd.Series(chance, index=n_votes.index, dtype=float)


def control_rates(bundle: Bundle, *, only_valid: bool = True) -> list[ControlRate]:
    """Share of yes per kind of catch and control, people of valid sessions.

    The interval counts every participant and every trial as one cluster.

    >>> from analysis.bundles.example import example_bundle
    >>> [(rate.control, rate.says_yes.value, rate.says_yes.n)
    ... for rate in control_rates(example_bundle())]
    [('known_yes', 1.0, 4), ('known_no', 0.0, 4)]
    """
    responses = control_votes(bundle, only_valid=only_valid)
    rates = []
    for control in [
        *CONTROL_KINDS,
        *sorted(set(responses["control"]) - set(CONTROL_KINDS)),
    ]:
        mine = responses[responses["control"] == control]
        if mine.empty:
            continue
        drawn = accepted_by_draw(mine, k=bundle.k, n=bundle.n)
        rates.append(
            ControlRate(
                accepted=float(drawn.mean()) if len(drawn) else nan,
                n_trials_voted=len(drawn),
                control=control,
                n_trials=mine["trial"].nunique(),
                n_participants=mine["participant"].nunique(),
                says_yes=clustered_mean(
                    mine, value="accepts", stimulus="trial", clusters=clusters_in(mine)
                ),
            )
        )
    return rates


def catch_accuracy(bundle: Bundle, *, only_valid: bool) -> Estimate:
    """Share of right responses to catch trials.

    >>> from analysis.bundles.example import example_bundle
    >>> catch_accuracy(example_bundle(), only_valid=False).value    # 9 of 10
    0.9
    """
    trials = bundle.trials.loc[bundle.trials["role"] == "catch", "trial"]
    found = bundle.single_responses
    found = found[found["trial"].isin(trials) & found["is_right"].notna()]
    if only_valid:
        found = found[found["is_valid"].fillna(value=False).astype(bool)]
    found = with_clusters(found, bundle)
    return clustered_mean(
        found, value="is_right", stimulus="trial", clusters=clusters_in(found)
    )


def control_votes(bundle: Bundle, *, only_valid: bool = True) -> pd.DataFrame:
    """Votes on catch and control trials, one per person and trial.

    Columns trial, control, participant and accepts (bool), and those of responses.

    >>> from analysis.bundles.example import example_bundle
    >>> votes = control_votes(example_bundle())
    >>> votes.groupby("control")["accepts"].mean().to_dict()
    {'known_no': 0.0, 'known_yes': 1.0}
    """
    trials = bundle.trials[_are_known_votes(bundle)]
    kinds = trials.set_index("trial")["control"]
    found = bundle.single_responses
    found = found[found["trial"].isin(kinds.index)]
    found = found.assign(
        control=found["trial"].map(kinds),
        accepts=_says_yes(found, kinds),
    )
    if only_valid:
        found = found[found["is_valid"].fillna(value=False).astype(bool)]
    votes = with_clusters(found[found["accepts"].notna()], bundle)
    return votes.drop_duplicates(["trial", "participant"]).astype({"accepts": bool})


def says_yes(bundle: Bundle) -> bool:
    """Whether a catch or control trial asks for a vote."""
    return bool(_are_known_votes(bundle).any())


def _are_known_votes(bundle: Bundle) -> pd.Series:
    """Catch and control trials on which people say yes or no; index of trials."""
    is_known = bundle.trials["role"].isin(("catch", "control"))
    return is_known & bundle.asks(lambda question: question.vote is not None)


def _says_yes(found: pd.DataFrame, kinds: pd.Series) -> pd.Series:
    """The vote; where the export has none, read from the key being met."""
    meant_yes = found["trial"].map(kinds) == "known_yes"
    from_key = found["is_right"].where(meant_yes, ~found["is_right"])
    return found["accepts"].where(found["accepts"].notna(), from_key)
