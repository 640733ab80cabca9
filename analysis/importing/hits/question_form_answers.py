"""QuestionFormAnswers: what a worker's form held, out of XML nobody need trust.

Document types and entities are refused before anything is expanded: the format
has neither, bombs and external entities need both.

Source:
    Amazon Mechanical Turk API reference, "QuestionFormAnswers" (schema
    2005-10-01), restated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MAX_CHARACTERS: Final = 2_000_000
SEPARATOR: Final = "|"
_ROOT: Final = "QuestionFormAnswers"
_QUESTION: Final = "QuestionIdentifier"
_MAX_DEPTH: Final = 8
_VALUES: Final = (
    "FreeText",
    "SelectionIdentifier",
    "OtherSelectionText",
    "OtherSelectionField",
    "UploadedFileKey",
)
_NO_VALUE: Final = "UploadedFileSizeInBytes"


class AnswersError(ValueError):
    """Not QuestionFormAnswers, in words."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One Answer element, whatever its namespace.

    Attributes:
        question: Its QuestionIdentifier; empty where it has none.
        values: The text of each element inside it, in their order.
        unknown: Elements that the schema does not have there.
    """

    question: str
    values: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AnswerDocument:
    """What a document holds, not yet judged.

    Attributes:
        root: The name of its root element.
        answers: In their order.
    """

    root: str
    answers: tuple[Answer, ...]


def parse_answers(text: str) -> AnswerDocument:
    """The answers of a document as they stand: any root, any name, any number.

    Raises:
        AnswersError: If it is not XML, declares a document type or an entity, or is
            larger or deeper than an answer can be.
    """
    if len(text) > MAX_CHARACTERS:
        raise AnswersError(f"{len(text):,} characters; at most {MAX_CHARACTERS:,}")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.EntityDeclHandler = _refuse_declaration
    parser.ExternalEntityRefHandler = _refuse_declaration
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        # As text: a declaration of some other encoding would else be believed.
        parser.Parse(text.strip().encode(), True)
    except expat.ExpatError as error:
        raise AnswersError(f"not XML: {error}") from error
    except UnicodeEncodeError as error:
        raise AnswersError("not XML: not text that can be XML") from error
    return AnswerDocument(root=reader.root, answers=tuple(reader.answers))


def read_question_form_answers(text: str) -> dict[str, str]:
    """Question identifier to answer; several selections are joined by "|".

    Args:
        text: The XML document, as the service gives it in `Assignment.Answer`.

    Raises:
        AnswersError: If it is not such a document, to the letter.

    >>> read_question_form_answers(
    ...     "<QuestionFormAnswers><Answer><QuestionIdentifier>q</QuestionIdentifier>"
    ...     "<FreeText>yes &amp; no</FreeText></Answer></QuestionFormAnswers>"
    ... )
    {'q': 'yes & no'}
    """
    document = parse_answers(text)
    if document.root != _ROOT:
        raise AnswersError(f"expected {_ROOT}, got {document.root or 'nothing'}")
    found: dict[str, str] = {}
    for answer in document.answers:
        if not answer.question:
            raise AnswersError(f"an Answer without {_QUESTION}")
        if answer.question in found:
            raise AnswersError(f"question {answer.question!r} is answered twice")
        if answer.unknown:
            names = ", ".join(answer.unknown)
            raise AnswersError(f"question {answer.question!r} is answered by {names}")
        found[answer.question] = SEPARATOR.join(answer.values)
    return found


def _refuse_declaration(*_: object) -> int:
    raise AnswersError("declares a document type or entities, which is refused")


@dataclass
class _Reader:
    """Collects answers from the parser's events."""

    answers: list[Answer] = field(default_factory=list)
    root: str = ""
    _path: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _question: str = ""
    _values: list[str] = field(default_factory=list)
    _unknown: list[str] = field(default_factory=list)

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        local = name.rpartition(" ")[2]
        self.root = self.root or local
        self._path.append(local)
        self._text = []
        if len(self._path) > _MAX_DEPTH:
            raise AnswersError(f"more than {_MAX_DEPTH} elements inside each other")
        if local == "Answer":
            self._question, self._values, self._unknown = "", [], []

    def characters(self, text: str) -> None:
        """Text inside an element."""
        self._text.append(text)

    def end(self, _name: str) -> None:
        """An element ends."""
        local = self._path.pop()
        text = "".join(self._text)
        self._text = []
        if local == "Answer":
            self._keep()
        elif local == _QUESTION:
            self._question = text.strip()
        elif "Answer" in self._path and local != _NO_VALUE:
            self._values.append(text)
            if local not in _VALUES:
                self._unknown.append(local)

    def _keep(self) -> None:
        self.answers.append(
            Answer(
                question=self._question,
                values=tuple(self._values),
                unknown=tuple(self._unknown),
            )
        )
