"""What an image is of: its class, or its coarse group where the recipe gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stimuli.errors import RecipeError, list_problems
from stimuli.manifest import ClassInfo
from stimuli.records.classes import ClassList, UnknownClassError, normalise_name
from stimuli.records.seeds import rng_for
from stimuli.sources.datasets import Source

_PREFIX: Final = "group:"


def kind_of(classes: ClassList, class_id: str) -> str:
    """The class id, or "group:<name>" where the class has a group."""
    group = classes.groups.get(class_id)
    return class_id if group is None else f"{_PREFIX}{group}"


def members_of(classes: ClassList, kind: str) -> list[int]:
    """Numbers of the classes of a kind, ascending."""
    if not kind.startswith(_PREFIX):
        return [int(kind)]
    return sorted(int(c) for c in classes.groups if kind_of(classes, c) == kind)


def describe_kind(classes: ClassList, kind: str) -> ClassInfo:
    """What people read."""
    if not kind.startswith(_PREFIX):
        return classes[kind]
    return ClassInfo(id=kind, name=kind.removeprefix(_PREFIX))


def list_groups(classes: ClassList) -> list[ClassInfo]:
    """Every group as a class that a trial can name."""
    kinds = sorted({kind_of(classes, class_id) for class_id in classes.groups})
    return [describe_kind(classes, kind) for kind in kinds]


def probability_of(
    classes: ClassList, kind: str, probabilities: NDArray[np.float64]
) -> float:
    """What a classifier gives all classes of a kind together."""
    return float(probabilities[members_of(classes, kind)].sum())


def find_kinds(
    classes: ClassList, names: Iterable[str] | None, *, sources: Sequence[Source]
) -> list[str]:
    """The kinds a recipe means; without names, every kind that has an image.

    Raises:
        RecipeError: If some name is neither class nor group, or has no image.
    """
    there = {kind_of(classes, s.label) for s in sources if s.label is not None}
    if names is None:
        return sorted(there, key=_order)
    problems, found = [], []
    for name in names:
        try:
            kind = _find(classes, name)
        except UnknownClassError as error:
            problems.append(str(error).replace("label", "class", 1))
            continue
        if kind not in there:
            problems.append(f"class {name!r} has no image in the data set")
        found.append(kind)
    if problems:
        raise RecipeError(list_problems("recipe.classes", problems))
    return list(dict.fromkeys(found))


def _find(classes: ClassList, name: str) -> str:
    group = f"{_PREFIX}{normalise_name(name)}"
    if group in {kind_of(classes, class_id) for class_id in classes.groups}:
        return group
    return kind_of(classes, classes.find(name))


def _order(kind: str) -> tuple[bool, int, str]:
    is_group = kind.startswith(_PREFIX)
    return (is_group, 0 if is_group else int(kind), kind)


def drawn_of_kinds(
    sources: Sequence[Source],
    classes: ClassList,
    *,
    names: Iterable[str] | None,
    seed: int,
) -> list[str]:
    """Names of the images of these classes or groups, in an order drawn once.

    Args:
        sources: With their labels; images without one are left out.
        classes: What labels mean.
        names: Classes or groups, as a recipe names them; None for all.
        seed: An image's place hangs on it and its own name alone: more images never
            change which of the others comes first.

    Raises:
        RecipeError: If some name is neither class nor group, or has no image.
    """
    kinds = set(find_kinds(classes, names, sources=sources))
    found = [
        source.name
        for source in sources
        if source.label is not None and kind_of(classes, source.label) in kinds
    ]
    return sorted(found, key=lambda name: float(rng_for(seed, "work", name).random()))
