"""Reading a study file: every problem at once, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hit_templates.base import Paradigm, find_paradigms
from stimuli.files.text import TextFileError, TomlFile, read_text, read_toml
from study_server.errors import StudyError
from study_server.recruiters.registry import RECRUITERS, headings
from study_server.services.study_files.paradigm import (
    paradigm_problems,
    take_paradigm_section,
)
from study_server.services.study_files.parts import (
    breaks_seconds,
    n_practice_of,
    parts_problems,
)
from study_server.services.study_files.problems import (
    did_you_mean,
    problems_in_words,
    shown_key,
    shown_value,
)
from study_server.services.study_files.screen import screen_problems
from study_server.services.study_files.sections import StudyFile, StudySections
from study_server.services.study_files.texts import (
    CONSENT_PLACEHOLDERS,
    PARTIAL_WORK,
    SERVER_TEXTS,
    consent_text,
    consent_values,
    placeholders,
    unknown_placeholders,
)

__all__ = ["StudyFile", "StudyFileError", "parse_study_file", "study_warnings"]


class StudyFileError(StudyError):
    """A study file that cannot be used; the message lists every problem."""


def parse_study_file(
    path: Path, *, paradigms: Mapping[str, Paradigm] | None = None
) -> StudyFile:
    """The study file at `path`, checked, with defaults filled in.

    Args:
        path: A TOML file. `{file = "x.md"}` in place of a text is read from
            beside it.
        paradigms: The paradigms there are, by name; every one installed where
            left out.

    Raises:
        StudyFileError: Naming every problem: key, what was expected, what came.
    """
    known = find_paradigms() if paradigms is None else paradigms
    read = _read(path)
    toml, raw = read.text, read.tables
    problems: list[str] = []
    raw = _with_files(raw, path.parent, problems=problems)
    _move_consent_file(raw, path.parent, problems=problems)
    raw, settings = take_paradigm_section(raw, known, problems=problems)
    problems += _problems(raw, known)
    if problems:
        raise StudyFileError(_message(path, problems))
    paradigm = known[raw["study"]["paradigm"]].configure(settings)
    if problems := list(paradigm_problems(raw, paradigm)):
        raise StudyFileError(_message(path, problems))
    digest = hashlib.sha256(toml.encode()).hexdigest()
    own = {"toml": toml, "toml_sha256": digest, "paradigm_settings": settings}
    return StudyFile.model_validate({**_filled(raw, paradigm), **own})


def study_warnings(file: StudyFile) -> list[str]:
    """What is allowed but worth a second look before people read it."""
    named = {
        "contact": "people have nobody to ask",
        "ethics_body": "the consent text names no ethics review",
        "protocol_number": "the consent text names no protocol",
    }
    values = consent_values(file.study.title, file.consent.model_dump())
    found = list(_lease_warnings(file))
    if file.consent.text != consent_text(None, values):
        return found
    return found + [
        f"[consent] {key} is empty: {effect}"
        for key, effect in named.items()
        if not getattr(file.consent, key)
    ]


def _lease_warnings(file: StudyFile) -> Iterator[str]:
    """A place given to somebody else while its owner is still at work."""
    lease = file.design.lease_minutes
    pauses = breaks_seconds(file.design.parts)
    if pauses > lease * 60 / 2:
        yield (
            f"[design] lease_minutes is {lease}, and the breaks of the parts alone last "
            f"{pauses / 60:.0f} minutes; a place is given away when its time is over, "
            "so make lease_minutes longer"
        )
    for name, section in file.recruiter.items():
        minutes = getattr(section, "assignment_minutes", lease)
        if minutes > lease:
            yield (
                f"[design] lease_minutes is {lease}, but [recruiter.{name}] "
                f"assignment_minutes is {minutes}: after {lease} minutes a place is "
                "given to somebody else, and what is handed in later is extra; make "
                "lease_minutes at least as long"
            )


def _read(path: Path) -> TomlFile:
    try:
        return read_toml(path)
    except TextFileError as error:
        hint = "" if path.exists() else "; write one with `secondlook study init`"
        raise StudyFileError(f"the study file {error}{hint}") from error


def _message(path: Path, problems: Iterable[str]) -> str:
    lines = list(problems)
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n".join([f"{path}: {count}", *(f"  {line}" for line in lines)])


def _with_files(raw: Any, folder: Path, *, problems: list[str], key: str = "") -> Any:  # noqa: ANN401 - any TOML value
    """`raw` with every `{file = "x.md"}` replaced by the file's text."""
    if isinstance(raw, list):
        return [
            _with_files(entry, folder, problems=problems, key=f"{key}[{index}]")
            for index, entry in enumerate(raw)
        ]
    if not isinstance(raw, dict):
        return raw
    if set(raw) == {"file"} and "." in key:
        return _text_file(folder, raw["file"], key=key, problems=problems)
    return {
        name: _with_files(
            value, folder, problems=problems, key=f"{key}.{name}" if key else name
        )
        for name, value in raw.items()
    }


def _text_file(folder: Path, name: object, *, key: str, problems: list[str]) -> str:
    if not isinstance(name, str):
        problems.append(f"{shown_key(key)}: file: expected a file name, got {name!r}")
        return "-"
    try:
        return read_text(folder / name)
    except TextFileError as error:
        problems.append(f"{shown_key(key)}: expected a text file, {error}")
    return "-"


def _move_consent_file(
    raw: dict[str, Any], folder: Path, *, problems: list[str]
) -> None:
    consent = raw.get("consent")
    if isinstance(consent, dict) and "file" in consent:
        name = consent.pop("file")
        if "text" in consent:
            problems.append("[consent]: expected text or file, got both")
        consent["text"] = _text_file(
            folder, name, key="consent.file", problems=problems
        )


def _problems(raw: Mapping[str, Any], paradigms: Mapping[str, Paradigm]) -> list[str]:
    try:
        StudySections.model_validate({**raw, "recruiter": {}})
        found = []
    except ValidationError as error:
        found = problems_in_words(error.errors(), StudySections)
    return [
        *found,
        *_recruiter_problems(raw.get("recruiter")),
        *_paradigm_problems(raw, paradigms),
        *_cross_problems(raw),
        *parts_problems(raw),
        *screen_problems(raw),
    ]


def _recruiter_problems(raw: object) -> Iterator[str]:
    known = headings()
    if not isinstance(raw, Mapping) or not raw:
        yield f"[recruiter]: expected at least one of {known}, got {shown_value(raw)}"
        return
    for name, section in raw.items():
        if name not in RECRUITERS:
            hint = did_you_mean(name, RECRUITERS)
            why = RECRUITERS.why_not(name)
            yield f"[recruiter.{name}]: unknown{hint}; there are {known}{why}"
            continue
        model = RECRUITERS[name].section_type
        try:
            model.model_validate(section)
        except ValidationError as error:
            yield from problems_in_words(
                error.errors(), model, prefix=("recruiter", name)
            )


def _paradigm_problems(
    raw: Mapping[str, Any], paradigms: Mapping[str, Paradigm]
) -> Iterator[str]:
    name = _at(raw, "study", "paradigm")
    if not isinstance(name, str):
        return
    if name not in paradigms:
        hint = did_you_mean(name, paradigms)
        yield (
            f"[study] paradigm: expected one of {', '.join(paradigms)}, "
            f"got {name!r}{hint}"
        )
        return
    known = {**SERVER_TEXTS, **paradigms[name].default_texts}
    texts = raw.get("texts")
    for key, text in texts.items() if isinstance(texts, dict) else ():
        if key not in known:
            hint = did_you_mean(key, known)
            yield f"[texts] {key}: unknown{hint}; there are {', '.join(sorted(known))}"
        elif isinstance(text, str):
            yield from _place_problems(key, text, default=known[key])


def _place_problems(key: str, text: str, *, default: str) -> Iterator[str]:
    """A text must fill the same places as the wording it replaces."""
    expected, found = placeholders(default), placeholders(text)
    if expected and found != expected:
        places = ", ".join(f"{{{name}}}" for name in sorted(expected))
        yield f"[texts] {key}: expected the places {places}, got {shown_value(text)}"


def _cross_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    k, n = _at(raw, "analysis", "agreement"), _at(raw, "design", "responses_per_trial")
    k, n = 4 if k is None else k, 5 if n is None else n
    if _are_numbers(k, n) and k > n:
        yield (
            f"[analysis] agreement: expected at most responses_per_trial ({n}), "
            f"got {k}: k of n people cannot be more than n"
        )
    low, high = (_at(raw, "quality", f"{end}_session_s") for end in ("min", "max"))
    if _are_numbers(low, high) and low >= high:
        yield f"[quality] min_session_s: expected less than max_session_s ({high}), got {low}"
    name, excluded = _at(raw, "study", "name"), _at(raw, "exclude", "studies")
    if isinstance(excluded, list) and name in excluded:
        yield (
            f"[exclude] studies: names this study itself ({name!r}); "
            "max_blocks_per_participant says how often people may take part"
        )
    text = _at(raw, "consent", "text")
    for unknown in unknown_placeholders(text) if isinstance(text, str) else ():
        yield (
            f"[consent] text: unknown place {{{unknown}}}; there are "
            f"{', '.join(f'{{{name}}}' for name in CONSENT_PLACEHOLDERS)}"
        )


def _filled(raw: dict[str, Any], paradigm: Paradigm) -> dict[str, Any]:
    """The sections with the paradigm's and the server's defaults."""
    sections = StudySections.model_validate(raw).model_dump()
    sections["texts"] = {
        **SERVER_TEXTS,
        **paradigm.default_texts,
        **sections["texts"],
    }
    if _at(raw, "design", "devices") is None:
        sections["design"]["devices"] = paradigm.default_devices
    if parts := StudySections.model_validate(raw).design.parts:
        sections["design"]["n_practice"] = n_practice_of(parts)
    if _at(raw, "design", "composition") is None and _repeats_pages(sections):
        sections["design"]["composition"] = "shared"
    consent = sections["consent"]
    consent["partial_work"] = consent["partial_work"] or _pay_of_leavers(raw)
    values = consent_values(sections["study"]["title"], consent)
    consent["text"] = consent_text(consent["text"], values)
    if sections["comprehension"]["questions"] is None:
        sections["comprehension"]["questions"] = [
            {
                "question": item.question,
                "choices": list(item.choices),
                "right": item.right,
                "explain": item.explain,
            }
            for item in paradigm.default_comprehension
        ]
    return sections


def _repeats_pages(sections: Mapping[str, Any]) -> bool:
    """Whether one person may open several pages that cannot ask who opens them.

    Blocks composed anew have images in common; fixed ones have none.
    """
    deliveries = {r.get("delivery") for r in sections["recruiter"].values()}
    return sections["design"]["max_blocks_per_participant"] > 1 and "html" in deliveries


def _pay_of_leavers(raw: Mapping[str, Any]) -> str:
    """What becomes of the work of people who stop early, and of their pay, in words."""
    rules = (
        RECRUITERS[name].section_type.model_validate(section).pay_of_leavers
        for name, section in raw["recruiter"].items()
    )
    return " ".join(dict.fromkeys([PARTIAL_WORK, *(rule for rule in rules if rule)]))


def _at(raw: Mapping[str, Any], section: str, key: str) -> Any:  # noqa: ANN401 - any TOML value
    table = raw.get(section)
    return table.get(key) if isinstance(table, dict) else None


def _are_numbers(*values: object) -> bool:
    return all(
        isinstance(value, (int, float)) and not isinstance(value, bool)
        for value in values
    )
