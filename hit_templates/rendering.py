"""Trials and instructions as HTML, the same for every frame around them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    FunctionLoader,
    StrictUndefined,
)
from markupsafe import Markup

from hit_templates.base import (
    FOLDER,
    Paradigm,
    Question,
    TrialView,
    find_paradigms,
    folder_of,
)


def render_trial(paradigm: Paradigm, view: TrialView) -> Markup:
    """The trial's fragment: images by slot, the question, the controls."""
    return _render(
        f"{paradigm.name}/trial.html",
        view=view,
        texts=texts_of(paradigm, view.texts),
        position_of=class_positions(view),
        **paradigm.arrange(view),
    )


def render_instructions(
    paradigm: Paradigm,
    texts: Mapping[str, str],
    *,
    conditions: Collection[str] = (),
) -> Markup:
    """The paradigm's own instructions, in the wording the trials use.

    Args:
        paradigm: The way of asking.
        texts: The study's own wording, over the paradigm's defaults.
        conditions: Those of the trials that follow.
    """
    return _render(
        f"{paradigm.name}/instructions.html",
        texts=texts_of(paradigm, texts),
        conditions=frozenset(conditions),
        **paradigm.describe(),
    )


def texts_of(paradigm: Paradigm, own: Mapping[str, str]) -> dict[str, str]:
    """The study's wording over the paradigm's; what is left empty counts as unset."""
    return {
        **paradigm.default_texts,
        **{name: text for name, text in own.items() if text},
    }


def worded(paradigm: Paradigm, own: Mapping[str, str]) -> dict[str, Question]:
    """The questions by name, in the words people read.

    Args:
        paradigm: As the study wants it.
        own: The study's own wording, over the paradigm's defaults.
    """
    texts = texts_of(paradigm, own)
    return {name: asked.worded(texts) for name, asked in paradigm.questions.items()}


def declaration(
    paradigm: Paradigm, own: Mapping[str, str], *, classes: Mapping[str, str]
) -> dict[str, Any]:
    """The same as a bundle holds it, as `questions.question_from_json` reads it.

    Args:
        paradigm: As the study wants it.
        own: The study's own wording, over the paradigm's defaults.
        classes: Id to name of the classes asked about, for fields that take them.
    """
    return {
        name: asked.with_classes(classes).as_json()
        for name, asked in worded(paradigm, own).items()
    }


def class_positions(view: TrialView) -> dict[str, int]:
    """Class id to its index in the trial, which stores ids sorted.

    A view shows classes shuffled; fields named by index must not say where.
    """
    ids = sorted(info.id for info in view.classes)
    return {class_id: index for index, class_id in enumerate(ids)}


def _of_others(name: str) -> str | None:
    """A template of another package's paradigm, "<paradigm>/trial.html"."""
    paradigm, _, file = name.partition("/")
    if paradigm not in find_paradigms():
        return None
    path = folder_of(paradigm) / file
    return path.read_text("utf-8") if path.is_file() else None


@cache
def _environment() -> Environment:
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(FOLDER), FunctionLoader(_of_others)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(name: str, **context: object) -> Markup:
    # The environment escapes everything it is given.
    return Markup(_environment().get_template(name).render(**context))  # noqa: S704
