"""Somebody at a link: where it leads, whom the recruiter names, whether we know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from study_server.errors import StudyError, UnknownRecruitmentError
from study_server.recruiters.base import Environment, Frames, Identity, Posts, Visit
from study_server.services.studies.recruitments import (
    lets_in,
    read_recruiter_section,
    recruiter_of,
)
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, studies
from study_server.store.participation import people, sessions
from study_server.store.tables import Enrolment, Recruitment, Study

# Whoever tried out the simulated participants' link has not taken part.
_PEOPLES_OWN: Final = ("live", "pilot")
_DONE: Final = ("survey", "debriefing", "finish")


@dataclass(frozen=True, kw_only=True)
class StudyLink:
    """A link with its study."""

    recruitment: Recruitment
    study: Study

    @property
    def environment(self) -> Environment:
        """Where it leads."""
        return self.recruitment.environment  # type: ignore[return-value] # checked by the database

    @property
    def file(self) -> StudyFile:
        """The study's file."""
        return StudyFile.model_validate(self.study.settings)

    @property
    def is_open(self) -> bool:
        """Whether it lets anybody in."""
        return lets_in(self.study, self.environment)

    @property
    def is_named(self) -> bool:
        """Whether the recruiter, not the browser, says who somebody is."""
        section = read_recruiter_section(self.recruitment)
        return not recruiter_of(self.recruitment).is_open(section)

    @property
    def is_posted(self) -> bool:
        """Whether every block is a posting of its own, accepted at the market."""
        return isinstance(recruiter_of(self.recruitment), Posts)

    def say(self, key: str, **places: object) -> str:
        """A wording of the study, its places filled."""
        return self.file.say(key, **places)


def find_link(tx: Transaction, recruitment_token: str) -> StudyLink:
    """The link of that public name.

    Raises:
        UnknownRecruitmentError: If it leads nowhere.
    """
    recruitment = studies.find_recruitment(tx, recruitment_token)
    if recruitment is None:
        raise UnknownRecruitmentError(
            "this link leads to no study; please check that it is complete"
        )
    study = studies.get_study(tx, recruitment.study_id)
    return StudyLink(recruitment=recruitment, study=study)


def is_preview(link: StudyLink, visit: Visit) -> bool:
    """Whether somebody looks at the work before they accept it at the market."""
    recruiter = recruiter_of(link.recruitment)
    return isinstance(recruiter, Frames) and recruiter.is_preview(
        read_recruiter_section(link.recruitment), visit
    )


def identify(tx: Transaction, link: StudyLink, visit: Visit) -> Identity:
    """Whom the recruiter names.

    Raises:
        IdentityError: If what the recruiter sends along is missing or malformed.
        UnknownRecruitmentError: If a personal link is nobody's.
    """
    recruitment = link.recruitment
    section = read_recruiter_section(recruitment)
    recruiter = recruiter_of(recruitment)
    identity = recruiter.identify(section, visit)
    if recruiter.n_personal_links(section) and not studies.has_personal_link(
        tx, recruitment, visit.personal or ""
    ):
        raise UnknownRecruitmentError(
            "this link is nobody's; please check that it is complete"
        )
    return identity


@contextmanager
def in_words_of(file: StudyFile) -> Iterator[None]:
    """Whatever goes wrong inside knows the study's wording and contact."""
    try:
        yield
    except StudyError as error:
        error.texts = file.all_texts()
        error.language = file.study.language
        error.contact = file.consent.contact
        raise


def known_enrolment(
    tx: Transaction, link: StudyLink, visitor: Identity, *, resume: tuple[str, ...]
) -> Enrolment | None:
    """The visitor's enrolment in this study, if there is one."""
    if visitor.external_id is not None:
        participant = people.find_participant(
            tx, issuer=visitor.issuer, external_id=visitor.external_id
        )
        if participant is not None:
            return people.enrolment_of(
                tx, study_id=link.study.id, participant_id=participant.id
            )
    if link.is_named:
        return None
    found = (people.find_enrolment(tx, token) for token in resume)
    return next((one for one in found if one and _is_of(link, one)), None)


def _is_of(link: StudyLink, enrolment: Enrolment) -> bool:
    """Whether somebody took part in this study, through whichever link."""
    return enrolment.study_id == link.study.id and enrolment.environment in _PEOPLES_OWN


def wants_another_block(
    tx: Transaction,
    link: StudyLink,
    enrolment: Enrolment,
    *,
    visit_ids: Mapping[str, str],
) -> bool:
    """Whether somebody comes again for more work than they began on earlier visits.

    Where work is posted, one more block begins with a new visit, as the market
    names it, never with a button of ours.
    """
    if not link.is_posted:
        return False
    visit = visit_ids.get("session")
    if visit is None or enrolment.step not in _DONE:
        return False
    earlier = sessions.visits_of(tx, enrolment.id)
    return visit not in {ids.get("session") for ids in earlier}
