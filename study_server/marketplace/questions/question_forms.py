"""QuestionForm documents as forms, and what was filled in as an answer document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree

from study_server.marketplace.questions.answer_limits import (
    CountLimits,
    Pattern,
    TextLimits,
)
from study_server.marketplace.questions.answers import write_form_answers
from study_server.marketplace.questions.xml_reading import (
    child,
    children,
    local_name,
    parse_xml,
    text_of,
)

OTHER: Final = "OtherSelectionText"
MEDIA: Final = ("image", "audio", "video")
TRUE: Final = ("true", "1")
_MANY: Final = ("checkbox", "list", "multichooser")
_MAX_LINES: Final = 40


@dataclass(frozen=True, kw_only=True)
class Content:
    """A piece of an Overview, of a question, or of a choice.

    Attributes:
        kind: "title", "text", "items", "link", "html", or one of `MEDIA`.
        text: What it says; an address for media, HTML for "html".
        items: Of a list.
        alt: What a medium shows, in words.
    """

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    alt: str = ""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice: its SelectionIdentifier, and what it shows."""

    identifier: str
    content: Content


@dataclass(frozen=True, kw_only=True)
class FreeText:
    """A field to write into.

    Attributes:
        limits: What may be written.
        n_lines: As suggested.
        default: What is there already.
    """

    limits: TextLimits = field(default_factory=TextLimits)
    n_lines: int = 1
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class FormField:
    """A question of the form.

    Attributes:
        name: Its QuestionIdentifier.
        heading: Its DisplayName.
        is_required: Whether it must be filled in.
        content: What is asked.
        options: The choices; empty for free text.
        is_multiple: Whether several may be chosen.
        is_dropdown: Whether the choices drop down.
        counts: How many may be chosen.
        text: What may be written: the answer, or the other choice (None: no other).
    """

    name: str
    heading: str = ""
    is_required: bool = False
    content: tuple[Content, ...] = ()
    options: tuple[Option, ...] = ()
    is_multiple: bool = False
    is_dropdown: bool = False
    counts: CountLimits = field(default_factory=CountLimits)
    text: FreeText | None = None

    @property
    def other_name(self) -> str:
        """The field of a form that holds the other choice."""
        return f"{self.name}.{OTHER}"

    def chosen(self, values: Mapping[str, Sequence[str]]) -> list[str]:
        """The identifiers that were sent and are choices."""
        known = {option.identifier for option in self.options}
        return [value for value in values.get(self.name, []) if value in known]

    def written(self, values: Mapping[str, Sequence[str]]) -> str:
        """What was written into its field; "" where it has none."""
        if self.text is None:
            return ""
        name = self.other_name if self.options else self.name
        return "|".join(values.get(name, []))


@dataclass(frozen=True, kw_only=True)
class QuestionForm:
    """A QuestionForm: overviews and questions in their order."""

    parts: tuple[tuple[tuple[Content, ...], FormField | None], ...]

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The questions."""
        return tuple(field for _, field in self.parts if field is not None)


def read_form(text: str) -> QuestionForm:
    """A form; the document was checked when it was posted.

    Raises:
        RequestError: If it is not XML.
    """
    root = parse_xml(text, what="QuestionForm")
    parts: list[tuple[tuple[Content, ...], FormField | None]] = []
    for entry in root:
        if local_name(entry) == "Overview":
            parts.append((_content(entry), None))
        elif local_name(entry) == "Question":
            parts.append(((), _field(entry)))
    return QuestionForm(parts=tuple(parts))


def complaints(
    form: QuestionForm, values: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Question to what is wrong with its answer; only those where something is."""
    found = {field.name: _complaint(field, values) for field in form.fields}
    return {name: words for name, words in found.items() if words}


def write_filled_in(form: QuestionForm, values: Mapping[str, Sequence[str]]) -> str:
    """The answer document of what was filled in: choices by their identifiers."""
    return write_form_answers(
        (field.name, _sent(field, values)) for field in form.fields
    )


def read_text_answer(free: etree._Element) -> FreeText:
    """A FreeTextAnswer, or the OtherSelection of a selection."""
    lines = text_of(child(free, "NumberOfLinesSuggestion"))
    return FreeText(
        limits=_limits(child(free, "Constraints")),
        n_lines=min(_count(lines) or 1, _MAX_LINES),
        default=text_of(child(free, "DefaultText")),
    )


def _sent(
    field: FormField, values: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    written = field.written(values)
    if not field.options:
        return [("FreeText", written)]
    chosen = [("SelectionIdentifier", each) for each in field.chosen(values)]
    return [*chosen, (OTHER, written)] if written else chosen


def _complaint(field: FormField, values: Mapping[str, Sequence[str]]) -> str:
    chosen, written = field.chosen(values), field.written(values)
    answers = [*chosen, *filter(None, [written])]
    if not answers:
        needed = "Please choose an answer." if field.options else "Please answer this."
        return needed if field.is_required else ""
    wrong = field.counts.complaint(answers) if field.options else ""
    if not wrong and written and field.text is not None:
        wrong = field.text.limits.complaint(written)
    return wrong


def _field(question: etree._Element) -> FormField:
    content = child(question, "QuestionContent")
    field = FormField(
        name=text_of(child(question, "QuestionIdentifier")),
        heading=text_of(child(question, "DisplayName")),
        is_required=text_of(child(question, "IsRequired")).lower() in TRUE,
        content=() if content is None else _content(content),
    )
    specification = child(question, "AnswerSpecification")
    if specification is None:
        return replace(field, text=FreeText())
    selection = child(specification, "SelectionAnswer")
    if selection is not None:
        return _with_selection(field, selection)
    free = child(specification, "FreeTextAnswer")
    return replace(field, text=FreeText() if free is None else read_text_answer(free))


def _with_selection(field: FormField, selection: etree._Element) -> FormField:
    style = text_of(child(selection, "StyleSuggestion"))
    least = text_of(child(selection, "MinSelectionCount"))
    most = text_of(child(selection, "MaxSelectionCount"))
    inside = child(selection, "Selections")
    entries = [] if inside is None else children(inside, "Selection")
    options = tuple(_option(entry) for entry in entries)
    counts = CountLimits(
        least=_count(least) or 0,
        most=_count(most) or (None if style in _MANY else 1),
    )
    other = child(selection, "OtherSelection")
    is_plain = all(option.content.kind == "text" for option in options)
    is_multiple = counts.most is None or counts.most > 1
    return replace(
        field,
        options=options,
        is_multiple=is_multiple,
        is_dropdown=style in ("dropdown", "combobox") and is_plain and not is_multiple,
        counts=counts,
        text=None if other is None else read_text_answer(other),
    )


def _option(entry: etree._Element) -> Option:
    identifier = child(entry, "SelectionIdentifier")
    shown = [_piece(each) for each in entry if each is not identifier]
    content = next(filter(None, shown), Content(kind="text"))
    return Option(identifier=text_of(identifier), content=content)


def _limits(constraints: etree._Element | None) -> TextLimits:
    if constraints is None:
        return TextLimits()
    number, length = child(constraints, "IsNumeric"), child(constraints, "Length")
    return TextLimits(
        is_numeric=number is not None,
        min_value=_number(number, "minValue"),
        max_value=_number(number, "maxValue"),
        min_length=_whole(length, "minLength"),
        max_length=_whole(length, "maxLength"),
        patterns=tuple(map(_pattern, children(constraints, "AnswerFormatRegex"))),
    )


def _pattern(element: etree._Element) -> Pattern:
    found = Pattern(source=element.get("regex", ""), flags=element.get("flags", ""))
    words = element.get("errorText", "")
    return replace(found, words=words) if words else found


def _number(element: etree._Element | None, name: str) -> float | None:
    text = None if element is None else element.get(name)
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _whole(element: etree._Element | None, name: str) -> int | None:
    return None if element is None else _count(element.get(name, ""))


def _count(text: str) -> int | None:
    """A count of a document that was stored before such things were checked, too."""
    is_one = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_one else None


def _content(holder: etree._Element) -> tuple[Content, ...]:
    found = [_piece(entry) for entry in holder]
    return tuple(entry for entry in found if entry is not None)


def _piece(entry: etree._Element) -> Content | None:
    name = local_name(entry)
    if name in ("Title", "Text"):
        return Content(kind=name.lower(), text=text_of(entry))
    if name == "List":
        items = tuple(text_of(item) for item in children(entry, "ListItem"))
        return Content(kind="items", items=items)
    if name in ("Binary", "EmbeddedBinary"):
        alt = text_of(child(entry, "AltText"))
        address = text_of(child(entry, "DataURL"))
        return Content(kind=medium_of(entry), text=address, alt=alt)
    if name == "FormattedContent":
        return Content(kind="html", text=text_of(entry))
    return None


def medium_of(entry: etree._Element) -> str:
    """Of a Binary or an EmbeddedBinary: the type before the slash; image if left out."""
    mime = next((e for e in entry if local_name(e).endswith("MimeType")), None)
    kind = "" if mime is None else text_of(child(mime, "Type")).lower()
    return kind or "image"
