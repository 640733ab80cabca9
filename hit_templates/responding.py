"""What guessers, one-sided and simulated people do with a declared field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np

from hit_templates.questions import Field, Question

Competence = Literal["careful", "hasty", "yes-sayer", "random", "robot"]

SHARE_RIGHT: Final[Mapping[str, float]] = {"careful": 0.95, "hasty": 0.80}
# Of the median time of a careful person.
PACE: Final[Mapping[Competence, float]] = {
    "careful": 1.0,
    "hasty": 0.4,
    "yes-sayer": 0.45,
    "random": 0.3,
    "robot": 0.07,
}
_USUAL_RANGE: Final = (0.0, 100.0)


def chance(asked: Field) -> float:
    """How often a guess meets the key: once among the choices, never otherwise."""
    return 1 / len(asked.offered) if asked.offered else 0.0


def chance_one_sided(asked: Field, right: object) -> float:
    """How often people meet the key who always choose the same.

    No better than chance where nothing is said of them: places are shuffled then.
    """
    if not asked.one_sided:
        return chance(asked)
    return float(asked.one_sided == right)


def one_sided_words(question: Question, texts: Mapping[str, str]) -> str:
    """What one-sided people do, after the word "who".

    >>> side = Field(name="side", type="choice", choices=("l", "r"), description="",
    ...              words={"l": "left"}, one_sided="l")
    >>> one_sided_words(Question(name="q", fields=(side,)), {"left": "Left"})
    'always choose “Left”'
    """
    if question.one_sided:
        return question.one_sided
    sided = next((each for each in question.fields if each.one_sided), None)
    if sided is None:
        return "always choose the same place"
    said = texts.get(sided.words.get(sided.one_sided, ""), sided.one_sided)
    return f"always choose “{said}”"


def respond(
    asked: Field,
    *,
    right: object,
    share_right: float | None,
    is_one_sided: bool,
    rng: np.random.Generator,
) -> Any:  # noqa: ANN401 - a value of the field's type
    """What somebody enters in a field.

    Args:
        asked: The field.
        right: What would be right; None where nothing is.
        share_right: How often they are right; None for people who do not try.
        is_one_sided: Whether they always choose the same.
        rng: Decides the rest.
    """
    if is_one_sided and asked.one_sided:
        return asked.one_sided
    is_right = right is not None and share_right is not None
    if is_right and rng.random() < float(share_right or 0):
        return right
    match asked.type:
        case "choice":
            wrong = [value for value in asked.offered if not is_right or value != right]
            return wrong[int(rng.integers(len(wrong)))]
        case "number":
            low, high = (
                usual if end is None else end
                for usual, end in zip(
                    _USUAL_RANGE, (asked.lowest, asked.highest), strict=True
                )
            )
            return round(float(rng.uniform(low, max(low, high))), 3)
        case "text":
            return "text of a simulated participant"
        case "json":
            return {}
