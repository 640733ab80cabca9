"""`requirements/*.txt` pin everything that is installed, and fit `pyproject.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def pins(name: str) -> dict[str, str]:
    """What that file pins on this machine."""
    found = {}
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        text = line.split("#")[0].strip()
        if not text or text.startswith("-"):
            continue
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate():
            (pin,) = requirement.specifier
            assert pin.operator == "==", line
            found[str(canonicalize_name(requirement.name))] = pin.version
    return found


def needed(
    name: str, extras: frozenset[str] = frozenset(), seen: set[str] | None = None
) -> Iterator[str]:
    """A package that is installed, and whatever it needs on this machine."""
    seen = set() if seen is None else seen
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        asked = {"", *extras}
        if marker and not any(marker.evaluate({"extra": each}) for each in asked):
            continue
        found = str(canonicalize_name(requirement.name))
        if found not in seen:
            seen.add(found)
            yield found
            yield from needed(found, frozenset(requirement.extras), seen)


def test_whatever_secondlook_needs_is_pinned_as_installed():
    pinned = pins("run")
    for name in needed("secondlook"):
        assert pinned.get(name) == metadata.version(name), name


@pytest.mark.parametrize("name", ["dev", "cluster"])
def test_the_lists_agree_on_what_they_share(name):
    run, other = pins("run"), pins(name)
    assert {key: run[key] for key in run.keys() & other.keys()} == {
        key: other[key] for key in run.keys() & other.keys()
    }


def test_pins_lie_within_the_ranges_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = pins("run")
    for text in project["dependencies"]:
        requirement = Requirement(text)
        version = pinned[str(canonicalize_name(requirement.name))]
        assert requirement.specifier.contains(version), text
