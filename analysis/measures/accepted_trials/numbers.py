"""Trials that k of n people accept, where nothing is known of classifiers.

For responses that were collected elsewhere: which classifier made which prediction of
which image is often not in the file, but k of n is defined all the same.
"""

from __future__ import annotations

import pandas as pd

from analysis.bundles.clusters import trial_clusters
from analysis.bundles.reading import Bundle
from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import Stratum, rejected_share
from analysis.tallies import counted_tally


def accepted_by_k(bundle: Bundle) -> dict[int, Estimate]:
    """Share of main trials that at least k people accept, for every k from 1 to n.

    Trials with fewer than n votes are taken to be like the others; NaN with n = 0
    where none has n.
    """
    counted = counted_tally(bundle)
    done = counted.index[counted["is_resolved"]]
    judged = pd.DataFrame({"image": done, "trial": done})
    stratum = Stratum(n_images=n_main_trials(bundle), judged=judged)
    return {
        k: rejected_share(
            [stratum], bundle.votes, k=k, clusters=trial_clusters(bundle)
        ).complement()
        for k in range(1, bundle.n + 1)
    }


def n_main_trials(bundle: Bundle) -> int:
    """How many main trials there are, voted on or not."""
    return int((bundle.trials["role"] == "main").sum())


def n_resolved_trials(bundle: Bundle) -> int:
    """How many trials have n votes."""
    return int(counted_tally(bundle)["is_resolved"].sum())
