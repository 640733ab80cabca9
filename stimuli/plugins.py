"""What other packages bring: found by entry point, told in words where it is broken.

A package joins by an entry point of a group ("secondlook.attacks"), whose name is what
recipes and study files call the thing. Nothing is imported before somebody asks, and
what cannot be imported takes nothing else with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Generic, Protocol, TypeVar

PREFIX: Final = "secondlook."
GROUPS: Final = (
    "paradigms",
    "measures",
    "recipes",
    "attacks",
    "explanations",
    "selections",
    "recruiters",
)

Thing = TypeVar("Thing")
FindEntries = Callable[[str], Iterable[EntryPoint]]


@dataclass(frozen=True, kw_only=True)
class PlugIn:
    """One thing that another package brings.

    Attributes:
        group: Which kind of thing, one of `GROUPS`.
        name: What it is called.
        package: The package and its version.
        problem: Why it cannot be used, in words; empty where it can.
    """

    group: str
    name: str
    package: str
    problem: str = ""

    @property
    def words(self) -> str:
        """One line: what it is, whose, and what is wrong with it."""
        said = f"{self.name!r} of {self.package}"
        return f"{said} is not used: {self.problem}" if self.problem else said


def entries_of(group: str) -> Iterable[EntryPoint]:
    """What installed packages offer to a group."""
    return entry_points(group=f"{PREFIX}{group}")


class Registry(Mapping[str, Thing], Generic[Thing]):
    """Things by name: our own first, then those of other packages.

    Other packages are read when somebody first asks for more than is our own.
    """

    def __init__(
        self,
        group: str,
        own: Mapping[str, Thing],
        *,
        check: Callable[[Any, str], str],
        needs_files: Sequence[str] = (),
        find: FindEntries = entries_of,
    ) -> None:
        """A registry of one group.

        Args:
            group: One of `GROUPS`.
            own: What is there without any other package.
            check: Says of a loaded object and its name why it is none of these
                things; empty where it is one.
            needs_files: What lies beside the module of each.
            find: The entry points of a group.
        """
        self.group, self.own = group, own
        self._check, self._find, self._files = check, find, needs_files

    def __getitem__(self, name: str) -> Thing:
        """The thing of that name.

        Raises:
            KeyError: If there is none that can be used.
        """
        return self.own[name] if name in self.own else self._joined[name]

    def __iter__(self) -> Iterator[str]:
        """Our own names, then those of other packages in alphabetical order."""
        return iter([*self.own, *self._joined])

    def __len__(self) -> int:
        """How many can be used."""
        return len(self.own) + len(self._joined)

    @property
    def plug_ins(self) -> tuple[PlugIn, ...]:
        """Everything that other packages bring, usable or not."""
        return tuple(self._read[0])

    def why_not(self, name: str) -> str:
        """What to add to "there is no such thing": who offers it, and what is wrong."""
        said = [p.words for p in self.plug_ins if p.name == name and p.problem]
        return f"; {'; '.join(said)}" if said else ""

    def module_of(self, name: str) -> ModuleType | None:
        """The module that another package's thing was found in; None for our own."""
        if name in self.own:
            return None
        named = (e.module for e in self._find(self.group) if e.name == name)
        return import_module(next(named)) if name in self._joined else None

    @property
    def _joined(self) -> Mapping[str, Thing]:
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[list[PlugIn], dict[str, Thing]]:
        entries = sorted(self._find(self.group), key=lambda e: (e.name, package_of(e)))
        n_named = Counter(entry.name for entry in entries)
        found, joined = [], {}
        for entry in entries:
            problem, thing = self._clash(entry, n_named), None
            if not problem:
                problem, thing = self._load(entry)
            if not problem:
                joined[entry.name] = thing
            found.append(
                PlugIn(
                    group=self.group,
                    name=entry.name,
                    package=package_of(entry),
                    problem=problem,
                )
            )
        return found, joined  # type: ignore[return-value] # `check` saw each of them

    def _clash(self, entry: EntryPoint, n_named: Counter[str]) -> str:
        if entry.name in self.own:
            return (
                f"{entry.name!r} is the name of one of our own {self.group}; its "
                "package has to call it otherwise"
            )
        if n_named[entry.name] > 1:
            return (
                f"{n_named[entry.name]} packages bring {self.group} called "
                f"{entry.name!r}; remove all but one of them"
            )
        return ""

    def _load(self, entry: EntryPoint) -> tuple[str, Any]:
        # Any error whatever: it is another package's code.
        try:
            thing = entry.load()
            problem = self._check(thing, entry.name) or self._lacking(entry)
            return problem, thing
        except Exception as error:  # noqa: BLE001
            reason = (str(error).splitlines() or [""])[0]
            return (
                f"{entry.value} cannot be loaded ({type(error).__name__}: {reason}); "
                "install the package anew, or remove it",
                None,
            )

    def _lacking(self, entry: EntryPoint) -> str:
        folder = Path(str(import_module(entry.module).__file__)).parent
        lacking = [name for name in self._files if not (folder / name).is_file()]
        return f"{', '.join(lacking)} missing beside {entry.module}" if lacking else ""


def package_of(entry: EntryPoint) -> str:
    """The package that an entry point belongs to, with its version."""
    if entry.dist is None:
        return f"the package of {entry.module}"
    return f"{entry.dist.name} {entry.dist.version}"


def fits(protocol: type) -> Callable[[Any, str], str]:
    """A check that an object has what a runtime protocol names, and its own name.

    Args:
        protocol: Marked `runtime_checkable`.
    """

    def check(thing: Any, name: str) -> str:  # noqa: ANN401 - whatever was loaded
        if isinstance(thing, type) or not isinstance(thing, protocol):
            lacking = ", ".join(sorted(missing_from(thing, protocol)))
            lacks = f" (it lacks {lacking})" if lacking else ""
            return f"expected an object that fits {protocol.__name__}{lacks}"
        own = getattr(thing, "name", name)
        return "" if own == name else _other_name(name, own)

    return check


def is_dataclass_of(*members: str) -> Callable[[Any, str], str]:
    """A check that something is a frozen dataclass with these members.

    Args:
        members: Names its instances, made without options, must have.
    """

    def check(thing: Any, name: str) -> str:  # noqa: ANN401 - whatever was loaded
        if not (isinstance(thing, type) and is_dataclass(thing)):
            return "expected a frozen dataclass, whose fields are its options"
        made = thing()
        if lacking := [each for each in members if not hasattr(made, each)]:
            return f"{thing.__name__} lacks {', '.join(lacking)}"
        own = getattr(made, "name", name)
        return "" if own == name else _other_name(name, own)

    return check


def _other_name(name: str, own: object) -> str:
    return f"the entry point calls it {name!r}, itself {own!r}"


def missing_from(thing: object, protocol: type) -> set[str]:
    """Members that a protocol names and an object does not have."""
    kinds = [k for k in protocol.__mro__ if k not in (object, Generic, Protocol)]
    members = {
        name
        for kind in kinds
        for name in (*vars(kind), *getattr(kind, "__annotations__", ()))
        if not name.startswith("_")
    }
    return {name for name in members if not hasattr(thing, name)}
