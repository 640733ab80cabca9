"""Choosing the pictures of a gallery."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

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
    # A frame per trial would take minutes where there are many.
    mine: dict[str, list[_Use]] = {}
    for trial, *use in uses[["trial", *_Use._fields]].itertuples(index=False):
        mine.setdefault(trial, []).append(_Use(*use))
    exhibits = [
        _exhibit(bundle, mine[trial], slots=slots[trial], n_yes=accepted[trial])
        for trial in sorted(mine)
    ]
    exhibits.sort(key=lambda exhibit: -exhibit.n_yes)
    return Gallery(
        name="gallery",
        caption=f"Predictions that at least {bundle.k} of {bundle.n} people accept, "
        "by votes, then in the order of a hash.",
        exhibits=tuple(exhibits),
    )


class _Use(NamedTuple):
    """A prediction that a trial judges."""

    label: str
    predicted: str
    classifier: str


def _exhibit(
    bundle: Bundle, uses: Sequence[_Use], *, slots: str, n_yes: int
) -> GalleryPicture:
    names = bundle.class_names
    return GalleryPicture(
        stimulus=next(iter(json.loads(slots).values())),
        label=class_list(list(dict.fromkeys(use.label for use in uses)), names),
        predicted=class_list(uses[0].predicted.split("|"), names),
        classifiers=", ".join(dict.fromkeys(use.classifier for use in uses)),
        n_yes=int(n_yes),
        n=bundle.n,
    )
