"""Predictions on unlabelled pictures: how many do people accept?

Without labels there is no error; there is only what people make of predictions.

Source:
    Stock & Cisse (2018), figures 1 and 10a.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.bundles.clusters import clusters_of_images, trial_clusters
from analysis.bundles.reading import Bundle
from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import Stratum, rejected_share
from analysis.tallies import counted_tally

PUT_UP = "predictions"


@dataclass(frozen=True, kw_only=True)
class AcceptedShare:
    """What people make of one classifier's predictions.

    Attributes:
        classifier: The classifier.
        n_put_up: Predictions put up.
        resolved: Columns image, trial, n_yes.
        accepted: Share that at least k of n people accept.
    """

    classifier: str
    n_put_up: int
    resolved: pd.DataFrame
    accepted: Estimate

    def histogram(self, n: int) -> pd.Series:
        """Pictures by number of yes votes, index 0..n."""
        votes = self.resolved["n_yes"].value_counts()
        return votes.reindex(range(n + 1), fill_value=0)


def accepted_shares(bundle: Bundle) -> list[AcceptedShare]:
    """One entry per classifier."""
    counted, clusters = counted_tally(bundle), trial_clusters(bundle)
    done = counted[counted["is_resolved"]]
    uses = bundle.uses[bundle.uses["shows"].isin(bundle.labels_of(PUT_UP))]
    shares = []
    for classifier in bundle.classifiers:
        mine = uses[uses["classifier"] == classifier.name].reset_index(drop=True)
        image = (
            mine["source_sha256"]
            + "/"
            + mine.groupby("source_sha256").cumcount().astype(str)
        )
        judged = mine.assign(image=image)[mine["trial"].isin(done.index)]
        judged = judged[["image", "trial"]].assign(
            n_yes=judged["trial"].map(done["n_yes"]).astype(int)
        )
        stratum = Stratum(n_images=len(mine), judged=judged)
        shares.append(
            AcceptedShare(
                classifier=classifier.name,
                n_put_up=len(mine),
                resolved=judged,
                accepted=rejected_share(
                    [stratum],
                    bundle.votes,
                    k=bundle.k,
                    clusters=None
                    if clusters is None
                    else clusters_of_images(clusters, judged),
                ).complement(),
            )
        )
    return shares


def is_unlabelled(bundle: Bundle) -> bool:
    """Whether predictions were put up, right or not."""
    return bool(bundle.uses["shows"].isin(bundle.labels_of(PUT_UP)).any())
