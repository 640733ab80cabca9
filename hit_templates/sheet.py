"""A self-contained page: sheet, scripts, texts and trials in one document.

It needs no server while it is open; only its images come from outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hit_templates.base import FOLDER, Paradigm, folder_of

SHARED: Final = FOLDER / "_shared"
MAX_CSS_BYTES: Final = 9 * 1024
# Each may use those before it.
_MODULES: Final = (
    "clock.js",
    "choices.js",
    "preload.js",
    "steady.js",
    "measure.js",
    "feedback.js",
    "fresh.js",
    "places.js",
    "sight.js",
)
_IMPORT: Final = re.compile(
    r'^import \{ (?P<names>[^}]+) \} from "(?:[./\w-]*/)?(?P<module>[\w.-]+)";$', re.M
)
_EXPORT: Final = re.compile(
    r"^export (?P<kind>(?:async )?function|class|const) (?P<name>\w+)", re.M
)
_BLOCK_COMMENT: Final = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n", re.M | re.S)
_LINE_COMMENT: Final = re.compile(r"^[ \t]*//.*\n", re.M)
_CSS_SPACE: Final = re.compile(r" ?([{};,>]) ?")
_CSS_COMMENT: Final = re.compile(r"/\*.*?\*/", re.S)


@dataclass(frozen=True, kw_only=True)
class SheetPage:
    """What a page shows; texts that are HTML already are `Markup`.

    Attributes:
        language: Of the texts.
        direction: Which way they are written: "ltr" or "rtl".
        title: Of the study.
        texts: Every wording, by key.
        consent: HTML.
        warning: HTML; empty for none.
        instructions: HTML.
        debriefing: HTML.
        questions: With `question`, `choices`, `explain`; none for no check.
        comprehension_intro: Its first sentence.
        trials_intro: What is said between practice and trials.
        contact: Whom to ask, in a sentence; empty for nobody.
        survey: With `name`, `question`, `choices`; none for no survey.
        has_practice: Whether there are practice trials.
        is_rehearsal: Whether nothing counts.
        pays_who_fails: Whether who fails the check hands in all the same.
        pays_leavers: Whether who stops after the first image does.
        takes: How long it takes, in a sentence.
        minimum_age: Years to be confirmed; None for none.
        submit_url: Where the form goes if the frame's address does not say.
        block: For the script: sheet, words, right choices, trials.
        paradigm: Whose trials they are.
    """

    language: str
    direction: str
    title: str
    texts: Mapping[str, str]
    consent: Markup
    warning: Markup
    instructions: Markup
    debriefing: Markup
    questions: Sequence[Any]
    comprehension_intro: str
    trials_intro: str
    contact: str
    survey: Sequence[Any]
    has_practice: bool
    is_rehearsal: bool
    pays_who_fails: bool
    pays_leavers: bool
    takes: str
    minimum_age: int | None
    submit_url: str
    block: Mapping[str, Any]
    paradigm: Paradigm


def render_sheet(page: SheetPage) -> str:
    """The whole document, without space that nobody sees."""
    shown = {
        **{name: getattr(page, name) for name in page.__dataclass_fields__},
        "block": Markup(script_json(page.block)),  # noqa: S704 - escaped for scripts
        "css": Markup(sheet_css(page.paradigm.name)),  # noqa: S704 - our own file
        "script": Markup(sheet_script(page.paradigm.name)),  # noqa: S704 - our own files
    }
    return squeeze(_environment().get_template("sheet.html").render(page=shown))


def script_json(value: object) -> str:
    """JSON that ends neither a script element nor a CDATA section."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("</", r"<\/").replace("<!", r"\u003c!")


@cache
def sheet_css(paradigm: str) -> str:
    """The sheet, and what the paradigm adds to it, without space.

    A paradigm that needs something else than on our own pages has a `sheet.css`.
    """
    added = (folder_of(paradigm) / name for name in ("sheet.css", "trial.css"))
    own = next((path for path in added if path.is_file()), None)
    parts = [_read(path) for path in (SHARED / "sheet.css", own) if path is not None]
    text = _CSS_COMMENT.sub("", "\n".join(parts))
    tight = _CSS_SPACE.sub(r"\1", re.sub(r"\s+", " ", text))
    return tight.replace(": ", ":").replace(";}", "}").strip()


@cache
def sheet_script(paradigm: str) -> str:
    """Every module the page runs, in one script."""
    own = folder_of(paradigm) / "trial.js"
    names = list(dict.fromkeys([*_MODULES, *_needed_by(own)]))
    parts = [_module(name, _read(SHARED / name)) for name in names]
    # A paradigm without a script of its own is answered by its buttons.
    parts.append(
        _module("trial.js", _read(own))
        if own.is_file()
        else 'modules["trial.js"]=modules["choices.js"];'
    )
    main = _squeezed(_resolved(_read(SHARED / "sheet.js")))
    return "\n".join(["const modules={};", *parts, f"(()=>{{{main}}})();"])


def _needed_by(script: Path) -> list[str]:
    """Shared modules that a script imports, each after those it imports itself."""
    if not script.is_file():
        return []
    found: list[str] = []
    for each in _IMPORT.finditer(_read(script)):
        name = each["module"]
        found += [*_needed_by(SHARED / name), name]
    return list(dict.fromkeys(found))


def squeeze(html: str) -> str:
    """HTML without indentation and empty lines."""
    return re.sub(r"[ \t]*\n\s*", "\n", html).strip()


def _module(name: str, source: str) -> str:
    exported = [found["name"] for found in _EXPORT.finditer(source)]
    body = _squeezed(_EXPORT.sub(r"\g<kind> \g<name>", _resolved(source)))
    return f'modules["{name}"]=(()=>{{{body}\nreturn {{{",".join(exported)}}};}})();'


def _resolved(source: str) -> str:
    """Imports as look-ups among the modules before."""

    def look_up(found: re.Match[str]) -> str:
        names = found["names"].replace(" as ", ": ").strip()
        return f'const {{ {names} }} = modules["{found["module"]}"];'

    return _IMPORT.sub(look_up, source)


def _squeezed(source: str) -> str:
    source = _LINE_COMMENT.sub("", _BLOCK_COMMENT.sub("", source))
    return "\n" + squeeze(source)


def _read(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(SHARED),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
