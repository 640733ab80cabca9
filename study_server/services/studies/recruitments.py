"""Recruitments of a study: their links, whom they let in, and whom they can tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from study_server.config import Settings
from study_server.errors import StudyDesignError
from study_server.recruiters.base import Admits, Environment, Pays
from study_server.recruiters.registry import RECRUITERS, get_recruiter
from study_server.recruiters.sections import PaidSection, RecruiterSection
from study_server.services import Services
from study_server.services.studies.records import RecruitmentRecord
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, studies
from study_server.store.tables import Recruitment, Study

SIMULATED: Environment = "simulated"
# In which states of a study its links let people in.
LETS_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "live": ("open",),
    "pilot": ("pilot",),
    "sandbox": ("pilot", "frozen", "open"),
    "simulated": ("frozen", "open"),
}


def lets_in(study: Study, environment: str) -> bool:
    """Whether a study's links of an environment let people in now."""
    is_paused = study.paused_at is not None and environment != SIMULATED
    return study.state in LETS_IN.get(environment, ()) and not is_paused


def why_not_open(study: Study) -> str:
    """The key of the wording for people whom a study does not let in."""
    if study.state == "closed":
        return "closed"
    return "paused" if study.paused_at is not None else "not_open"


def make_recruitments(
    services: Services, tx: Transaction, study_id: int, *, file: StudyFile
) -> None:
    """Give every recruiter of the file its links; simulated people always have one.

    Links that people already came through are kept as they are.
    """
    studies.delete_unused_recruitments(tx, study_id, keep=_sections(file))
    there = {
        (row.recruiter, row.environment)
        for row in studies.recruitments_of(tx, study_id)
    }
    for name in _sections(file):
        for environment in get_recruiter(name).environments:
            if (name, environment) not in there:
                _make(services, tx, study_id, name=name, environment=environment)
    for row in studies.recruitments_of(tx, study_id):
        _fill(services, tx, row, section=_sections(file).get(row.recruiter))


def refuse_unknowable_exclusions(tx: Transaction, file: StudyFile) -> None:
    """Refuse exclusions that would exclude nobody, since nothing would ever say so.

    Raises:
        StudyDesignError: If a study named is not there, or a recruiter of this
            study or of one named gives people no id of their own.
    """
    if not file.exclude.studies:
        return
    known = studies.study_names(tx)
    unknown = [name for name in file.exclude.studies if name not in known]
    if unknown:
        there = ", ".join(name for name in known if name != file.study.name)
        raise StudyDesignError(
            f"[exclude] studies: no study is named {', '.join(map(repr, unknown))}; "
            f"there are: {there or 'no others yet'}. Create the other study first, "
            "or leave its name out"
        )
    problems = [
        f"study {name!r} lets people in by {recruiter}"
        for name, sections in _all_sections(tx, file)
        for recruiter in _nameless(sections)
    ]
    if problems:
        gap = f" within {file.exclude.days} days" if file.exclude.days else ""
        raise StudyDesignError(
            f"[exclude] studies: who took part in another study{gap} cannot be known: "
            f"{'; '.join(problems)}, where nobody has an id that stays the same from "
            "study to study. Use a recruiter that names people (a market, or a site "
            "that sends them with an id in the address), or leave [exclude] out and "
            "keep people apart yourself"
        )


def read_recruiter_section(row: Recruitment) -> RecruiterSection:
    """The settings of a recruitment, as its recruiter's own section."""
    section_type = get_recruiter(row.recruiter).section_type
    # Lists and objects come back from JSON as they went in.
    return section_type.model_validate(row.settings, strict=False)


def recruiter_of(row: Recruitment) -> Admits[Any]:
    """The recruiter of a recruitment."""
    return get_recruiter(row.recruiter)


def to_record(
    tx: Transaction, row: Recruitment, *, settings: Settings
) -> RecruitmentRecord:
    """A recruitment with its links."""
    url = f"{settings.base_url}/s/{row.token}"
    links = studies.personal_links_of(tx, row.study_id, recruiter=row.recruiter)
    return RecruitmentRecord(
        recruiter=row.recruiter,
        environment=row.environment,  # type: ignore[arg-type] # the database checks it
        token=row.token,
        url=url,
        personal_urls=tuple(f"{url}/{link.token}" for link in links),
    )


def _sections(file: StudyFile) -> Mapping[str, RecruiterSection]:
    own = {
        name: recruiter.section_type()
        for name, recruiter in RECRUITERS.items()
        if SIMULATED in recruiter.environments
    }
    return {**own, **file.recruiter}


def _make(
    services: Services,
    tx: Transaction,
    study_id: int,
    *,
    name: str,
    environment: Environment,
) -> None:
    row = Recruitment(
        study_id=study_id,
        recruiter=name,
        environment=environment,
        token=services.new_token(),
        settings={},
        created_at=services.clock(),
    )
    studies.add(tx, row)


def _fill(
    services: Services,
    tx: Transaction,
    row: Recruitment,
    *,
    section: RecruiterSection | None,
) -> None:
    """Write the settings, and the personal links that are still missing.

    All environments share them, so that a person is the same in the pilot and after.
    """
    if section is None:
        return
    row.settings = section.model_dump(mode="json")
    recruiter = recruiter_of(row)
    if isinstance(section, PaidSection) and isinstance(recruiter, Pays):
        row.price_minor, row.cap_minor = section.reward_minor, section.cap_minor
        row.currency = recruiter.currency
    there = studies.personal_links_of(tx, row.study_id, recruiter=row.recruiter)
    n_wanted = recruiter_of(row).n_personal_links(section)
    studies.insert_personal_links(
        tx,
        (
            {
                "recruitment_id": row.id,
                "number": number,
                "token": services.new_token(),
                "created_at": services.clock(),
            }
            for number in range(len(there) + 1, n_wanted + 1)
        ),
    )


def _all_sections(
    tx: Transaction, file: StudyFile
) -> Iterator[tuple[str, Mapping[str, RecruiterSection]]]:
    """This study and those named, each with its recruiters' sections."""
    yield file.study.name, file.recruiter
    for name in file.exclude.studies:
        study = studies.find_study(tx, name)
        if study is not None:
            yield name, StudyFile.model_validate(study.settings).recruiter


def _nameless(sections: Mapping[str, RecruiterSection]) -> Iterator[str]:
    """Recruiters of people whom only a browser or a link of this study knows."""
    for name, section in sections.items():
        recruiter = get_recruiter(name)
        if recruiter.is_open(section):
            yield f"an open link of [recruiter.{name}]"
        elif recruiter.n_personal_links(section):
            yield f"personal links of [recruiter.{name}]"
