"""Which other sites may show a participant's pages inside their own."""

from __future__ import annotations

from study_server.recruiters.base import Frames
from study_server.services import Services
from study_server.services.studies.recruitments import (
    read_recruiter_section,
    recruiter_of,
)
from study_server.store import Transaction, studies
from study_server.store.participation import people
from study_server.store.tables import Recruitment


def framed_by(
    services: Services, *, recruitment: str | None = None, enrolment: str | None = None
) -> tuple[str, ...]:
    """The origins that may frame the pages of a link, or of a participant.

    None for most recruiters; an address that leads nowhere is framed by nobody.
    """
    with services.store.read() as tx:
        row = _recruitment(tx, recruitment=recruitment, enrolment=enrolment)
        if row is None:
            return ()
        recruiter = recruiter_of(row)
        if not isinstance(recruiter, Frames):
            return ()
        return recruiter.framed_by(read_recruiter_section(row))


def _recruitment(
    tx: Transaction, *, recruitment: str | None, enrolment: str | None
) -> Recruitment | None:
    if recruitment is not None:
        return studies.find_recruitment(tx, recruitment)
    found = people.find_enrolment(tx, enrolment) if enrolment is not None else None
    return None if found is None else studies.get_recruitment(tx, found.recruitment_id)
