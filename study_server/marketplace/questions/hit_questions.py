"""The Question of a HIT: what workers are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from study_server.marketplace.questions.html_questions import check_markup
from study_server.marketplace.questions.question_form_checks import check_form
from study_server.marketplace.questions.xml_reading import (
    child,
    local_name,
    parse_xml,
    schema_error,
    text_of,
)

KINDS: Final = ("ExternalQuestion", "HTMLQuestion", "QuestionForm")
_SCHEMA_HOST: Final = "mechanicalturk.amazonaws.com"
_MAX_FRAME_HEIGHT: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class HitQuestion:
    """What a HIT shows.

    Attributes:
        kind: One of `KINDS`.
        url: Of an ExternalQuestion.
        html: Of an HTMLQuestion.
        frame_height: Pixels; 0 lets the site choose.
        root: The document, for a QuestionForm.
    """

    kind: str
    url: str = ""
    html: str = ""
    frame_height: int = 0
    root: etree._Element | None = None


def read_question(text: str) -> HitQuestion:
    """The question of a HIT.

    Raises:
        RequestError: If it is not XML, or not one of the three documents.
    """
    root = parse_xml(text, what="Question")
    kind = local_name(root)
    namespace = etree.QName(root).namespace or ""
    if kind not in KINDS or not _is_schema(namespace, kind):
        raise schema_error(
            "Question",
            f"expected {', '.join(KINDS)} in its namespace of {_SCHEMA_HOST}, "
            f"got {kind!r} in {namespace or 'no namespace'!r}",
            rule="question-kind",
        )
    if kind == "QuestionForm":
        return _read_form(root)
    return _read_framed(root, kind)


def read_test(text: str) -> etree._Element:
    """A Qualification test, which must be a QuestionForm.

    Raises:
        RequestError: If it is something else.
    """
    root = parse_xml(text, what="Test")
    if local_name(root) != "QuestionForm":
        raise schema_error(
            "Test",
            f"expected QuestionForm, got {local_name(root)!r}",
            rule="test-kind",
        )
    _read_form(root)
    check_form(root)
    return root


def check_can_be_done(question: HitQuestion) -> None:
    """Refuse what workers could not do here, told when it is posted.

    Raises:
        RequestError: Naming the elements.
    """
    if question.kind == "HTMLQuestion":
        check_markup(question.html)
    elif question.root is not None:
        check_form(question.root)


def _read_framed(root: etree._Element, kind: str) -> HitQuestion:
    wanted = "ExternalURL" if kind == "ExternalQuestion" else "HTMLContent"
    _check_children(root, [wanted, "FrameHeight"])
    content = text_of(child(root, wanted))
    frame_height = _frame_height(text_of(child(root, "FrameHeight")))
    if not content:
        raise schema_error("Question", f"{wanted} is empty")
    if kind == "HTMLQuestion":
        return HitQuestion(kind=kind, html=content, frame_height=frame_height)
    _check_url(content)
    return HitQuestion(kind=kind, url=content, frame_height=frame_height)


def _frame_height(text: str) -> int:
    """Pixels; a number that no screen has is the largest that is shown."""
    if not (text.isascii() and text.isdigit()):
        raise schema_error("Question", f"FrameHeight: expected pixels, got {text!r}")
    is_long = len(text) > len(str(_MAX_FRAME_HEIGHT))
    return _MAX_FRAME_HEIGHT if is_long else min(int(text), _MAX_FRAME_HEIGHT)


def _check_children(root: etree._Element, names: Sequence[str]) -> None:
    found = [local_name(entry) for entry in root]
    if found != list(names):
        raise schema_error(
            "Question",
            f"{local_name(root)}: expected {' and '.join(names)}, got "
            f"{', '.join(found) or 'nothing'}",
        )


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        is_good = False
    if not is_good:
        raise schema_error(
            "Question", f"ExternalURL: expected an https address, got {url!r}"
        )


def _read_form(root: etree._Element) -> HitQuestion:
    asked = [entry for entry in root if local_name(entry) == "Question"]
    names = [text_of(child(entry, "QuestionIdentifier")) for entry in asked]
    if not asked:
        raise schema_error("QuestionForm", "it asks no Question")
    if "" in names or len(set(names)) < len(names):
        raise schema_error(
            "QuestionForm", "every Question needs a QuestionIdentifier of its own"
        )
    for entry, name in zip(asked, names, strict=True):
        if child(entry, "AnswerSpecification") is None:
            raise schema_error("QuestionForm", f"{name} has no AnswerSpecification")
        if entry.find(".//{*}FileUploadAnswer") is not None:
            raise schema_error(
                "QuestionForm",
                f"{name} asks for a file: FileUploadAnswer was taken out of the API in "
                "December 2017; let workers upload to your own storage instead",
                rule="no-files",
            )
    return HitQuestion(kind="QuestionForm", root=root)


def _is_schema(namespace: str, kind: str) -> bool:
    return _SCHEMA_HOST in namespace and namespace.endswith(f"{kind}.xsd")
