"""Why somebody is not let in, in the study's words: landing page and entrance alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from study_server.services import Services
from study_server.services.participation import new_sessions, start_limits
from study_server.services.participation.arrivals import StudyLink
from study_server.services.studies.recruitments import (
    read_recruiter_section,
    recruiter_of,
    why_not_open,
)
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks
from study_server.store.participation import people, sessions
from study_server.store.tables import Enrolment, Participant

Device = Literal["desktop", "tablet", "phone"]


def why_nobody(
    services: Services,
    tx: Transaction,
    link: StudyLink,
    *,
    device: Device,
    address: str | None,
) -> str | None:
    """Why somebody new cannot come in now, whoever they are; None if they can."""
    if not link.is_open:
        return why_closed(link)
    if problem := why_not_on(link, device):
        return problem
    wanted = new_sessions.wanted_block(
        link.study, environment=link.environment, enrolment=None
    )
    if not blocks.any_place(tx, wanted, now=services.clock()):
        return link.say("full")
    return why_too_many(services, tx, link, origin=origin_of(services, link, address))


def why_closed(link: StudyLink) -> str:
    """Why the study lets nobody in."""
    return link.say(why_not_open(link.study))


def why_not_on(link: StudyLink, device: Device) -> str | None:
    """Why the study is not for this kind of device; None if it is."""
    admitted = link.file.design.devices
    if "any" in admitted or device in admitted:
        return None
    devices = ", ".join(link.say(f"device_{name}") for name in admitted)
    return link.say("excluded_device", devices=devices)


def origin_of(services: Services, link: StudyLink, address: str | None) -> str | None:
    """What the address counts as: nothing for programs, and for links of one person."""
    section = read_recruiter_section(link.recruitment)
    is_personal = recruiter_of(link.recruitment).n_personal_links(section) > 0
    if is_personal or link.environment == "simulated":
        return None
    return start_limits.origin_of(services, address)


def why_too_many(
    services: Services, tx: Transaction, link: StudyLink, *, origin: str | None
) -> str | None:
    """Why nobody more may start from there just now; None if they may."""
    if link.environment == "simulated":
        return None
    arrival = start_limits.Arrival(
        study=link.study, recruitment=link.recruitment, origin=origin
    )
    if start_limits.are_too_many(tx, arrival, now=services.clock()):
        return link.say("many_starting")
    return None


def why_excluded(
    services: Services, tx: Transaction, link: StudyLink, *, participant: Participant
) -> str | None:
    """Which earlier studies exclude this person; None if none does."""
    exclude = link.file.exclude
    if not exclude.studies:
        return None
    since = None
    if exclude.days is not None:
        since = services.clock() - timedelta(days=exclude.days)
    earlier = people.earlier_studies(
        tx, participant.id, names=exclude.studies, since=since
    )
    if not earlier:
        return None
    listed = ", ".join(f"“{title}”" for title in earlier)
    return link.say("excluded_other", studies=listed)


def why_no_more_work(
    tx: Transaction, link: StudyLink, enrolment: Enrolment
) -> str | None:
    """Why there is no further block for this person; None if there is one."""
    if enough := why_enough(tx, link.file, enrolment):
        return enough
    if not link.is_open:
        return why_closed(link)
    if not new_sessions.has_new_catches(tx, link.study, enrolment=enrolment):
        return link.say("another_none")
    return None


def why_enough(tx: Transaction, file: StudyFile, enrolment: Enrolment) -> str | None:
    """How many blocks one person may do, for whoever did them all; None for others."""
    n_done = sessions.count_sessions(tx, enrolment.id)
    n_allowed = file.design.max_blocks_per_participant
    if n_done < n_allowed:
        return None
    return file.say("another_enough", n_allowed=n_allowed, n_done=n_done)


def whom_to_ask(link: StudyLink) -> str:
    """The advice for whoever began in another browser."""
    contact = link.file.consent.contact
    if not contact:
        return link.say("elsewhere_ask_inviter")
    return link.say("elsewhere_ask", contact=contact)
