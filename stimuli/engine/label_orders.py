"""Orders in which labels and a classifier's outputs are often numbered apart."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Outputs = NDArray[np.int64]

_ILSVRC: Final = Path(__file__).parents[1] / "groups" / "ilsvrc2012_ids.csv"
_DIGITS: Final = re.compile(r"([0-9]+)")


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelOrder:
    """Which output every label means, if it is not the one of its number.

    Attributes:
        name: Key in the summary.
        means: Words that go on after "if".
        outputs: `(n_classes,)` number of the output each label means; -1 where none.
    """

    name: str
    means: str
    outputs: Outputs


def known_orders(names: Sequence[str]) -> list[LabelOrder]:
    """Every order that is known to get mixed up, each once, without the given one.

    Args:
        names: Of the classes, in the order of the outputs.
    """
    own = np.arange(len(names))
    tried = {own.tobytes()}
    orders = []
    for order in _all_orders(names):
        if order.outputs.tobytes() not in tried:
            tried.add(order.outputs.tobytes())
            orders.append(order)
    return orders


def _all_orders(names: Sequence[str]) -> Iterator[LabelOrder]:
    numbers = np.arange(len(names))
    yield LabelOrder(
        name="one-lower",
        means="every label means the output before its number (labels that count "
        "from 1)",
        outputs=numbers - 1,
    )
    yield LabelOrder(
        name="one-higher",
        means="every label means the output after its number (a classifier with a "
        "background class first)",
        outputs=np.append(numbers[1:], -1),
    )
    for first in (0, 1):
        yield from _both_ways(
            "numbers-as-text",
            "by their numbers sorted as text (1, 10, 11, 2, ...; torchvision's "
            "ImageFolder does that to folders)",
            places=_sorted_places([str(number + first) for number in numbers], str),
        )
    for key in (str, str.casefold, _underscored):
        yield from _both_ways(
            "alphabetical",
            "by the alphabetical order of the class names",
            places=_sorted_places(names, key),
        )
    yield from _both_ways(
        "numbers-in-names",
        "by the numbers in the class names (a2 before a10)",
        places=_sorted_places(names, _natural),
    )
    yield from _ilsvrc_orders(len(names))


def _both_ways(name: str, how: str, *, places: Outputs) -> Iterator[LabelOrder]:
    """`places[i]` is the class that stands at place i of the other order."""
    ranks = np.argsort(places)
    yield LabelOrder(
        name=name, means=f"the classifier's outputs are numbered {how}", outputs=ranks
    )
    yield LabelOrder(name=name, means=f"the labels are numbered {how}", outputs=places)


def _ilsvrc_orders(n_classes: int) -> Iterator[LabelOrder]:
    places = ilsvrc_places()
    if n_classes != len(places):
        return
    kit = "by ImageNet's development kit (ILSVRC2012_ID) instead of WordNet ids"
    yield from _both_ways("ilsvrc2012-ids", kit, places=places)
    yield LabelOrder(
        name="ilsvrc2012-ids",
        means=f"the labels are numbered from 1 {kit}",
        outputs=np.insert(places[:-1], 0, -1),
    )


@cache
def ilsvrc_places() -> Outputs:
    """`(1000,)` class (WordNet ids sorted) of ILSVRC2012_ID 1, 2, ..., 1000.

    Source: `meta.mat` of the development kit of ILSVRC 2012.
    """
    with _ILSVRC.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return np.array([int(row["class"]) for row in rows], dtype=np.int64)


def _sorted_places(names: Iterable[str], key: Callable[[str], object]) -> Outputs:
    keyed = [(key(name), place) for place, name in enumerate(names)]
    return np.array([place for _, place in sorted(keyed)], dtype=np.int64)


def _underscored(name: str) -> str:
    return name.replace(" ", "_")


def _natural(name: str) -> list[tuple[int, str]]:
    """Digits compare as numbers, and come before letters.

    >>> sorted(["a10", "a2", "a"], key=_natural)
    ['a', 'a2', 'a10']
    """
    parts = _DIGITS.split(name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts if p]
