"""Files that only their owner may read: databases, backups, exports, secrets.

Everything that holds worker ids, hashes or secrets is made here, for its owner
only whatever the umask. A file that was readable before is closed, with a word.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Final

_FILE: Final = 0o600
_FOLDER: Final = 0o700
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_WRITTEN_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
# What SQLite keeps beside a database; each holds rows of it.
_BESIDE: Final = ("-wal", "-shm", "-journal")

_log = logging.getLogger(__name__)


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, and its missing parents.

    One that is there already keeps its mode: it may be somebody's home.

    Raises:
        OSError: If it cannot be made.
    """
    missing = [p for p in (path, *path.parents) if not p.exists()]
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=_FOLDER)
        except FileExistsError:
            continue  # another process was quicker
        folder.chmod(_FOLDER)
    if not missing:
        _warn_of_open_folder(path)


def make_private_file(path: Path) -> None:
    """Make an empty file for its owner only; one that is there is closed to others.

    Raises:
        OSError: If it cannot be made.
    """
    make_private_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    except FileExistsError:
        close_to_others(path)
        return
    try:
        os.fchmod(handle, _FILE)
    finally:
        os.close(handle)


def make_private_database(path: Path) -> None:
    """Make an empty SQLite file for its owner only, or close the one that is there.

    SQLite gives its journals the mode of the database, so these follow.

    Raises:
        OSError: If it cannot be made.
    """
    make_private_file(path)
    for suffix in _BESIDE:
        close_to_others(path.with_name(path.name + suffix))


def close_to_others(path: Path) -> None:
    """Take a file or folder from others where it is ours; else say who can read it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if not found.st_mode & _OTHERS or not stat.S_ISREG(found.st_mode):
        return
    try:
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except OSError as error:
        _log.warning(
            "%s can be read by others, and this user cannot change that (%s); its "
            "owner can: chmod go= %s",
            path,
            error.strerror,
            path,
        )
    else:
        _log.warning("%s could be read by others; now by its owner only", path)


def close_tree_to_others(folder: Path) -> None:
    """Close a folder that was just written, with all it holds."""
    folder.chmod(_FOLDER)
    for path in folder.rglob("*"):
        path.chmod(_FOLDER if path.is_dir() else _FILE)


def warn_if_readable(path: Path, *, holding: str) -> None:
    """Say that a file a person wrote can be read by others, with what it holds."""
    if path.is_file() and path.stat().st_mode & _OTHERS:
        _log.warning(
            "%s holds %s and can be read by others: chmod go= %s", path, holding, path
        )


def _warn_of_open_folder(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & _WRITTEN_BY_OTHERS and not mode & stat.S_ISVTX:
        _log.warning(
            "others can replace files in %s, where private ones lie: chmod go-w %s",
            path,
            path,
        )
