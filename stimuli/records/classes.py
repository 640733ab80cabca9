"""The classes a classifier can name, and how a data set may refer to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from stimuli.errors import DatasetError
from stimuli.files.tables import same_form, trouble_of_number
from stimuli.manifest import ClassInfo

_MOST_DIGITS: Final = 9

# ImageNet's categories that share a name; written by us, applied only where
# the classifier's list has exactly this name at this place.
_KNOWN_GLOSSES: Final[Mapping[tuple[int, str], str]] = {
    (134, "crane"): "a tall wading bird",
    (264, "cardigan"): "a dog: a short-legged Welsh corgi",
    (474, "cardigan"): "a knitted jacket that opens in front",
    (517, "crane"): "a machine that lifts heavy loads",
    (638, "maillot"): "a tight one-piece garment for dancers and gymnasts",
    (639, "maillot"): "a woman's one-piece bathing suit",
}


class UnknownClassError(Exception):
    """A class that a data set names and the classifier does not know."""


@dataclass(frozen=True)
class ClassList:
    """Every class of the classifier, in the order of its outputs.

    Attributes:
        infos: Position `i` has the id `str(i)`.
        wnids: WordNet id to class id, where known.
        groups: Class id to coarse group, where the recipe gives them.
    """

    infos: tuple[ClassInfo, ...]
    wnids: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.infos)

    def __getitem__(self, class_id: str) -> ClassInfo:
        return self.infos[int(class_id)]

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for info in self.infos:
            found.setdefault(normalise_name(info.name), []).append(info.id)
        return found

    def find(self, text: str, *, prefers_name: bool = False) -> str:
        """The class id meant by an index, a name or a WordNet id.

        Args:
            text: What the data set says.
            prefers_name: Read digits as a name first (folders named "7").

        Raises:
            UnknownClassError: In words that fit behind "row 3: ".
        """
        text = text.strip()
        named = self.named(text)
        if text.isdecimal() and not (prefers_name and named):
            return self._find_index(text)
        if text in self.wnids:
            return self.wnids[text]
        if len(named) == 1:
            return named[0]
        if named:
            raise UnknownClassError(
                f"label {text!r} is the name of classes {' and '.join(named)}; "
                "write the number"
            )
        why = trouble_of_number(text) or "is no class of the classifier"
        raise UnknownClassError(f"label {text!r} {why}")

    def named(self, text: str) -> list[str]:
        """The ids of the classes that go by a name."""
        return self._by_name.get(normalise_name(text), [])

    def _find_index(self, text: str) -> str:
        if len(text) > _MOST_DIGITS or int(text) >= len(self):
            raise UnknownClassError(
                f"label {text} is out of range, the classifier has classes "
                f"0 to {len(self) - 1}"
            )
        return str(int(text))

    def same_kind(self, class_id: str) -> frozenset[str]:
        """The class, its group, and classes that go by the same name."""
        group = self.groups.get(class_id)
        same = {other for other, name in self.groups.items() if name == group}
        names = self._by_name[normalise_name(self[class_id].name)]
        return frozenset({class_id, *same, *names})

    def is_right(self, predicted: str, label: str) -> bool:
        """Whether the prediction is the label, or falls in its group."""
        if predicted == label:
            return True
        group = self.groups.get(label)
        return group is not None and self.groups.get(predicted) == group

    def shared_names(self) -> dict[str, tuple[str, ...]]:
        """Names that several classes go by, with their ids."""
        return {
            self[ids[0]].name: tuple(ids)
            for ids in self._by_name.values()
            if len(ids) > 1
        }


def normalise_name(name: str) -> str:
    """Names compare without case, in one Unicode form, with underscores as spaces."""
    return re.sub(r"[\s_]+", " ", same_form(name)).strip().casefold()


def describe_classes(names: Sequence[str], glosses: Sequence[str]) -> list[ClassInfo]:
    """Class infos in which no two classes look the same to people.

    A class that shares its name and has no gloss gets one: a known one, or its
    neighbours in the list, which are its relatives in ImageNet's order.

    Args:
        names: One per class, in the order of the classifier's outputs.
        glosses: The same length; may be empty strings.
    """
    counts = Counter(map(normalise_name, names))
    infos = []
    for index, (name, gloss) in enumerate(zip(names, glosses, strict=True)):
        info = ClassInfo(id=str(index), name=name.replace("_", " "), gloss=gloss)
        if not gloss and counts[normalise_name(name)] > 1:
            info = replace(info, gloss=_tell_apart(index, names))
        infos.append(info)
    return infos


def name_classes(
    n_classes: int,
    *,
    own: Sequence[tuple[str, str]] | None,
    given: Mapping[int, tuple[str, str]],
    overrides: bool,
) -> tuple[ClassInfo, ...]:
    """What the classifier's outputs are called.

    Args:
        n_classes: Number of outputs.
        own: (name, gloss) per class as the classifier says, if it does.
        given: Class number to (name, gloss) as the data set says.
        overrides: Whether `given` has the last word (classes.csv).

    Raises:
        DatasetError: If some class has no name.
    """
    beyond = sorted(index for index in given if index >= n_classes)
    if beyond and (overrides or own is None):
        raise DatasetError(
            f"the data set names {len(given)} classes up to number {beyond[-1]}, "
            f"the classifier has {n_classes} outputs (0 to {n_classes - 1})"
        )
    named = dict(enumerate(own)) if own is not None else dict(given)
    if overrides:
        named |= given
    missing = [index for index in range(n_classes) if index not in named]
    if missing:
        raise DatasetError(
            f"{len(missing)} of the classifier's {n_classes} classes have no name "
            f"(first: number {missing[0]}); add classes.csv (index,name,gloss) to the "
            "data set, or let the function give `classes`"
        )
    names, glosses = zip(*(named[index] for index in range(n_classes)), strict=True)
    return tuple(describe_classes(names, glosses))


def _tell_apart(index: int, names: Sequence[str]) -> str:
    known = _KNOWN_GLOSSES.get((index, normalise_name(names[index])))
    if known:
        return known
    near = [names[i] for i in (index - 1, index + 1) if 0 <= i < len(names)]
    others = [n for n in near if normalise_name(n) != normalise_name(names[index])]
    return f"the one akin to {' and '.join(others)}" if others else f"number {index}"


def merge_groups(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Class id to group name, from (class id, group) pairs."""
    return {class_id: normalise_name(group) for class_id, group in rows}
