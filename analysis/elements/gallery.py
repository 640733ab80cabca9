"""Choosing the pictures of a gallery."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple, overload

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Gallery, GalleryPicture
from analysis.elements.wording import class_list
from analysis.tallies import counted_tally


def gallery(bundle: Bundle, *, shows: Sequence[str]) -> Gallery:
    """Every trial of these measures that at least k of n people accept.

    Ordered by votes, then by the trial's id, which is a hash: nobody chose.
    """
    counted = counted_tally(bundle)
    resolved = counted[counted["is_resolved"]]
    accepted = resolved.loc[resolved["n_yes"] >= bundle.k, "n_yes"].to_dict()
    uses = bundle.uses[bundle.uses["shows"].isin(shows)]
    uses = uses[uses["trial"].isin(accepted)]
    slots = dict(zip(bundle.trials["trial"], bundle.trials["slots"], strict=True))
    # A frame per trial would take minutes where there are many.
    mine: dict[str, list[_Use]] = {}
    cells = [uses[name] for name in ("trial", *_Use._fields)]
    for trial, *use in zip(*cells, strict=True):
        mine.setdefault(trial, []).append(_Use(*use))
    trials = sorted(mine, key=lambda trial: (-accepted[trial], trial))

    def exhibit(trial: str) -> GalleryPicture:
        n_yes = accepted[trial]
        return _exhibit(bundle, mine[trial], slots=slots[trial], n_yes=n_yes)

    return Gallery(
        name="gallery",
        caption=f"Predictions that at least {bundle.k} of {bundle.n} people accept, "
        "by votes, then in the order of a hash.",
        exhibits=MadeWhenShown(trials, exhibit),
    )


class MadeWhenShown(Sequence[GalleryPicture]):
    """Exhibits that are made as they are asked for: a page shows the first ones.

    Args:
        trials: What each is of.
        make: Makes one.

    >>> found = MadeWhenShown(["i1", "i2"], lambda trial: trial)
    >>> len(found), found[1], found[:1]
    (2, 'i2', ('i1',))
    """

    def __init__(
        self, trials: Sequence[str], make: Callable[[str], GalleryPicture]
    ) -> None:
        self._trials, self._make = trials, make

    def __len__(self) -> int:
        return len(self._trials)

    @overload
    def __getitem__(self, place: int) -> GalleryPicture: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[GalleryPicture, ...]: ...

    def __getitem__(
        self, place: int | slice
    ) -> GalleryPicture | tuple[GalleryPicture, ...]:
        if isinstance(place, slice):
            return tuple(map(self._make, self._trials[place]))
        return self._make(self._trials[place])


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
