"""Reading a response by its declared fields, the same for every paradigm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from hit_templates.questions import Field

Response = dict[str, Any]

MAX_TEXT: Final = 10_000
# Beyond it a number is no measurement, and no float.
_MOST: Final = 1e300
_MAX_PROBLEMS: Final = 8
_MAX_SHOWN: Final = 40


class ResponseError(Exception):
    """A response that does not fit the paradigm, in words."""


def read_fields(schema: Mapping[str, Field], raw: Mapping[str, Any]) -> Response:
    """Every field of the schema with a value that it allows, and nothing else.

    Choices and text are stored as text, numbers as numbers, anything else as the
    text of its JSON.

    Args:
        schema: Field name to field.
        raw: What came.

    Raises:
        ResponseError: Naming every field that is missing, unknown or out of range.
    """
    if not isinstance(raw, Mapping):
        raise ResponseError(
            f"a response is an object of fields, got {type(raw).__name__}"
        )
    problems = [f"field {shorten(n)} is unknown" for n in raw if n not in schema]
    for name, field in schema.items():
        if name not in raw:
            problems.append(f"field {name} is missing")
        elif expected := _expected(field, raw[name]):
            problems.append(f"field {name} is {expected}, got {shorten(raw[name])}")
    if problems:
        raise ResponseError("; ".join(problems[:_MAX_PROBLEMS]))
    return {name: _stored(field, raw[name]) for name, field in schema.items()}


def shorten(value: object) -> str:
    """What came, at most 40 characters."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


def _expected(field: Field, value: object) -> str:
    """What should have come; empty where the value is allowed."""
    match field.type:
        case "choice":
            is_one = isinstance(value, str) and value in field.choices
            return "" if is_one else " or ".join(field.choices)
        case "text":
            return "" if _is_text(value) else f"text of at most {MAX_TEXT} characters"
        case "number":
            return "" if _is_in(field, value) else _range(field)
        case "json":
            is_one = len(_as_json(value)) <= MAX_TEXT
            return "" if is_one else f"JSON of at most {MAX_TEXT} characters"


def _is_text(value: object) -> bool:
    """Whether it can be kept: half of a surrogate pair is no character."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return False
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_in(field: Field, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if abs(value) > _MOST:
        return False
    lowest = -float("inf") if field.lowest is None else field.lowest
    highest = float("inf") if field.highest is None else field.highest
    return isfinite(value) and lowest <= value <= highest


def _range(field: Field) -> str:
    ends = [
        f"{word} {end:g}"
        for word, end in (("at least", field.lowest), ("at most", field.highest))
        if end is not None
    ]
    return " ".join(["a number", " and ".join(ends)]).strip()


def _stored(field: Field, value: object) -> object:
    return _as_json(value) if field.type == "json" else value


def _as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
