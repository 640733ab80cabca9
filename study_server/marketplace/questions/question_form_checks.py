"""Whether a QuestionForm can be drawn and held to here: told when it is posted.

Source:
    Amazon Mechanical Turk API reference, "QuestionForm", restated: what the schema
    has, and what of it this marketplace refuses because it would be ignored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from lxml import etree

from study_server.marketplace.questions.answer_limits import Pattern
from study_server.marketplace.questions.question_forms import MEDIA, TRUE, medium_of
from study_server.marketplace.questions.xml_reading import (
    child,
    children,
    local_name,
    schema_error,
    text_of,
)

_CONTENT: Final = (
    "Title",
    "Text",
    "List",
    "Binary",
    "EmbeddedBinary",
    "FormattedContent",
)
_QUESTION: Final = (
    "QuestionIdentifier",
    "DisplayName",
    "IsRequired",
    "QuestionContent",
    "AnswerSpecification",
)
_FREE_TEXT: Final = ("Constraints", "DefaultText", "NumberOfLinesSuggestion")
_CONSTRAINTS: Final = ("IsNumeric", "Length", "AnswerFormatRegex")
_SELECTION: Final = (
    "MinSelectionCount",
    "MaxSelectionCount",
    "StyleSuggestion",
    "Selections",
    "OtherSelection",
)
_CHOICE: Final = ("SelectionIdentifier", "Text", "FormattedContent", "Binary")
_STYLES: Final = (
    "radiobutton",
    "dropdown",
    "checkbox",
    "list",
    "combobox",
    "multichooser",
)
_GONE: Final = "Java applets and Flash are drawn by no browser any more"


def check_form(root: etree._Element) -> None:
    """Refuse what could be neither drawn nor enforced.

    Raises:
        RequestError: Naming the question and the element.
    """
    _check_known(root, ("Overview", "Question"), where="QuestionForm")
    for overview in children(root, "Overview"):
        _check_content(overview, where="Overview")
    for question in children(root, "Question"):
        _check_question(question)


def _check_question(question: etree._Element) -> None:
    name = text_of(child(question, "QuestionIdentifier"))
    _check_known(question, _QUESTION, where=name)
    required = text_of(child(question, "IsRequired")).lower()
    if required not in ("", *TRUE, "false", "0"):
        raise _refused(name, f"IsRequired: expected true or false, got {required!r}")
    content = child(question, "QuestionContent")
    if content is not None:
        _check_content(content, where=name)
    specification = child(question, "AnswerSpecification")
    kinds = [] if specification is None else [local_name(e) for e in specification]
    if specification is None or kinds not in (["FreeTextAnswer"], ["SelectionAnswer"]):
        raise _refused(
            name,
            "AnswerSpecification: expected FreeTextAnswer or SelectionAnswer, got "
            f"{', '.join(kinds) or 'nothing'}",
        )
    if kinds == ["FreeTextAnswer"]:
        _check_free_text(specification[0], where=name)
    else:
        _check_selection(specification[0], where=name)


def _check_content(holder: etree._Element, *, where: str) -> None:
    if child(holder, "Application") is not None:
        raise _refused(where, f"Application: {_GONE}", rule="not-drawn")
    _check_known(holder, _CONTENT, where=where)
    for entry in holder:
        _check_medium(entry, where=where)


def _check_medium(entry: etree._Element, *, where: str) -> None:
    name = local_name(entry)
    if name not in ("Binary", "EmbeddedBinary"):
        return
    if medium_of(entry) not in MEDIA:
        raise _refused(
            where,
            f"{name} of type {medium_of(entry)!r}: {', '.join(MEDIA)} are shown",
            rule="not-drawn",
        )
    if not text_of(child(entry, "DataURL")):
        raise _refused(where, f"{name} without DataURL")


def _check_free_text(answer: etree._Element, *, where: str) -> None:
    _check_known(answer, _FREE_TEXT, where=where)
    lines = text_of(child(answer, "NumberOfLinesSuggestion"))
    _read(lines or "1", _count, name="NumberOfLinesSuggestion", where=where)
    constraints = child(answer, "Constraints")
    if constraints is None:
        return
    _check_known(constraints, _CONSTRAINTS, where=where)
    for number in children(constraints, "IsNumeric"):
        _check_bounds(number, ("minValue", "maxValue"), where=where, read=_real)
    for length in children(constraints, "Length"):
        _check_bounds(length, ("minLength", "maxLength"), where=where, read=_count)
    for pattern in children(constraints, "AnswerFormatRegex"):
        try:
            Pattern(
                source=pattern.get("regex", ""), flags=pattern.get("flags", "")
            ).compiled()
        except ValueError as error:
            raise _refused(where, f"AnswerFormatRegex, {error}") from error


def _check_bounds(
    element: etree._Element,
    names: tuple[str, str],
    *,
    where: str,
    read: Callable[[str], float],
) -> None:
    texts = [element.get(name) for name in names]
    bounds = [
        None if text is None else _read(text, read, name=name, where=where)
        for name, text in zip(names, texts, strict=True)
    ]
    low, high = bounds
    if low is not None and high is not None and not low <= high:
        raise _refused(where, f"{names[0]} is above {names[1]}")


def _read(text: str, read: Callable[[str], float], *, name: str, where: str) -> float:
    try:
        return read(text)
    except ValueError as error:
        raise _refused(
            where, f"{name}: expected a number, got {text[:40]!r}"
        ) from error


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError(text)
    return int(text)


def _check_selection(answer: etree._Element, *, where: str) -> None:
    _check_known(answer, _SELECTION, where=where)
    style = text_of(child(answer, "StyleSuggestion"))
    if style not in ("", *_STYLES):
        raise _refused(
            where, f"StyleSuggestion {style!r}: expected {', '.join(_STYLES)}"
        )
    inside = child(answer, "Selections")
    entries = [] if inside is None else children(inside, "Selection")
    if not entries:
        raise _refused(where, "Selections: no Selection to choose from")
    names = [text_of(child(entry, "SelectionIdentifier")) for entry in entries]
    if "" in names or len(set(names)) < len(names):
        raise _refused(where, "every Selection needs a SelectionIdentifier of its own")
    for entry in entries:
        _check_choice(entry, where=where)
    other = child(answer, "OtherSelection")
    if other is not None:
        _check_free_text(other, where=where)
    _check_counts(answer, n_choices=len(entries) + (other is not None), where=where)


def _check_choice(entry: etree._Element, *, where: str) -> None:
    _check_known(entry, _CHOICE, where=where)
    if len(entry) != 2:
        raise _refused(where, f"a Selection shows one of {', '.join(_CHOICE[1:])}")
    for each in entry:
        _check_medium(each, where=where)


def _check_counts(answer: etree._Element, *, n_choices: int, where: str) -> None:
    found = {name: text_of(child(answer, name)) for name in _SELECTION[:2]}
    least, most = (
        _read(text or str(default), _count, name=name, where=where)
        for (name, text), default in zip(found.items(), (0, n_choices), strict=True)
    )
    if not (least <= n_choices and most >= 1 and least <= most):
        raise _refused(
            where,
            f"{least:g} to {most:g} of {n_choices} choices can be chosen by nobody",
        )


def _check_known(holder: etree._Element, names: Iterable[str], *, where: str) -> None:
    known = tuple(names)
    strange = [local_name(e) for e in holder if local_name(e) not in known]
    if strange:
        raise _refused(
            where,
            f"{local_name(holder)} holds {', '.join(strange)}, which this marketplace "
            f"does not draw; it knows {', '.join(known)}",
        )


def _refused(where: str, why: str, *, rule: str = "schema") -> Exception:
    return schema_error("QuestionForm", f"{where}: {why}", rule=rule)
