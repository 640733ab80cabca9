"""Names for people that nobody can turn back into what a file called them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

_PURPOSE: Final = b"secondlook: key of pseudonyms\n"
_CHARACTERS: Final = 16


def key_of_files(paths: Sequence[Path]) -> bytes:
    """A key that follows from the files themselves, 32 bytes.

    The same files give the same pseudonyms on any machine; without the files,
    which name everybody anyway, nobody can tell whether a worker is in a report.
    """
    digest = hashlib.sha256(_PURPOSE)
    # A file that is given twice is read once.
    for each in dict.fromkeys(_digest(path) for path in paths):
        digest.update(each)
    return digest.digest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


def pseudonyms(names: Sequence[str], *, key: bytes, prefix: str) -> pd.Series:
    """Index the names; values the prefix and 64 bits of HMAC-SHA-256."""
    made = [
        prefix + hmac.new(key, name.encode(), "sha256").hexdigest()[:_CHARACTERS]
        for name in names
    ]
    return pd.Series(made, index=list(names), dtype=object)
