"""What a response is, in words made of a declaration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hit_templates.questions import Field, Question

_MOST_NAMED: Final = 7


def responding(question: Question, *, n_classes: int) -> str:
    """What a response to a trial of so many classes is; empty where nothing is known.

    >>> side = Field(name="side", type="choice", choices=("l", "r"), description="",
    ...              words={"l": "Left", "r": "Right"})
    >>> sure = Field(name="sure", type="number", lowest=0, highest=10, description="")
    >>> responding(Question(name="q", fields=(side, sure)), n_classes=0)
    '“Left” or “Right”; sure: a number from 0 to 10'
    """
    if question.responding:
        return question.responding.replace("{n_classes}", str(n_classes))
    said = [(each, _said(each, n_classes)) for each in question.fields]
    told = [(each, words) for each, words in said if words]
    parts = [
        words if number == 0 else f"{each.wording or each.name}: {words}"
        for number, (each, words) in enumerate(told)
    ]
    return "; ".join(parts)


def _said(asked: Field, n_classes: int) -> str:
    said = _one(asked, n_classes)
    return f"{said} to each of the {n_classes} classes" if asked.is_per_class else said


def _one(asked: Field, n_classes: int) -> str:
    if asked.numbers_classes or asked.takes_classes:
        others = [f", or “{asked.words.get(v, v)}”" for v in asked.no_difference]
        return f"one of {n_classes}{''.join(others)}"
    match asked.type:
        case "choice":
            return _choices(asked)
        case "number":
            ends = (asked.lowest, asked.highest)
            known = [f"{end:g}" for end in ends if end is not None]
            return (
                f"a number from {' to '.join(known)}" if len(known) > 1 else "a number"
            )
        case "text":
            return "a text"
        case "json":
            return ""


def _choices(asked: Field) -> str:
    named = [f"“{asked.words[v]}”" if v in asked.words else v for v in asked.offered]
    if len(named) > _MOST_NAMED:
        return f"one of {len(named)} choices"
    if asked.measured_on != "nominal":
        return f"{named[0]} to {named[-1]}"
    return _either(named)


def _either(named: Sequence[str]) -> str:
    if len(named) < 2:
        return "".join(named)
    return f"{', '.join(named[:-1])} or {named[-1]}"
