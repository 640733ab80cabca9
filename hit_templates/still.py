"""A trial as people saw it, as a page that stands still: nothing to press, no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from hit_templates.base import Paradigm, TrialView
from hit_templates.rendering import render_trial
from hit_templates.sheet import sheet_css, squeeze
from stimuli.manifest import ClassInfo

# Buttons wait for a script to be freed; here none comes, and they must not look off.
_STILL: Final = (
    "body{pointer-events:none}.still{height:100vh;display:flex;flex-direction:column}"
    ".still .sl-stage{margin-top:0}"
    ".sl-choice:disabled,.sl-submit:disabled{opacity:1}"
)
_PAGE: Final = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    '<style>{css}</style></head><body><div class="still">'
    '<div class="sl-stage">{trial}</div></div></body></html>'
)


def configured(paradigm: Paradigm, study_file: Mapping[str, Any]) -> Paradigm:
    """The paradigm as a study file's own section wants it.

    Raises:
        pydantic.ValidationError: If that section does not fit the paradigm.
    """
    if paradigm.settings_model is None:
        return paradigm
    section = study_file.get(paradigm.name) or {}
    read = paradigm.settings_model.model_validate(section)
    return paradigm.configure(read.model_dump(mode="json"))


def still_view(
    *,
    question: str,
    classes: Iterable[Mapping[str, str]],
    images: Mapping[str, str],
    texts: Mapping[str, str],
) -> TrialView:
    """A trial to be shown from records that are no trial of a set any more.

    Args:
        question: The trial's question.
        classes: With id, name and gloss, in the order shown.
        images: Slot name to the image's address.
        texts: The study's own wording.
    """
    return TrialView(
        question=question,
        classes=tuple(
            ClassInfo(id=info["id"], name=info["name"], gloss=info["gloss"])
            for info in classes
        ),
        images=images,
        texts=texts,
    )


def render_still(
    paradigm: Paradigm, view: TrialView, *, title: str, language: str = "en"
) -> str:
    """The whole document, in the frame of a self-contained page.

    Args:
        paradigm: The way of asking, configured.
        view: The trial; its images are addresses that need no server (data:).
        title: Names the document for those who do not see it.
        language: Of the texts.
    """
    return _PAGE.format(
        language=escape(language, quote=True),
        title=escape(title),
        css=sheet_css(paradigm.name) + _STILL,
        trial=squeeze(str(render_trial(paradigm, view))),
    )
