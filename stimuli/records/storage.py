"""Files of a stimulus set: whole or not at all, and one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stimuli.errors import BuildError

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Disk:
    """Writes files atomically: a reader, or a kill, never meets half of one."""

    def write(self, path: Path, content: bytes) -> None:
        """Put `content` at `path`, through a temporary file beside it.

        Raises:
            BuildError: If the disk is full, or refuses.
        """
        name = f".{path.name}.{os.getpid()}-{threading.get_ident()}"
        temporary = path.with_name(name)
        try:
            self.put(temporary, content)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise BuildError(_explain(error, path)) from error

    def put(self, path: Path, content: bytes) -> None:
        """Write a file in place; what a test replaces to fill the disk."""
        path.write_bytes(content)


def make_folder(path: Path) -> None:
    """Create a folder and its parents.

    Raises:
        BuildError: If it cannot be.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(f"cannot make the folder {path}: {error.strerror}") from error


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the hold ends with the process, killed or not.

    Raises:
        BuildError: If another process holds it, or it cannot be held.
    """
    path = folder / ".lock"
    handle = _lock(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _lock(path: Path) -> int:
    while True:
        handle = -1
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(handle, path):
                os.truncate(handle, 0)
                os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
                return handle
        except OSError as error:
            message = _explain_lock(error, path, handle=handle)
            if handle >= 0:
                os.close(handle)
            raise BuildError(message) from error
        # The former owner removed the file between our open and our lock.
        os.close(handle)


def _explain_lock(error: OSError, path: Path, *, handle: int) -> str:
    if isinstance(error, BlockingIOError):
        owner = os.pread(handle, 32, 0).decode(errors="replace").strip()
        return (
            f"another build (process {owner or 'unknown'}) is writing into "
            f"{path.parent}; wait for it, or choose another folder"
        )
    if error.errno in _FULL:
        return _explain(error, path)
    return (
        f"cannot lock {path} ({error.strerror or error}), which keeps two builds from "
        "writing into one folder; allow this user to write there, remove what is in "
        "the way, or choose another folder"
    )


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _explain(error: OSError, path: Path) -> str:
    if error.errno in _FULL:
        return (
            f"no space left while writing {path}; every finished shard is kept: make "
            "room and run the same command again, it goes on from there"
        )
    return f"cannot write {path}: {error.strerror or error}"
