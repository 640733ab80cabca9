"""Paths that a file names: inside their folder, and no links; standard library only.

Sets and bundles come from others. A path in one of them that leads elsewhere would
have any file of this machine shown, hashed or sent away.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Final

from stimuli.errors import StimuliError

_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,128}")
# Letters that begin a drive, a stream or another way of writing a path somewhere.
_NEVER: Final = re.compile(r"[\\:*?\"<>|\x00-\x1f\x7f]")
_MOST_CHARACTERS: Final = 1024


class PathOutsideError(StimuliError):
    """A path that does not stay in the folder it belongs to."""


def is_plain_id(text: object) -> bool:
    """Whether a name can be part of a file's name as it is."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def check_relative(name: object) -> str:
    """The path, where it is written so that it stays inside any folder.

    Raises:
        PathOutsideError: If it is not.
    """
    if not isinstance(name, str) or not name or len(name) > _MOST_CHARACTERS:
        raise PathOutsideError(f"expected a path inside the folder, got {name!r:.80}")
    parts = name.split("/")
    is_odd = any(part.strip(" .") == "" for part in parts)
    if is_odd or _NEVER.search(name) or name.startswith("~"):
        raise PathOutsideError(
            f"the path {name!r:.80} may lead out of its folder: expected names "
            "separated by /, without .., drive letters or backslashes"
        )
    return name


def inside(folder: Path, name: str) -> Path:
    """Where a file of `folder` lies; it need not be there.

    Args:
        folder: Where it has to be; itself it may be reached by links.
        name: The path as written, `/` between its parts.

    Raises:
        PathOutsideError: If the path leads elsewhere, by name or by a link on the
            way, or to something that is no file.
    """
    at = folder
    for part in check_relative(name).split("/"):
        at = at / part
        if at.is_symlink():
            raise PathOutsideError(
                f"{name} in {folder} is a link, or lies behind one: put the file "
                "itself there"
            )
    try:
        mode = at.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return at
    if not stat.S_ISREG(mode):
        raise PathOutsideError(f"{name} in {folder} is not a file")
    return at
