"""Class sets and targets, drawn once for all conditions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stimuli.errors import BuildError
from stimuli.recipes.assignment.records import (
    AssignmentItem,
    Cast,
    ClassSupply,
    TrialImage,
)

ClassSets = Literal["random", "confusable"]


def draw_items(
    cast: Cast,
    n_items: int | None,
    *,
    rng: np.random.Generator,
    class_sets: ClassSets = "random",
    n_classes: int = 6,
    confusability: NDArray[np.floating[Any]] | None = None,
) -> tuple[AssignmentItem, ...]:
    """Class sets and targets, every target once, classes in turn.

    Args:
        cast: Who takes part.
        n_items: How many; None for one per target. Fewer where targets run out.
        rng: Draws targets, companions and the order of the groups.
        class_sets: "random" draws the target's companions; "confusable" takes
            the classes most confusable with the target's.
        n_classes: Classes per item.
        confusability: `(n, n)` in the order of `cast.supplies`, from
            `measure_confusability`; for "confusable".

    Raises:
        BuildError: If too few classes take part, or none has a target.
    """
    names = [supply.class_id for supply in cast.supplies]
    targets = _take_turns(cast.supplies, rng=rng)
    if len(names) < n_classes or not targets:
        raise BuildError(_explain_lack(cast, len(names), n_classes=n_classes))
    items = []
    for target in targets[:n_items]:
        own = names.index(target.class_id)
        if class_sets == "random":
            others = np.delete(np.arange(len(names)), own)
            companions = rng.choice(others, n_classes - 1, replace=False)
        else:
            companions = _most_confusable(confusability, own)[: n_classes - 1]
        places = rng.permutation([own, *companions.tolist()])
        items.append(_item([names[place] for place in places], target))
    return tuple(items)


def _take_turns(
    supplies: Sequence[ClassSupply], *, rng: np.random.Generator
) -> list[TrialImage]:
    """Every target, shuffled within its class, one class after the other."""
    decks = [[s.targets[i] for i in rng.permutation(len(s.targets))] for s in supplies]
    turns: list[TrialImage] = []
    for turn in range(max(map(len, decks), default=0)):
        order = rng.permutation(len(decks))
        turns += [decks[place][turn] for place in order if turn < len(decks[place])]
    return turns


def _most_confusable(
    confusability: NDArray[np.floating[Any]] | None, own: int
) -> NDArray[np.int64]:
    if confusability is None:
        raise ValueError('class_sets = "confusable" needs confusability')
    order: NDArray[np.int64] = np.argsort(-confusability[own], kind="stable")
    others: NDArray[np.int64] = order[order != own]
    return others


def _item(classes: Sequence[str], target: TrialImage) -> AssignmentItem:
    text = "\0".join([*sorted(classes), target.stimulus])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return AssignmentItem(id=digest, classes=tuple(classes), target=target)


def _explain_lack(cast: Cast, n_there: int, *, n_classes: int) -> str:
    shown = list(cast.left_out.items())[:5]
    why = "; ".join(f"class {class_id}: {reason}" for class_id, reason in shown)
    if n_there >= n_classes:
        return (
            f"no target is left: all {cast.n_targets_dropped} are among, or nearly, "
            "the images shown; keep more images out, or allow smaller distances"
        )
    more = f" (and {len(cast.left_out) - 5} more)" if len(cast.left_out) > 5 else ""
    return (
        f"{n_there} classes take part, an item needs {n_classes}; left out are "
        f"{why or 'none'}{more}; add images or group classes by `groups.csv`"
    )


def measure_confusability(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """How much probability two classes give each other's images.

    Args:
        probabilities: `(n_images, n_classes)`, rows sum to 1.
        labels: `(n_images,)` column of each image's class.

    Returns:
        `(n_classes, n_classes)`, symmetric, zero diagonal: the mean of what
        images of the one give the other, both ways; 0 for a class without
        images.
    """
    n_classes = probabilities.shape[1]
    sums = np.zeros((n_classes, n_classes))
    np.add.at(sums, labels, probabilities)
    counts = np.bincount(labels, minlength=n_classes)
    means = sums / np.maximum(counts, 1)[:, None]
    both = (means + means.T) / 2
    np.fill_diagonal(both, 0)
    return both
