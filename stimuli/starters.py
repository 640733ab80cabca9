"""How a new recipe file begins, kind by kind, for `secondlook study init`.

Beside the recipes lies a file for each kind, "<kind>.toml": one or more tables
`[[starter]]`, which say what their trials hold and how the recipe file begins. They are
read without importing a recipe, so without torch. A recipe of another package brings
its own beside its module, under that module's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from stimuli.files.text import read_toml
from stimuli.manifest import Posed
from stimuli.plugins import FindEntries, entries_of, package_of

FOLDER: Final = Path(__file__).parent / "recipes"
_LAST: Final = 100


@dataclass(frozen=True, kw_only=True)
class Starter:
    """The beginning of a recipe file.

    Attributes:
        kind: Which recipe.
        posed: What its main trials hold.
        recipe: The table `[recipe]`, TOML.
        controls: The table `[controls]` where the question has a right answer to
            trials that check people; empty where the recipe takes none.
        needs_key: Whether only questions with a right response fit.
        design: Further lines of a study file's `[design]`, what the set asks for.
        rank: Recipes of lower rank are offered first.
    """

    kind: str
    posed: Posed
    recipe: str
    controls: str = ""
    needs_key: bool = False
    design: str = ""
    rank: int = _LAST


def find_starters(find: FindEntries = entries_of) -> tuple[Starter, ...]:
    """Every way in which a recipe file can begin, by rank, then by kind.

    Args:
        find: The entry points of a group.
    """
    return _find(find)[0]


def broken_starters(find: FindEntries = entries_of) -> tuple[str, ...]:
    """Beginnings of other packages that cannot be used, and why, a line each."""
    return _find(find)[1]


def _find(find: FindEntries) -> tuple[tuple[Starter, ...], tuple[str, ...]]:
    own = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}
    found = [starter for kind, path in own.items() for starter in _read(kind, path)]
    problems = []
    for entry in find("recipes"):
        if entry.name in own:
            continue  # ours stays ours, and the registry says so
        try:
            found += [s for path in _beside(entry) for s in _read(entry.name, path)]
        except Exception as error:  # noqa: BLE001 - another package's code or file
            problems.append(
                f"the beginning of {entry.name!r} of {package_of(entry)} cannot be "
                f"read ({type(error).__name__}: {error})"
            )
    found.sort(key=lambda starter: (starter.rank, starter.kind))
    return tuple(found), tuple(problems)


def _beside(entry: EntryPoint) -> list[Path]:
    """The file beside another package's recipe, where it brings one."""
    spec = find_spec(entry.module)
    if spec is None or spec.origin is None:
        return []
    path = Path(spec.origin).with_suffix(".toml")
    return [path] if path.is_file() else []


def _read(kind: str, path: Path) -> list[Starter]:
    found = []
    for table in read_toml(path).tables["starter"]:
        rest: dict[str, Any] = {
            key: table[key]
            for key in ("recipe", "controls", "needs_key", "design", "rank")
            if key in table
        }
        posed = Posed(slots=tuple(table["slots"]), holds=tuple(table.get("holds", ())))
        found.append(Starter(kind=kind, posed=posed, **rest))
    return found
