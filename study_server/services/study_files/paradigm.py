"""What a study file says to its paradigm, and what the paradigm asks of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from hit_templates.base import Paradigm, get_paradigm
from study_server.services.study_files.problems import problems_in_words
from study_server.services.study_files.sections import StudyFile

_APPROVAL: Final = {
    "ethics_body": "who approved it",
    "protocol_number": "the approval's number",
}


def paradigm_of(file: StudyFile) -> Paradigm:
    """The study's paradigm with the settings of its own section."""
    paradigm = get_paradigm(file.study.paradigm)
    return paradigm.configure(file.paradigm_settings)


def take_paradigm_section(
    raw: Mapping[str, Any],
    paradigms: Mapping[str, Paradigm],
    *,
    problems: list[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file without the section of its paradigm's name, and that section.

    Args:
        raw: The whole file.
        paradigms: Those there are, by name.
        problems: Grows by what is wrong with the section.

    Returns:
        The rest, and the section with defaults filled in; empty where the paradigm
        has none, or the section is wrong.
    """
    study = raw.get("study")
    name = study.get("paradigm") if isinstance(study, Mapping) else None
    paradigm = paradigms.get(name) if isinstance(name, str) else None
    if paradigm is None or paradigm.settings_model is None:
        return dict(raw), {}
    rest = {key: value for key, value in raw.items() if key != paradigm.name}
    try:
        section = paradigm.settings_model.model_validate(raw.get(paradigm.name, {}))
    except ValidationError as error:
        problems += problems_in_words(
            error.errors(), paradigm.settings_model, prefix=(paradigm.name,)
        )
        return rest, {}
    return rest, section.model_dump(mode="json")


def paradigm_problems(raw: Mapping[str, Any], paradigm: Paradigm) -> Iterator[str]:
    """What the rest of the file lacks for this way of asking."""
    design = raw.get("design", {})
    n = design.get("responses_per_trial", 5)
    if n < paradigm.least_raters:
        yield (
            f"[design] responses_per_trial: the paradigm {paradigm.name!r} needs at "
            f"least {paradigm.least_raters} people per trial, got {n}: how far they "
            "agree cannot be said of one"
        )
    if paradigm.shows_people:
        yield from _ethics_problems(raw, paradigm)
    yield from _notice_problems(raw, paradigm)


def _ethics_problems(raw: Mapping[str, Any], paradigm: Paradigm) -> Iterator[str]:
    consent = raw.get("consent", {})
    for key, meaning in _APPROVAL.items():
        if not str(consent.get(key, "")).strip():
            yield (
                f"[consent] {key}: missing; pictures of people ([{paradigm.name}] "
                f"shows_people = true) need an ethics approval, and this says {meaning}"
            )


def _notice_problems(raw: Mapping[str, Any], paradigm: Paradigm) -> Iterator[str]:
    """A notice that people need may be worded otherwise, but not left out."""
    reasons = {
        "content_warning": ("pictures of people", paradigm.shows_people),
        "flash_notice": ("masks that flash", paradigm.flashes),
    }
    for key, (what, is_so) in reasons.items():
        notice = raw.get("texts", {}).get(key)
        if is_so and notice is not None and not str(notice).strip():
            yield (
                f"[texts] {key}: {what} need a notice before they are shown; write one, "
                "or leave the key out for the usual one"
            )
