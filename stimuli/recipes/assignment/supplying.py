"""One class through every condition's selection; the one part that needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stimuli.methods.selection import Candidates, Selection, SelectionError, Selector
from stimuli.recipes.assignment.framing import KeyedRng
from stimuli.recipes.assignment.records import (
    CONDITIONS,
    ClassSupply,
    Condition,
    ImageGroup,
    TrialImage,
)


@dataclass(frozen=True, kw_only=True)
class HeldOutImages:
    """Images of a class that may be targets, and those left to choose from.

    Attributes:
        targets: Indices, a plain draw.
        rest: The other indices, ascending.
    """

    targets: NDArray[np.int64]
    rest: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SuppliedClass:
    """What one class offers, and how it came about.

    Attributes:
        supply: For `cast_classes`.
        selections: Condition name to its selection; indices refer to the
            candidates given.
    """

    supply: ClassSupply
    selections: Mapping[str, Selection]


def hold_out(
    n_images: int, n_targets: int, *, rng: np.random.Generator, n_needed: int = 6
) -> HeldOutImages:
    """Draw targets before anything is selected, so that no method shapes them.

    Args:
        n_images: Of the class.
        n_targets: Wanted; fewer are kept out rather than that selections lack.
        rng: Draws.
        n_needed: Images that every condition needs.
    """
    n_spare = max(0, min(n_targets, n_images - n_needed))
    targets = rng.choice(n_images, n_spare, replace=False)
    rest = np.setdiff1d(np.arange(n_images), targets)
    return HeldOutImages(targets=targets, rest=rest)


def supply_class(
    candidates: Candidates,
    exhibits: Sequence[TrialImage],
    *,
    class_id: str,
    targets: Sequence[TrialImage],
    selectors: Mapping[str, Selector],
    rng_for: KeyedRng,
    conditions: Sequence[Condition] = CONDITIONS,
) -> SuppliedClass:
    """A class's group under every condition; a shortage is noted, not raised.

    Args:
        candidates: Images of the class to choose from, without the targets.
        exhibits: The same images, in the same order.
        class_id: The class.
        targets: From `hold_out`.
        selectors: Selection name to the selector with its options.
        rng_for: Called with (purpose, class id, condition name).
        conditions: What the study varies.
    """
    selections: dict[str, Selection] = {}
    shortages: dict[str, str] = {}
    for condition in conditions:
        try:
            selections[condition.name] = selectors[condition.selection].select(
                candidates,
                n_prototypes=condition.n_prototypes,
                n_criticisms=condition.n_criticisms,
                rng=rng_for("selection", class_id, condition.name),
            )
        except SelectionError as error:
            shortages[condition.name] = str(error)
    supply = ClassSupply(
        class_id=class_id,
        groups={name: _group(s, exhibits) for name, s in selections.items()},
        targets=tuple(targets),
        shortages=shortages,
    )
    return SuppliedClass(supply=supply, selections=selections)


def _group(selection: Selection, exhibits: Sequence[TrialImage]) -> ImageGroup:
    return ImageGroup(
        prototypes=tuple(exhibits[i] for i in selection.prototypes),
        criticisms=tuple(exhibits[i] for i in selection.criticisms),
        n_fallbacks=len(selection.fallbacks),
    )
