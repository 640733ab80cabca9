"""What other packages bring, and what is said where it is broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Protocol, runtime_checkable

from stimuli.plugins import Registry, fits


@runtime_checkable
class Bird(Protocol):
    name: str

    def sing(self) -> str: ...


@dataclass
class Wren:
    name: str = "wren"

    def sing(self) -> str:
        return "tik"


@dataclass
class Stone:
    name: str = "stone"


stone = Stone()
robin = Wren(name="robin")
OWN: dict[str, Bird] = {"wren": Wren()}
HERE = __name__


def registry(*entries: tuple[str, str]) -> Registry[Bird]:
    def find(group: str) -> Iterable[EntryPoint]:
        return [
            EntryPoint(name=name, value=value, group=f"secondlook.{group}")
            for name, value in entries
        ]

    return Registry("birds", OWN, check=fits(Bird), find=find)


def test_what_another_package_brings_stands_after_our_own():
    birds = registry(("robin", f"{HERE}:robin"))
    assert list(birds) == ["wren", "robin"]
    assert birds["robin"] is robin
    assert [p.problem for p in birds.plug_ins] == [""]


def test_our_own_is_found_without_reading_any_other_package():
    def find(group: str) -> Iterable[EntryPoint]:
        raise AssertionError("other packages were read")

    birds = Registry("birds", OWN, check=fits(Bird), find=find)
    assert birds["wren"].sing() == "tik"


def test_a_broken_one_takes_no_other_with_it_and_says_what_is_wrong():
    birds = registry(
        ("crow", "no_such_module_of_anybody:crow"), ("robin", f"{HERE}:robin")
    )
    assert list(birds) == ["wren", "robin"]
    why = birds.why_not("crow")
    assert "ModuleNotFoundError" in why
    assert "install the package anew" in why
    assert not birds.why_not("robin")


def test_a_name_of_ours_stays_ours():
    birds = registry(("wren", f"{HERE}:robin"))
    assert birds["wren"] is OWN["wren"]
    assert "one of our own birds" in birds.why_not("wren")


def test_two_packages_with_one_name_are_both_refused():
    birds = registry(("robin", f"{HERE}:robin"), ("robin", f"{HERE}:stone"))
    assert list(birds) == ["wren"]
    assert "2 packages bring birds called 'robin'" in birds.why_not("robin")


def test_what_is_no_such_thing_says_what_it_lacks():
    birds = registry(("stone", f"{HERE}:stone"), ("kind", f"{HERE}:Wren"))
    assert list(birds) == ["wren"]
    assert "fits Bird (it lacks sing)" in birds.why_not("stone")
    assert "expected an object" in birds.why_not("kind")


def test_a_thing_bears_the_name_it_is_found_by():
    birds = registry(("redbreast", f"{HERE}:robin"))
    assert list(birds) == ["wren"]
    assert "'redbreast', itself 'robin'" in birds.why_not("redbreast")


def test_what_has_to_lie_beside_a_module_is_looked_for():
    entry = EntryPoint(name="robin", value=f"{HERE}:robin", group="secondlook.birds")
    files = ("test_plugins.py", "nest.html")
    birds = Registry(
        "birds", OWN, check=fits(Bird), needs_files=files, find=lambda _group: [entry]
    )
    assert list(birds) == ["wren"]
    assert f"nest.html missing beside {HERE}" in birds.why_not("robin")
