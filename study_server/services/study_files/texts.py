"""What participants read where a study file says nothing else.

Consent, instructions, content warning and debriefing are Markdown, all else is
plain. Instructions, question wording and comprehension questions come from the
paradigm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from markupsafe import Markup, escape

from study_server.services.study_files.page_texts import PAGE_TEXTS

CONSENT_PLACEHOLDERS: Final = (
    "title",
    "version",
    "duration",
    "ethics_body",
    "protocol_number",
    "contact",
    "risks",
    "data_use",
    "minimum_age",
    "partial_work",
    "later_use",
    "machine_writing",
)

DEFAULT_RISKS: Final = (
    "We know of no risks beyond those of looking at pictures on a screen."
)

DEFAULT_DATA_USE: Final = (
    "We keep what you answer, how long each answer took and how the pictures were "
    "displayed. Your answers are stored under a random number, apart from any id "
    "that the site that sent you here gave us. The answers, without such ids, may "
    "be published so that others can check the research."
)

# What the recruiters of a study file pay for it follows.
PARTIAL_WORK: Final = "What you have done until then is kept but not used."

DEFAULT_LATER_USE: Final = (
    "Your answers may also serve later studies that ask the same question about the "
    "same pictures."
)

DEFAULT_MACHINE_WRITING: Final = (
    "Please write in your own words wherever you are asked to write. The researchers "
    "may look at such texts for signs that a program wrote them."
)

# One paragraph per entry; a paragraph whose placeholder is empty is left out.
DEFAULT_CONSENT: Final = (
    "You are invited to take part in a research study: **{title}**",
    "You will look at pictures and answer a short question about each.",
    "It takes {duration}.",
    "To take part you must be at least {minimum_age} years old.",
    "**It is voluntary.** You can stop at any time by choosing “Withdraw” at the foot "
    "of every page, without giving a reason.",
    "**If you stop early.** {partial_work}",
    "**Risks.** {risks}",
    "**Your data.** {data_use}",
    "**Later studies.** {later_use}",
    "**What you write.** {machine_writing}",
    "**Ethics review.** This study was reviewed by {ethics_body}.",
    "**Protocol number.** {protocol_number}",
    "**Questions or complaints.** {contact}",
)

# Texts of the server's own pages; an empty content warning or debriefing leaves
# its page out.
SERVER_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **PAGE_TEXTS,
        "instructions": "You will see pictures one at a time. Answer the question "
        "below each picture as well as you can.",
        "content_warning": "",
        "debriefing": "Thank you. The pictures you saw had been labelled by a computer "
        "program. Your answers, together with those of others, show which of its "
        "labels people find right. Some pictures had a known answer, to check that "
        "the question was clear.",
    }
)

_MAY_BE_EMPTY: Final = ("content_warning", "debriefing", "instructions")

# Written from right to left, by language; a script named in the tag decides first.
_RIGHT_TO_LEFT: Final = frozenset(
    {"ar", "arc", "azb", "ckb", "dv", "fa", "glk", "he", "iw", "ks", "lrc", "mzn"}
    | {"nqo", "pnb", "prs", "ps", "rhg", "sd", "skr", "syr", "ug", "ur", "yi"}
)
_RIGHT_TO_LEFT_SCRIPTS: Final = frozenset(
    {"adlm", "arab", "aran", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"}
)
_SCRIPT_LENGTH: Final = 4

# What a text says in braces is filled in where it is shown.
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def unknown_placeholders(text: str) -> list[str]:
    """The names in braces that a consent text may not use."""
    found = _PLACEHOLDER.findall(text)
    return sorted({name for name in found if name not in CONSENT_PLACEHOLDERS})


def placeholders(text: str) -> set[str]:
    """The names in braces in a text."""
    return set(_PLACEHOLDER.findall(text))


def consent_values(title: str, consent: Mapping[str, object]) -> dict[str, str]:
    """What fills the places of a consent text, from the study file's section."""
    given = {name: consent.get(name) for name in CONSENT_PLACEHOLDERS}
    words = {name: "" if value is None else str(value) for name, value in given.items()}
    return {**words, "title": title}


def consent_text(template: str | None, values: Mapping[str, str]) -> str:
    """The consent text people read.

    Args:
        template: The study's own text, or None for the default.
        values: One text per name of `CONSENT_PLACEHOLDERS`; may be empty.
    """
    if template is not None:
        return _fill(template, values)
    kept = [
        paragraph
        for paragraph in DEFAULT_CONSENT
        if all(values.get(name) for name in _PLACEHOLDER.findall(paragraph))
    ]
    return "\n\n".join(_fill(paragraph, values) for paragraph in kept)


def all_texts(own: Mapping[str, str]) -> dict[str, str]:
    """Every wording of the server's pages, the study's own first.

    A study stored by an earlier version lacks keys that came later; a text left
    empty counts as unset, except where that leaves a page out.
    """
    kept = {
        key: text for key, text in own.items() if text.strip() or key in _MAY_BE_EMPTY
    }
    return {**SERVER_TEXTS, **kept}


def fill(text: str, **places: object) -> str:
    """A text with its places filled; other braces stay."""
    values = {name: str(value) for name, value in places.items()}
    return _PLACEHOLDER.sub(lambda m: values.get(m.group(1), m.group(0)), text)


def fill_page(text: str, **places: object) -> Markup:
    """A text of a page with its places filled, each kept apart.

    What is filled in may be written the other way round than the text: without the
    mark around it, a browser mixes up the order of the words of both.
    """
    isolated = {
        name: Markup("<bdi>{}</bdi>").format(value) for name, value in places.items()
    }
    # Braces are no character that HTML escapes, so the places are still there.
    return Markup(fill(str(escape(text)), **isolated))  # noqa: S704 - escaped above


def direction_of(language: str) -> Literal["ltr", "rtl"]:
    """Which way a language is written, by its tag as HTML names it.

    >>> direction_of("he"), direction_of("ar-EG"), direction_of("pt-BR")
    ('rtl', 'rtl', 'ltr')
    >>> direction_of("az-Arab"), direction_of("ur-Latn")
    ('rtl', 'ltr')
    """
    first, *rest = language.lower().split("-")
    script = next((part for part in rest if len(part) == _SCRIPT_LENGTH), None)
    if script is not None and script.isalpha():
        return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if first in _RIGHT_TO_LEFT else "ltr"


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], text)
