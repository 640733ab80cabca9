"""Text files that a person may write, read in one place; standard library only.

Whatever an editor or a spreadsheet saves is understood: UTF-8 with or without a
byte order mark, UTF-16 with one, any line ends. What is no such file (a pipe, a
device, gigabytes, bytes that are no text) is refused in words before it is parsed.
This module may be imported from every package.
"""

from __future__ import annotations

import codecs
import json
import os
import stat
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from stimuli.errors import StimuliError

MAX_BYTES: Final = 4 << 20
MAX_TABLE_BYTES: Final = 256 << 20
MAX_COLUMNS: Final = 10_000
_MAX_DEPTH: Final = 40
_MAX_WHOLE: Final = 2**63
_KINDS: Final = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe; save what it gives as a file"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISSOCK, "is a socket"),
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Begins like UTF-16's mark, so it is looked for first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_KINDS: Final = (
    (b"PK\x03\x04", "an Excel workbook or a zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
)


class TextFileError(StimuliError):
    """A file that is not the text expected.

    Attributes:
        path: The file.
        reason: What is wrong with it, a clause without its name.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class TomlFile:
    """A TOML file.

    Attributes:
        text: Its text, line feeds as line ends.
        tables: What it says.
    """

    text: str
    tables: dict[str, Any]


def read_text(
    path: Path, *, max_bytes: int = MAX_BYTES, encoding: str | None = None
) -> str:
    """The text of a file, line feeds as line ends.

    Args:
        path: A regular file.
        max_bytes: A larger one is refused before it is read.
        encoding: What it is written in; where left out, what its byte order mark
            says, else UTF-8.

    Raises:
        TextFileError: If it cannot be read, or is no text.
    """
    content = read_content(path, max_bytes=max_bytes)
    if kind := find_other_kind(content):
        raise TextFileError(path, f"is {kind}; save it as text (a table as CSV), UTF-8")
    chosen = encoding or find_encoding(content)
    try:
        text = content.decode(chosen)
    except LookupError as error:
        raise TextFileError(path, f"is read as {chosen}, no such encoding") from error
    except UnicodeDecodeError as error:
        raise TextFileError(path, _not_text(content, error, chosen)) from error
    if "\x00" in text:
        raise TextFileError(
            path, "holds NUL bytes, so it is not UTF-8 text; save it as UTF-8"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_content(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file of bounded size.

    Raises:
        TextFileError: If it is none, larger, or cannot be read.
    """
    try:
        # A pipe that nobody writes to would be waited for, without the flag.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            _require_regular(path, os.fstat(handle), max_bytes=max_bytes)
            content = opened.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TextFileError(path, f"cannot be read: {reason}") from error
    if len(content) > max_bytes:
        raise TextFileError(path, _too_large(len(content), max_bytes))
    return content


def read_toml(path: Path, *, max_bytes: int = MAX_BYTES) -> TomlFile:
    """A TOML file.

    Raises:
        TextFileError: If it cannot be read, or is not TOML.
    """
    text = read_text(path, max_bytes=max_bytes)
    return TomlFile(text=text, tables=parse_toml(text, path))


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """What the text of the file at `path` says.

    Raises:
        TextFileError: If it is not TOML.
    """
    tables: dict[str, Any] = _parse(text, path, parser=tomllib.loads, format_="TOML")
    if any(
        type(value) is int and not -_MAX_WHOLE <= value < _MAX_WHOLE
        for level in _levels(tables)
        for value in level
    ):
        raise TextFileError(
            path, "is not TOML: holds a whole number of more than 64 bits"
        )
    return tables


def read_json(path: Path, *, max_bytes: int = MAX_BYTES) -> Any:  # noqa: ANN401 - any JSON
    """What a JSON file says.

    Raises:
        TextFileError: If it cannot be read, or is not JSON.
    """
    return parse_json(read_text(path, max_bytes=max_bytes), path)


def parse_json(text: str, path: Path) -> Any:  # noqa: ANN401 - any JSON
    """What the text of the file at `path` says.

    Raises:
        TextFileError: If it is not JSON.
    """
    return _parse(text, path, parser=json.loads, format_="JSON")


def find_encoding(start: bytes) -> str:
    """The encoding that the first bytes of a file tell by their byte order mark."""
    return next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")


def find_other_kind(start: bytes) -> str | None:
    """What the first bytes of a file say it is, where that is no text."""
    return next((words for mark, words in _OTHER_KINDS if start.startswith(mark)), None)


def _parse(text: str, path: Path, *, parser: Callable[[str], Any], format_: str) -> Any:  # noqa: ANN401 - any value
    too_deep = f"is nested more than {_MAX_DEPTH} levels deep; nothing here is"
    try:
        value = parser(text)
    except RecursionError as error:
        raise TextFileError(path, too_deep) from error
    except ValueError as error:
        # Python's own refusal of long numbers gives advice to programmers.
        reason = (
            "it holds a number of thousands of digits"
            if type(error) is ValueError
            else str(error)
        )
        raise TextFileError(path, f"is not {format_}: {reason}") from error
    if len(list(islice(_levels(value), _MAX_DEPTH + 1))) > _MAX_DEPTH:
        raise TextFileError(path, too_deep)
    return value


def _levels(value: object) -> Iterator[list[Any]]:
    """What lies in it, level by level, without a recursion of our own."""
    level = [value]
    while level := [child for entry in level for child in _children(entry)]:
        yield level


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _require_regular(path: Path, found: os.stat_result, *, max_bytes: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        reason = next(
            (words for is_kind, words in _KINDS if is_kind(found.st_mode)),
            "is no regular file",
        )
        raise TextFileError(path, f"{reason}; expected a text file")
    if found.st_size > max_bytes:
        raise TextFileError(path, _too_large(found.st_size, max_bytes))


def _too_large(n_bytes: int, max_bytes: int) -> str:
    return (
        f"holds {n_bytes:,} bytes or more; at most {max_bytes:,} are read, which is "
        "more than such a file needs"
    )


def _not_text(content: bytes, error: UnicodeDecodeError, encoding: str) -> str:
    line = content[: error.start].count(b"\n") + 1
    byte = content[error.start : error.start + 1].hex()
    name = encoding.upper().removesuffix("-SIG")
    where = f"line {line}, byte 0x{byte}" if byte else "its last bytes"
    return f"is not {name} text ({where}); save it as UTF-8"
