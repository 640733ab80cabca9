"""Which servers serve a database just now, and at which address.

A running server keeps a file beside the database and holds it locked; the lock ends
with the process, however it ends, so a file that is left over tells nobody anything.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from study_server.private_files import make_private_file

_MARK: Final = ".server-"


@contextmanager
def announced(database: Path, *, url: str) -> Iterator[None]:
    """Tell other commands, until the block ends, that `url` serves this database.

    Args:
        database: Its file; for a shared database any path of the same name.
        url: Where people reach the server.
    """
    for left_over in _marks(database):
        if not _is_held(left_over):
            left_over.unlink(missing_ok=True)
    mark = database.with_name(f".{database.name}{_MARK}{os.getpid()}")
    # Locked before it has its name, so that nobody takes it for a left-over.
    made = mark.with_name(f"{mark.name}.new")
    make_private_file(made)
    with made.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.write(json.dumps({"url": url}))
        handle.flush()
        made.replace(mark)
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)


def serving_addresses(database: Path) -> tuple[str, ...]:
    """The addresses at which this database is served now; changes nothing."""
    found = []
    for mark in _marks(database):
        with suppress(OSError, ValueError, LookupError):
            if _is_held(mark):
                found.append(str(json.loads(mark.read_text("utf-8"))["url"]))
    return tuple(found)


def _marks(database: Path) -> list[Path]:
    head = f".{database.name}{_MARK}"
    if not database.parent.is_dir():
        return []
    return sorted(
        path
        for path in database.parent.iterdir()
        if path.name.startswith(head) and path.name.removeprefix(head).isdecimal()
    )


def _is_held(mark: Path) -> bool:
    try:
        with mark.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
