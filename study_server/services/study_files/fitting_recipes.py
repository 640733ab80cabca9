"""Which recipes fit a way of asking, and how the files of such a study begin."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

from hit_templates.base import Paradigm, find_paradigms, folder_of
from hit_templates.fitting import can_be_checked, fitting_questions, needs_of
from hit_templates.questions import Question
from stimuli.files.text import read_toml
from stimuli.starters import Starter, find_starters

_UNCHECKED: Final = """
[controls]                # nobody can be right or wrong here, so nothing checks people
known_yes = 0
known_no = 0
practice = 0
"""


@dataclass(frozen=True, kw_only=True)
class FittingRecipe:
    """A recipe whose trials a way of asking can put to people.

    Attributes:
        starter: How its file begins.
        question: What is asked of them.
    """

    starter: Starter
    question: Question

    @property
    def kind(self) -> str:
        """Which recipe."""
        return self.starter.kind

    def text(self, images: Path) -> str:
        """The beginning of the recipe file; `images` give a class, where one is named."""
        is_checked = can_be_checked(self.question, self.starter.posed)
        controls = self.starter.controls if is_checked else _UNCHECKED
        parts = [self.starter.recipe, controls if self.starter.controls else ""]
        text = "\n".join(part.strip() + "\n" for part in parts if part)
        return Template(text).safe_substitute(label=first_label(images))


def recipes_for(paradigm: Paradigm) -> tuple[FittingRecipe, ...]:
    """The recipes that fit, the usual one first; each once."""
    found: dict[str, FittingRecipe] = {}
    for starter in find_starters():
        for question in fitting_questions(paradigm, starter.posed)[:1]:
            if not starter.needs_key or can_be_checked(question, starter.posed):
                recipe = FittingRecipe(starter=starter, question=question)
                found.setdefault(starter.kind, recipe)
    return tuple(found.values())


def kinds_of_recipes() -> tuple[str, ...]:
    """Every recipe whose file can be begun, each once."""
    return tuple(dict.fromkeys(starter.kind for starter in find_starters()))


def own_settings(paradigm: Paradigm) -> tuple[str, ...]:
    """Keys of the study file's section that only a researcher can fill in."""
    if paradigm.settings_model is None:
        return ()
    fields = paradigm.settings_model.model_fields.items()
    return tuple(name for name, field in fields if field.is_required())


def usual_paradigm() -> str:
    """The way of asking for the first recipe there is, the most particular one."""
    ready = {
        name: paradigm
        for name, paradigm in find_paradigms().items()
        if not own_settings(paradigm)
    }
    for starter in find_starters():
        fitting = {
            name: found[0]
            for name, paradigm in ready.items()
            if (found := fitting_questions(paradigm, starter.posed))
        }
        if fitting:
            return max(fitting, key=lambda name: len(needs_of(fitting[name])))
    return next(iter(find_paradigms()))


def beginning_of(name: str) -> Mapping[str, Any]:
    """What a paradigm's `init.toml` says: `title`, `plan`; empty without the file."""
    path = folder_of(name) / "init.toml"
    return read_toml(path).tables if path.is_file() else {}


def first_label(images: Path) -> str:
    """A class that some image has, by folder or by the table of labels."""
    folders = sorted(p.name for p in images.iterdir() if p.is_dir())
    table = images / "labels.csv"
    if not table.is_file():
        return folders[0] if folders else "CLASS"
    with table.open(encoding="utf-8-sig", newline="") as handle:
        labels = sorted({row.get("label") or "" for row in csv.DictReader(handle)})
    return next((label for label in labels if label), "CLASS")
