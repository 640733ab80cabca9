"""A problem of a study file in words: key, what was expected, what came."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

# Leaving people out for disagreeing with others makes k of n and every measure
# of agreement true by construction, so no such rule may decide validity.
_AGREEMENT_WORDS: Final = ("agree", "majority", "consensus", "others", "kappa")


def problem_in_words(
    detail: ErrorDetails, model: type[BaseModel], *, prefix: tuple[str, ...] = ()
) -> str:
    """One problem: key, what was expected, what came."""
    where = (*prefix, *(part for part in detail["loc"]))
    key = shown_key(".".join(str(part) for part in where))
    kind, came = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return _unknown_key(key, where, known=_fields_at(model, detail["loc"][:-1]))
    if kind == "missing":
        return f"{key}: missing; expected {_description(model, detail['loc'])}"
    expected = _expected(detail)
    if isinstance(came, (dict, BaseModel)) and kind == "value_error":
        return f"{key}: {expected}"
    return f"{key}: {expected}, got {shown_value(came)}"


def problems_in_words(
    details: Iterable[ErrorDetails],
    model: type[BaseModel],
    *,
    prefix: tuple[str, ...] = (),
) -> list[str]:
    """Every problem, without those that only follow from another one."""
    every = list(details)
    places = [detail["loc"] for detail in every]
    return [
        problem_in_words(detail, model, prefix=prefix)
        for detail in every
        if not (
            detail["type"] == "too_short"
            and any(_is_inside(place, detail["loc"]) for place in places)
        )
    ]


def _is_inside(place: tuple[Any, ...], outer: tuple[Any, ...]) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer


def _expected(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "too_short":
            return f"expected at least {detail['ctx']['min_length']} entries"
        case "tuple_type":
            return "expected a list"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "expected a table of keys"
        case "int_type" | "int_from_float":
            return "expected a whole number"
        case "float_type":
            return "expected a number"
        case "bool_type":
            return "expected true or false"
        case "string_type":
            return "expected a text"
    words = detail["msg"].removeprefix("Value error, ")
    words = words.replace("Input should be", "expected")
    return words.replace("String should", "expected a text that should")


def _unknown_key(key: str, where: tuple[Any, ...], *, known: Iterable[str]) -> str:
    name = str(where[-1])
    if where[0] == "quality" and any(word in name for word in _AGREEMENT_WORDS):
        return (
            f"{key}: refused: people are never left out for disagreeing with others: "
            "k of n and every measure of agreement would be true by construction, and "
            "who disagrees depends on who came before; use min_catch_accuracy, or "
            "flag_agreement_below to have such people shown to you"
        )
    names = list(known)
    return f"{key}: unknown{did_you_mean(name, names)}; there are {', '.join(names)}"


def _fields_at(model: type[BaseModel], where: tuple[Any, ...]) -> list[str]:
    """Names of the keys allowed at this place."""
    found: Any = model
    for part in where:
        if isinstance(part, str):
            found = _model_in(found.model_fields[part].annotation)
    return list(found.model_fields)


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - a type expression
    """The model named in a type such as `tuple[Item, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def _description(model: type[BaseModel], where: tuple[Any, ...]) -> str:
    parent: Any = model
    for part in where[:-1]:
        if isinstance(part, str):
            parent = _model_in(parent.model_fields[part].annotation)
    return parent.model_fields[where[-1]].description or "a [section] of that name"


def shown_key(dotted: str) -> str:
    """`a.b.c` as a study file shows it: `[a] b.c`."""
    section, _, rest = dotted.partition(".")
    if section == "recruiter" and rest:
        name, _, rest = rest.partition(".")
        section = f"recruiter.{name}"
    return f"[{section}] {rest}" if rest else f"[{section}]"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that looks most alike, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def shown_value(value: object) -> str:
    """What came, at most 80 characters."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
