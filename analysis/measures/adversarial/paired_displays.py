"""The same attacked images whole and as explanations: what changes for people?

Source:
    Stock & Cisse (2018), section 3.2 and figure 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.bundles.clusters import clusters_in
from analysis.bundles.reading import Bundle
from analysis.measures.adversarial.numbers import attacked_images, attacked_votes
from analysis.statistics.contrasts import Contrast, contrast
from analysis.statistics.experiments.panels import Bar, accepted_difference


@dataclass(frozen=True, kw_only=True)
class PairedDisplays:
    """Two displays of the same images, the second minus the first.

    Attributes:
        first: A display.
        second: The other one.
        images: Columns image, n_yes_first, n_yes_second, share_first,
            share_second: images with all n votes in both.
        of_votes: Difference of the shares of yes; images and people drawn anew.
        of_images: Difference of the shares of images with at least k of n; images
            and people drawn anew.
        n_gained: Images below k in the first and at k or above in the second.
        n_lost: The other way round.
    """

    first: str
    second: str
    images: pd.DataFrame
    of_votes: Contrast
    of_images: Contrast
    n_gained: int
    n_lost: int


def paired_displays(
    bundle: Bundle, *, first: str = "whole", second: str = "attention"
) -> PairedDisplays:
    """The paired comparison; no numbers where no image has votes in both."""
    votes = attacked_votes(bundle)
    both = votes_per_image(votes, first=first, second=second, n=bundle.n)
    paired = votes[
        votes["image"].isin(both["image"]) & votes["display"].isin((first, second))
    ]
    before, after = (both[f"n_yes_{end}"] >= bundle.k for end in ("first", "second"))
    n_gained, n_lost = int((~before & after).sum()), int((before & ~after).sum())
    weights = {second: 1.0, first: -1.0}
    return PairedDisplays(
        first=first,
        second=second,
        images=both,
        of_votes=contrast(
            paired,
            weights,
            value="accepts",
            group="display",
            stimulus="image",
            clusters=clusters_in(paired),
        ),
        of_images=accepted_difference(
            paired,
            condition="display",
            a=second,
            b=first,
            bar=Bar(k=bundle.k, n=bundle.n),
            clusters=clusters_in(paired),
        ),
        n_gained=n_gained,
        n_lost=n_lost,
    )


def votes_per_image(
    votes: pd.DataFrame, *, first: str, second: str, n: int
) -> pd.DataFrame:
    """Images with n votes in both displays.

    Returns:
        Columns image, n_yes_first, n_yes_second, share_first, share_second.
    """
    grouped = votes.groupby(["image", "display"])["accepts"]
    counted = pd.DataFrame({"n_votes": grouped.size(), "n_yes": grouped.sum()})
    done = counted.loc[counted["n_votes"] == n, "n_yes"].unstack("display")
    done = done.reindex(columns=[first, second]).dropna().astype(int)
    return pd.DataFrame(
        {
            "image": done.index.astype(object),
            "n_yes_first": done[first].to_numpy(),
            "n_yes_second": done[second].to_numpy(),
            "share_first": done[first].to_numpy() / n,
            "share_second": done[second].to_numpy() / n,
        }
    )


def changed_images(bundle: Bundle, pairs: PairedDisplays) -> pd.DataFrame:
    """Images that go from disagreement to agreement, the largest change first.

    Returns:
        Columns image, n_yes_first, n_yes_second, slots_first, slots_second,
        label, predicted.
    """
    gained = pairs.images[
        (pairs.images["n_yes_first"] < bundle.k)
        & (pairs.images["n_yes_second"] >= bundle.k)
    ]
    shown = attacked_images(bundle)
    for end, display in (("first", pairs.first), ("second", pairs.second)):
        mine = shown[shown["display"] == display]
        mine = mine.rename(columns={"slots": f"slots_{end}"})
        columns = ["image", f"slots_{end}"]
        if end == "second":
            columns += ["label", "predicted"]
        gained = gained.merge(mine[columns], on="image")
    change = gained["n_yes_second"] - gained["n_yes_first"]
    ordered = gained.assign(change=change).sort_values(
        ["change", "image"], ascending=[False, True]
    )
    return ordered.drop(columns=["change", "share_first", "share_second"]).reset_index(
        drop=True
    )
