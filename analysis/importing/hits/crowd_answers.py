"""What the answers of crowd HTML elements mean: one text per question.

A form of such elements sends one field, taskAnswers: a JSON list with one object,
question to value.

Source:
    Amazon SageMaker's reference of crowd HTML elements, the outputs of each element.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NoReturn

SEPARATOR: Final = "|"
# What tools that draw or mark put beside each other into one answer.
DRAWN: Final = (
    "boundingBoxes",
    "entities",
    "initialValueModified",
    "inputImageProperties",
    "instances",
    "keypoints",
    "labelMappings",
    "labeledImage",
    "lines",
    "polygons",
    "polylines",
)
_SHOWN: Final = 60
_EXPECTED: Final = (
    'text, a number, true or false, a list, {"label": …}, {"labels": […]}, boxes that '
    "are true or false, or what the drawing tools send"
)


class NotUnderstoodError(ValueError):
    """An answer that no crowd element sends, in words."""


def read_task_answers(text: str) -> dict[str, str]:
    """Question to answer, out of the JSON of a taskAnswers field.

    Raises:
        NotUnderstoodError: Naming the first answer that cannot be read.

    >>> read_task_answers('[{"category": {"label": "Cat"}, "seen": {"on": false}}]')
    {'category': 'Cat', 'seen': 'false'}
    """
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotUnderstoodError(
            "not the JSON list that the requester site writes"
        ) from error
    answers = found[0] if isinstance(found, list) and len(found) == 1 else None
    if not isinstance(answers, dict):
        raise NotUnderstoodError(
            f"expected a JSON list with one object in it, got {_cut(text)}"
        )
    return {name: _named(name, value) for name, value in answers.items()}


def _named(name: str, value: object) -> str:
    try:
        return answer_text(value)
    except NotUnderstoodError as error:
        raise NotUnderstoodError(f"{name!r} is {error}") from error


def answer_text(value: object) -> str:
    """One answer as text: a category, ticked boxes joined by "|", else JSON.

    A box of its own is "true" or "false"; a list stays a JSON list, what was drawn
    stays a JSON object, its keys in order, so that equal answers are equal texts.

    Raises:
        NotUnderstoodError: If it is nothing that a crowd element sends.

    >>> answer_text({"cat": True, "dog": True, "fox": False})
    'cat|dog'
    >>> answer_text({"labels": ["Cat", "Dog"]})
    '["Cat", "Dog"]'
    """
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, dict):
        return _as_json(value)
    if value and all(isinstance(state, bool) for state in value.values()):
        return _boxes(value)
    if set(value) == {"label"} and isinstance(value["label"], str | None):
        return value["label"] or ""
    if set(value) == {"labels"} and isinstance(value["labels"], list):
        return _as_json(value["labels"])
    if value and all(key in DRAWN or key.startswith("AWS/") for key in value):
        return _as_json(value)
    raise NotUnderstoodError(f"{_cut(_as_json(value))}; expected {_EXPECTED}")


def _boxes(states: Mapping[str, bool]) -> str:
    """Several boxes or buttons by the names of those ticked; one by its state."""
    if len(states) == 1:
        return _as_json(next(iter(states.values())))
    return SEPARATOR.join(name for name, is_on in states.items() if is_on)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
