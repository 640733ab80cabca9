"""What participants read where a study file says nothing else.

Consent, instructions, content warning and debriefing are Markdown, all else is
plain. Instructions, question wording and comprehension questions come from the
paradigm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from study_server.services.page_texts import PAGE_TEXTS

CONSENT_PLACEHOLDERS: Final = (
    "title",
    "version",
    "duration",
    "ethics_body",
    "protocol_number",
    "contact",
    "risks",
    "data_use",
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

# One paragraph per entry; a paragraph whose placeholder is empty is left out.
DEFAULT_CONSENT: Final = (
    "You are invited to take part in a research study: **{title}**",
    "You will look at pictures and answer a short question about each.",
    "It takes {duration}.",
    "**It is voluntary.** You can stop at any time by choosing “Withdraw” at the foot "
    "of every page, without giving a reason.",
    "**Risks.** {risks}",
    "**Your data.** {data_use}",
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

# What a text says in braces is filled in where it is shown.
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def unknown_placeholders(text: str) -> list[str]:
    """The names in braces that a consent text may not use."""
    found = _PLACEHOLDER.findall(text)
    return sorted({name for name in found if name not in CONSENT_PLACEHOLDERS})


def placeholders(text: str) -> set[str]:
    """The names in braces in a text."""
    return set(_PLACEHOLDER.findall(text))


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
        if all(values[name] for name in _PLACEHOLDER.findall(paragraph))
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


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], text)
