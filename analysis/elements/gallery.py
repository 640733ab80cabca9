"""Choosing the pictures of a gallery."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Gallery, GalleryPicture
from analysis.elements.wording import class_list
from analysis.statistics.k_of_n import tally


def gallery(bundle: Bundle, *, shows: Sequence[str]) -> Gallery:
    """Every trial of these measures that at least k of n people accept.

    Ordered by votes, then by the trial's id, which is a hash: nobody chose.
    """
    counted = tally(bundle.votes, n=bundle.n)
    resolved = counted[counted["is_resolved"]]
    accepted = resolved.loc[resolved["n_yes"] >= bundle.k, "n_yes"].to_dict()
    uses = bundle.uses[bundle.uses["shows"].isin(shows)]
    uses = uses[uses["trial"].isin(accepted)]
    slots = dict(zip(bundle.trials["trial"], bundle.trials["slots"], strict=True))
    exhibits = [
        _exhibit(bundle, mine, slots=slots[trial], n_yes=accepted[trial])
        for trial, mine in uses.groupby("trial", sort=True)
    ]
    exhibits.sort(key=lambda exhibit: -exhibit.n_yes)
    return Gallery(
        name="gallery",
        caption=f"Predictions that at least {bundle.k} of {bundle.n} people accept, "
        "by votes, then in the order of a hash.",
        exhibits=tuple(exhibits),
    )


def _exhibit(
    bundle: Bundle, uses: pd.DataFrame, *, slots: str, n_yes: int
) -> GalleryPicture:
    names = bundle.class_names
    return GalleryPicture(
        stimulus=next(iter(json.loads(slots).values())),
        label=class_list(uses["label"].unique(), names),
        predicted=class_list(uses["predicted"].iloc[0].split("|"), names),
        classifiers=", ".join(uses["classifier"].unique()),
        n_yes=int(n_yes),
        n=bundle.n,
    )
