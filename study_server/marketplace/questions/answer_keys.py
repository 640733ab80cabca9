"""The score of a Qualification test, from its AnswerKey."""

from __future__ import annotations

from typing import Final

from lxml import etree

from study_server.marketplace.questions.answers import read_answers
from study_server.marketplace.questions.xml_reading import (
    child,
    children,
    local_name,
    parse_xml,
    schema_error,
    text_of,
)
from study_server.webkit.reading import read_whole_number

_MOST: Final = 1_000_000_000


def read_answer_key(text: str) -> etree._Element:
    """An AnswerKey document.

    Raises:
        RequestError: If it is something else.
    """
    root = parse_xml(text, what="AnswerKey")
    if local_name(root) != "AnswerKey":
        raise schema_error(
            "AnswerKey",
            f"expected AnswerKey, got {local_name(root)!r}",
            rule="answer-key-kind",
        )
    for question in children(root, "Question"):
        if not text_of(child(question, "QuestionIdentifier")):
            raise schema_error("AnswerKey", "a Question has no QuestionIdentifier")
    return root


def score_test(answer_key: str, answer: str) -> int:
    """The Qualification's value for these answers.

    Every question gives the score of the first AnswerOption whose selections are
    exactly those chosen, or its DefaultScore. A QualificationValueMapping then makes
    a percentage, a range's value or a scaled value of the sum.
    """
    root = read_answer_key(answer_key)
    given = read_answers(answer)
    questions = children(root, "Question")
    total = sum(_score(question, given) for question in questions)
    mapping = child(root, "QualificationValueMapping")
    return total if mapping is None else _mapped(mapping, total)


def _score(question: etree._Element, given: dict[str, frozenset[str]]) -> int:
    chosen = given.get(text_of(child(question, "QuestionIdentifier")), frozenset())
    for option in children(question, "AnswerOption"):
        wanted = {text_of(c) for c in children(option, "SelectionIdentifier")}
        if wanted == chosen:
            return _number(option, "AnswerScore")
    return _number(question, "DefaultScore")


def _mapped(mapping: etree._Element, total: int) -> int:
    percentage = child(mapping, "PercentageMapping")
    if percentage is not None:
        most = _number(percentage, "MaximumSummedScore")
        return round(100 * total / most) if most else 0
    scale = child(mapping, "ScaleMapping")
    if scale is not None:
        return int(total * _multiplier(text_of(child(scale, "SummedScoreMultiplier"))))
    ranges = child(mapping, "RangeMapping")
    if ranges is None:
        return total
    for entry in children(ranges, "SummedScoreRange"):
        low = _number(entry, "InclusiveLowerBound")
        high = _number(entry, "InclusiveUpperBound")
        if low <= total <= high:
            return _number(entry, "QualificationValue")
    return _number(ranges, "OutOfRangeQualificationValue")


def _multiplier(text: str) -> float:
    try:
        return max(-_MOST, min(_MOST, float(text or 1)))
    except ValueError:
        return 1.0


def _number(element: etree._Element, name: str) -> int:
    text = text_of(child(element, name))
    return read_whole_number(text, least=-_MOST, most=_MOST) or 0
