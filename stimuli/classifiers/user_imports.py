"""Files beside a user's own that have the name of a package of Secondlook's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stimuli.errors import ClassifierError

_OURS: Final = ("analysis", "hit_templates", "stimuli", "study_server")


def refuse_clashes(file: Path) -> None:
    """Refuse code that would import our package where it means a file beside it.

    Python knows one module of a name, and ours are imported already.

    Raises:
        ClassifierError: Naming the file and the module it imports.
    """
    seen: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for name in _imported(path):
            beside = _module_beside(file.parent, name)
            if beside is not None and name in _OURS:
                raise ClassifierError(
                    f"{path} imports {name!r}, and {beside} is meant; but {name!r} is "
                    "also a package of Secondlook's, which Python would give instead: "
                    "give the file another name"
                )
            if beside is not None and beside not in seen:
                waiting.append(beside)


def _module_beside(folder: Path, name: str) -> Path | None:
    """The file that `import name` means there; none where it is our own package."""
    candidates = (folder / f"{name}.py", folder / name / "__init__.py")
    found = next((path for path in candidates if path.is_file()), None)
    ours = Path(__file__).parents[2] / name
    is_ours = found is not None and name in _OURS and found.parent.samefile(ours)
    return None if is_ours else found


def _imported(path: Path) -> Iterator[str]:
    """The first part of every name that a file imports, anywhere in it."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # importing it will say why
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
