"""What other packages bring to any of the registries, for `secondlook --version`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from stimuli.plugins import GROUPS, PREFIX, PlugIn, Registry, entries_of
from stimuli.starters import broken_starters

# Group to where its registry is; some of them bring torch along when imported.
_REGISTRIES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "paradigms": ("hit_templates.base", "find_paradigms"),
        "measures": ("analysis.measures", "REGISTERED"),
        "recipes": ("stimuli.recipes", "RECIPES"),
        "attacks": ("stimuli.methods.attacks", "ATTACKS"),
        "explanations": ("stimuli.methods.explanations", "EXPLANATIONS"),
        "selections": ("stimuli.methods.selection", "SELECTIONS"),
        "recruiters": ("study_server.recruiters.registry", "RECRUITERS"),
    }
)


def registry_of(group: str) -> Registry[Any]:
    """The registry of one of the groups, imported now."""
    module, attribute = _REGISTRIES[group]
    found = getattr(import_module(module), attribute)
    return found if isinstance(found, Registry) else found()


def find_plug_ins() -> Iterator[PlugIn]:
    """Everything that other packages bring; imports only what somebody joins."""
    for group in GROUPS:
        if any(entries_of(group)):
            yield from registry_of(group).plug_ins


def plug_in_lines() -> list[str]:
    """One line for each; none where no other package brings anything."""
    lines = [f"  {PREFIX}{one.group}: {one.words}" for one in find_plug_ins()]
    return lines + [f"  {PREFIX}recipes: {problem}" for problem in broken_starters()]
