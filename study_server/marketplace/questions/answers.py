"""Answers as QuestionFormAnswers documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from lxml import etree

from study_server.marketplace.errors import RequestError
from study_server.marketplace.questions.xml_reading import (
    child,
    children,
    parse_xml,
    text_of,
)

NAMESPACE: Final = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/"
    "2005-10-01/QuestionFormAnswers.xsd"
)
_DECLARATION: Final = '<?xml version="1.0" encoding="ASCII"?>\n'
# XML 1.0 has no way to write these.
_UNWRITABLE: Final = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


def write_answers(fields: Iterable[tuple[str, str]]) -> str:
    """What a form sent as the document requesters get.

    Values of the same name are joined by "|", as check boxes are.
    """
    joined: dict[str, list[str]] = {}
    for name, value in fields:
        joined.setdefault(_clean(name), []).append(_clean(value))
    return _document(
        (name, [("FreeText", "|".join(values))]) for name, values in joined.items()
    )


def write_form_answers(answers: Iterable[tuple[str, list[tuple[str, str]]]]) -> str:
    """Answers to a QuestionForm.

    Args:
        answers: Identifier, and what was answered: each "FreeText",
            "SelectionIdentifier" or "OtherSelectionText" with its text.
    """
    return _document(answers)


def read_answers(text: str | None) -> dict[str, frozenset[str]]:
    """Values per question of a QuestionFormAnswers document, spaces trimmed.

    Text that is joined by "|" counts as several values.
    """
    if not text:
        return {}
    try:
        root = parse_xml(text, what="Answer")
    except RequestError:
        return {}
    found = {}
    for answer in children(root, "Answer"):
        chosen = [
            text_of(each)
            for kind in ("SelectionIdentifier", "OtherSelectionText")
            for each in children(answer, kind)
        ]
        free = child(answer, "FreeText")
        values = text_of(free).split("|") if free is not None else chosen
        name = text_of(child(answer, "QuestionIdentifier"))
        found[name] = frozenset(value.strip() for value in values)
    return found


def as_table(text: str | None) -> Mapping[str, str]:
    """Question and answer, for people to read."""
    return {name: ", ".join(sorted(v)) for name, v in read_answers(text).items()}


def _document(answers: Iterable[tuple[str, list[tuple[str, str]]]]) -> str:
    root = etree.Element("QuestionFormAnswers", nsmap={None: NAMESPACE})
    for name, values in answers:
        answer = etree.SubElement(root, "Answer")
        etree.SubElement(answer, "QuestionIdentifier").text = name
        for kind, value in values:
            etree.SubElement(answer, kind).text = _clean(value)
    # As the service wrote it: ASCII, everything else as character references.
    written: bytes = etree.tostring(root, encoding="ASCII")
    return _DECLARATION + written.decode("ascii")


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
