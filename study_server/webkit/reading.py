"""Numbers, texts, JSON and requests from outside: read in one way, or not at all."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from flask import Flask, Request, abort, request
from werkzeug.datastructures import ImmutableMultiDict, iter_multi_items

_HALF: Final = re.compile("[\ud800-\udfff]")
# What SQLite and PostgreSQL keep as a whole number.
_MAX_INT: Final = 2**63 - 1


def read_whole_number(text: str, *, least: int = 0, most: int = _MAX_INT) -> int | None:
    """The number that decimal digits stand for; None for anything else.

    Args:
        text: Digits of ASCII, with a minus in front where numbers may be below 0.
        least: The smallest number that counts.
        most: The largest.
    """
    digits = text.removeprefix("-").lstrip("0")
    is_number = text.removeprefix("-").isdigit() and text.isascii()
    if not is_number or len(digits) > len(str(max(abs(least), abs(most)))):
        return None
    number = -int(digits or "0") if text.startswith("-") else int(digits or "0")
    return number if least <= number <= most else None


def is_kept_by_databases(text: str) -> bool:
    """Whether a text has neither a NUL nor half a pair of surrogates."""
    return "\0" not in text and not _HALF.search(text)


def load_json(body: bytes) -> Any:  # noqa: ANN401 - whatever the body holds
    """What a JSON document says.

    Raises:
        ValueError: If it is none, or holds a text or a number that cannot be kept.
    """
    try:
        loaded = json.loads(
            body, parse_constant=_refuse, parse_float=_finite, parse_int=_kept
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not all(map(is_kept_by_databases, _texts_of(loaded))):
        raise ValueError("it holds a NUL character or half of a surrogate pair")
    return loaded


class _Fields(ImmutableMultiDict[Any, Any]):
    """Fields of an address or a form; no person types a NUL, and none is kept."""

    def __init__(
        self, mapping: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None
    ) -> None:
        pairs = iter_multi_items(mapping or ())
        super().__init__([(_clean(name), _clean(value)) for name, value in pairs])


class PlainRequest(Request):
    """A request that hands on texts without NUL."""

    parameter_storage_class = _Fields


def init_requests(app: Flask) -> None:
    """Read requests this way; an address with a NUL leads nowhere."""
    app.request_class = PlainRequest
    app.before_request(_check_path)


def _texts_of(loaded: object) -> Iterator[str]:
    waiting = [loaded]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _kept(text: str) -> int:
    number = read_whole_number(text, least=-_MAX_INT)
    if number is None:
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _check_path() -> None:
    if not is_kept_by_databases(request.path):
        abort(404)


def _clean(value: object) -> object:
    return value.replace("\0", "") if isinstance(value, str) else value
