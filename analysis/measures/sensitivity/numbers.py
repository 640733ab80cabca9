"""How far the rectified error hangs on which votes count, and on each person.

Trials can have more than n valid votes; the first n count. Here the same error is
computed from n votes drawn at random (exactly, over all draws), from all of them,
and once without each person.
"""

from __future__ import annotations

from math import nan, sqrt
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.bundles.kept import kept
from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import JudgedImages, judged_images

RULES: Final = ("first", "random", "all")


@kept
def valid_votes(bundle: Bundle) -> pd.DataFrame:
    """Every valid vote on a main trial, counted or not, by order of acceptance.

    Columns trial, participant, accepts (bool), place (0 for the first of its trial).

    >>> from analysis.bundles.example import example_bundle
    >>> valid_votes(example_bundle()).head(4)
      trial participant  accepts  place
    0    i1         ann     True      0
    1    i1         bob     True      1
    2    i1         cyd     True      2
    3    i1         eve     True      3
    """
    single = bundle.single_responses
    is_main = bundle.told_of_trials(single, ["role"])["role"] == "main"
    is_valid = single["is_valid"].fillna(value=False).astype(bool)
    cast = single[is_valid & is_main & single["accepts"].notna()]
    trial = pd.factorize(cast["trial"], sort=True)[0]
    order = np.lexsort((cast["acceptance_order"], trial))
    votes = cast[["trial", "participant", "accepts"]].iloc[order]
    votes = votes.assign(accepts=votes["accepts"].astype(bool), number=trial[order])
    votes = votes.drop_duplicates(["number", "participant"])
    place = votes.groupby(votes.pop("number")).cumcount()
    return votes.assign(place=place).reset_index(drop=True)


def by_rule(bundle: Bundle) -> pd.DataFrame:
    """The rectified error by which votes of a trial count.

    Columns classifier, shows, rule, rectified (share of all images), spread (its
    standard deviation over draws; 0 where nothing is drawn), n_resolved, n_more
    (errors with more than n valid votes). With all votes, as many of m must be yes
    as make up k / n of them.

    >>> from analysis.bundles.example import example_bundle
    >>> by_rule(example_bundle())[["rule", "rectified", "n_resolved", "n_more"]]
         rule  rectified  n_resolved  n_more
    0   first        0.2           4       4
    1  random        0.2           4       4
    2     all        0.3           4       4
    """
    k, n = bundle.k, bundle.n
    grouped = valid_votes(bundle).groupby("trial", sort=False)["accepts"]
    totals = pd.DataFrame({"m": grouped.size(), "yes": grouped.sum()}).astype(int)
    rows = []
    for judged in judged_images(bundle):
        trials = judged.resolved["trial"]
        m, yes = (trials.map(totals[name]).to_numpy(dtype=int) for name in totals)
        chance = stats.hypergeom.cdf(k - 1, m, yes, n) if len(m) else np.zeros(0)
        rejected = {
            "first": (judged.resolved["n_yes"] < k).to_numpy(dtype=float),
            "random": chance,
            "all": (yes * n < k * m).astype(float),
        }
        spread = sqrt(float((chance * (1 - chance)).sum()))
        for rule in RULES:
            rows.append(
                {
                    "classifier": judged.classifier.name,
                    "shows": judged.shows,
                    "rule": rule,
                    "rectified": _scaled(judged, float(rejected[rule].sum())),
                    "spread": _scaled(judged, spread if rule == "random" else 0.0),
                    "n_resolved": len(trials),
                    "n_more": int((m > n).sum()),
                }
            )
    return pd.DataFrame(rows, columns=_RULE_COLUMNS)


_RULE_COLUMNS: Final = [
    "classifier",
    "shows",
    "rule",
    "rectified",
    "spread",
    "n_resolved",
    "n_more",
]
_PERSON_COLUMNS: Final = [
    "classifier",
    "shows",
    "participant",
    "n_images",
    "rectified_without",
    "shift",
]


def _scaled(judged: JudgedImages, n_rejected: float) -> float:
    """Rejected images among the resolved as a share of all images."""
    n_resolved, n_seen = len(judged.resolved), judged.classifier.n_seen
    if n_resolved == 0 or n_seen == 0:
        return nan
    return n_rejected / n_resolved * judged.n_wrong / n_seen


def leave_one_out(bundle: Bundle) -> pd.DataFrame:
    """The rectified error without each person, largest shifts first.

    Columns classifier, shows, participant, n_images (errors they judged),
    rectified_without (share of all images; NaN where nothing is left) and shift
    (from the rectified error, as a share).

    >>> from analysis.bundles.example import example_bundle
    >>> leave_one_out(example_bundle())[["participant", "rectified_without"]]
      participant  rectified_without
    0         bob                0.1
    1         ann                0.3
    2         cyd                0.2
    """
    votes = valid_votes(bundle)
    found = [_without_each(each, votes, bundle) for each in judged_images(bundle)]
    if not found:
        return pd.DataFrame(columns=_PERSON_COLUMNS)
    table = pd.concat(found, ignore_index=True)
    order = table["shift"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _without_each(
    judged: JudgedImages, votes: pd.DataFrame, bundle: Bundle
) -> pd.DataFrame:
    k, n = bundle.k, bundle.n
    counted = votes[votes["place"] < n]
    spare = votes[votes["place"] == n].set_index("trial")["accepts"]
    columns = ["trial", "participant", "accepts"]
    rows = judged.resolved[["trial", "n_yes"]].merge(counted[columns], on="trial")
    next_vote = rows["trial"].map(spare).astype("Float64")
    is_rejected = rows["n_yes"] < k
    then = rows["n_yes"] - rows["accepts"].astype(int) + next_vote
    rows = rows.assign(
        lost=next_vote.isna(),
        lost_rejected=is_rejected & next_vote.isna(),
        change=((then < k).astype("Float64") - is_rejected.astype(int)).fillna(0.0),
    )
    person = rows.groupby("participant", sort=True)
    sums = person[["lost", "lost_rejected", "change"]].sum().astype(float)
    n_resolved = len(judged.resolved)
    n_rejected = int((judged.resolved["n_yes"] < k).sum())
    left = (n_resolved - sums["lost"]).replace(0, nan)
    share = (n_rejected - sums["lost_rejected"] + sums["change"]) / left
    without = share * judged.n_wrong / max(judged.classifier.n_seen, 1)
    return pd.DataFrame(
        {
            "classifier": judged.classifier.name,
            "shows": judged.shows,
            "participant": sums.index,
            "n_images": person.size().to_numpy(),
            "rectified_without": without.to_numpy(),
            "shift": without.to_numpy() - _scaled(judged, n_rejected),
        }
    )
