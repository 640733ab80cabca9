"""Who comes in, and which block they get: one short transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from study_server.errors import (
    ExcludedError,
    ManyStartingError,
    NotOpenError,
    OtherBrowserError,
    StudyFullError,
)
from study_server.recruiters.base import Environment, Identity, Visit
from study_server.services import Services
from study_server.services.participation import (
    browser_binding,
    leases,
    new_sessions,
    refusals,
)
from study_server.services.participation.arrivals import (
    StudyLink,
    find_link,
    identify,
    in_words_of,
    is_preview,
    known_enrolment,
    wants_another_block,
)
from study_server.services.participation.expectations import Expectations, expected_of
from study_server.services.participation.refusals import Device
from study_server.store import Transaction, studies
from study_server.store.participation import people
from study_server.store.tables import Enrolment, Participant

_ENDED: Final = ("finish", "failed", "withdrawn")


@dataclass(frozen=True, kw_only=True)
class Landing:
    """What the page behind a recruitment's link needs.

    Attributes:
        study_title: The title people read.
        environment: Where this leads.
        problem: Why nobody can come in now, in words, or whom to ask; None if they
            can.
        resumes: Whether the visitor has been here: "no", "running" (they go on
            where they stopped), "ended" (they see how it ended) or "elsewhere"
            (somebody was, under the same id and in another browser; nothing else
            is said of it).
        link: The link's public name.
        keeps_key: Whether the page itself remembers who may go on, for browsers
            that keep no cookies here.
        visit_key: To be sent back as the form's hidden field `visit`, so that a
            double click does not make two people of one.
        offers_another: Whether somebody else at this computer may come in
            instead: form field `somebody` = "else".
        is_preview: Whether nobody comes in yet: they look before they accept.
        texts: Every wording of the page, by key.
        language: What it is written in.
        expected: How long it takes, whether practice comes first, whom to ask.
    """

    study_title: str
    environment: Environment
    problem: str | None
    resumes: Literal["no", "running", "ended", "elsewhere"]
    visit_key: str
    texts: Mapping[str, str]
    language: str
    expected: Expectations
    link: str = ""
    keeps_key: bool = False
    offers_another: bool = False
    is_preview: bool = False


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Somebody is in.

    Attributes:
        token: The enrolment's address: /p/<token>/.
        is_new: Whether they came for the first time.
        environment: Where they are.
    """

    token: str
    is_new: bool
    environment: Environment


def look_at(
    services: Services,
    recruitment_token: str,
    *,
    incoming: Mapping[str, str],
    personal: str | None = None,
    resume: tuple[str, ...] = (),
    device: Device = "desktop",
    address: str | None = None,
) -> Landing:
    """What a visitor is shown before coming in; writes nothing.

    Raises:
        UnknownRecruitmentError: If the link leads nowhere.
        IdentityError: If what the recruiter sends along is missing or malformed.
    """
    with services.store.read() as tx:
        link = find_link(tx, recruitment_token)
        visit = Visit(parameters=incoming, personal=personal)
        if is_preview(link, visit):
            return _preview(services, tx, link)
        with in_words_of(link.file):
            visitor = identify(tx, link, visit)
        known = known_enrolment(tx, link, visitor, resume=_counted(resume, incoming))
        claim = _claim(link, visitor, incoming=incoming, held=resume)
        is_barred = known is not None and known.environment != link.environment
        if known and not is_barred and not browser_binding.may_go_on(tx, known, claim):
            return _elsewhere(services, tx, link)
        why_nobody = refusals.why_nobody(
            services, tx, link, device=device, address=address
        )
        return Landing(
            **_shared(services, tx, link),
            problem=link.say("excluded_earlier")
            if is_barred
            else _why_no_more(tx, link, known, visitor=visitor)
            if known
            else why_nobody,
            resumes=_resumes(tx, link, None if is_barred else known, visitor=visitor),
            link=link.recruitment.token,
            keeps_key=link.is_named,
            offers_another=bool(known and not why_nobody and not link.is_named),
        )


def enter(
    services: Services,
    recruitment_token: str,
    *,
    incoming: Mapping[str, str],
    personal: str | None = None,
    resume: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
    device: Device = "desktop",
    address: str | None = None,
) -> Admission:
    """Let somebody in, or back in.

    Args:
        services: The services.
        recruitment_token: From the link.
        incoming: Fields of the address and of the landing page's form: `visit`,
            and `somebody` = "else" where the cookie is another person's.
        personal: The personal part of the link.
        resume: Enrolment tokens of the browser's signed cookies, that of this
            very link first. Where the recruiter names nobody they say who comes;
            elsewhere they show that it is the browser in which the person began.
        kept: The same, kept by the page where there are no cookies; they only show
            the latter.
        device: What they come with; who is in already may change it.
        address: The internet address they come from; None where nobody counts.

    Raises:
        UnknownRecruitmentError: If the link leads nowhere.
        IdentityError: If what the recruiter sends along is missing or malformed.
        OtherBrowserError: If the id began in another browser.
        NotOpenError: If nobody is let in now.
        ExcludedError: If an exclusion applies to this person, or the study asks
            for another device.
        ManyStartingError: If too many at this address, or by this link, are about
            to agree.
        StudyFullError: If every block is done or reserved.
    """
    visit = Visit(parameters=incoming, personal=personal)
    leases.sweep(services)
    with services.store.write() as tx:
        link = find_link(tx, recruitment_token)
        with in_words_of(link.file):
            visitor = identify(tx, link, visit)
            # From here on admissions to this study queue up.
            link = StudyLink(
                recruitment=link.recruitment,
                study=studies.lock_study(tx, link.study.id),
            )
            known = known_enrolment(
                tx, link, visitor, resume=_counted(resume, incoming)
            )
            held = (*resume, *kept)
            claim = _claim(link, visitor, incoming=incoming, held=held)
            if known is not None:
                return _come_back(services, tx, link, enrolment=known, claim=claim)
            if problem := refusals.why_not_on(link, device):
                raise ExcludedError(problem)
            origin = refusals.origin_of(services, link, address)
            return _admit(services, tx, link, claim=claim, origin=origin)


def _counted(resume: tuple[str, ...], incoming: Mapping[str, str]) -> tuple[str, ...]:
    """What the browser remembers, unless somebody else sits in front of it now."""
    return () if incoming.get("somebody") == "else" else resume


def _claim(
    link: StudyLink,
    visitor: Identity,
    *,
    incoming: Mapping[str, str],
    held: tuple[str, ...],
) -> browser_binding.BrowserClaim:
    return browser_binding.BrowserClaim(
        recruitment=link.recruitment,
        visitor=visitor,
        held=held,
        door_key=incoming.get("visit", ""),
    )


def _elsewhere(services: Services, tx: Transaction, link: StudyLink) -> Landing:
    """Somebody began under this id in another browser: no word about what."""
    return Landing(
        **_shared(services, tx, link),
        problem=refusals.whom_to_ask(link),
        resumes="elsewhere",
        link=link.recruitment.token,
        keeps_key=True,
    )


def _preview(services: Services, tx: Transaction, link: StudyLink) -> Landing:
    problem = None if link.is_open else refusals.why_closed(link)
    return Landing(
        **_shared(services, tx, link), problem=problem, resumes="no", is_preview=True
    )


def _shared(services: Services, tx: Transaction, link: StudyLink) -> dict[str, Any]:
    """What every landing page says."""
    return {
        "study_title": link.study.title,
        "environment": link.environment,
        "visit_key": services.new_token(),
        "texts": link.file.all_texts(),
        "language": link.file.study.language,
        "expected": expected_of(tx, link.study, link.file),
    }


def _why_no_more(
    tx: Transaction, link: StudyLink, known: Enrolment, *, visitor: Identity
) -> str | None:
    """Why somebody who comes for more work finds none."""
    if wants_another_block(tx, link, known, visit_ids=visitor.visit_ids):
        return refusals.why_no_more_work(tx, link, known)
    return None


def _resumes(
    tx: Transaction, link: StudyLink, known: Enrolment | None, *, visitor: Identity
) -> Literal["no", "running", "ended"]:
    if known is None:
        return "no"
    if wants_another_block(tx, link, known, visit_ids=visitor.visit_ids):
        return "running"
    return "ended" if known.step in _ENDED else "running"


def _come_back(
    services: Services,
    tx: Transaction,
    link: StudyLink,
    *,
    enrolment: Enrolment,
    claim: browser_binding.BrowserClaim,
) -> Admission:
    visitor = claim.visitor
    enrolment = people.lock_enrolment(tx, enrolment.id)
    if enrolment.environment != link.environment:
        raise ExcludedError(link.say("excluded_earlier"))
    if not browser_binding.may_go_on(tx, enrolment, claim):
        raise OtherBrowserError(f"{link.say('elsewhere')} {refusals.whom_to_ask(link)}")
    if enrolment.released_at is not None:
        browser_binding.bind(enrolment, claim.door_key)
    if wants_another_block(tx, link, enrolment, visit_ids=visitor.visit_ids):
        _begin_another_block(services, tx, link, enrolment=enrolment, visitor=visitor)
    elif enrolment.step not in _ENDED:
        leases.renew(
            services,
            tx,
            enrolment=enrolment,
            visit_ids=dict(visitor.visit_ids),
            may_revive=link.is_open,
        )
    return Admission(token=enrolment.token, is_new=False, environment=link.environment)


def _begin_another_block(
    services: Services,
    tx: Transaction,
    link: StudyLink,
    *,
    enrolment: Enrolment,
    visitor: Identity,
) -> None:
    """One more block, under the new visit's names; the study is locked."""
    problem = refusals.why_no_more_work(tx, link, enrolment)
    if problem is not None:
        raise StudyFullError(problem) if link.is_open else NotOpenError(problem)
    new_sessions.begin_another_session(
        services,
        tx,
        link.study,
        enrolment=enrolment,
        recruiter_ids=dict(visitor.visit_ids),
    )


def _admit(
    services: Services,
    tx: Transaction,
    link: StudyLink,
    *,
    claim: browser_binding.BrowserClaim,
    origin: str | None,
) -> Admission:
    visitor = claim.visitor
    if not link.is_open:
        raise NotOpenError(refusals.why_closed(link))
    participant = _participant(services, tx, visitor)
    if why := refusals.why_excluded(services, tx, link, participant=participant):
        raise ExcludedError(why)
    if why := refusals.why_too_many(services, tx, link, origin=origin):
        raise ManyStartingError(why)
    block = new_sessions.reserve_block(
        services, tx, link.study, environment=link.environment, enrolment=None
    )
    enrolment = Enrolment(
        study_id=link.study.id,
        participant_id=participant.id,
        recruitment_id=link.recruitment.id,
        environment=link.environment,
        token=services.new_token(),
        condition=block.condition,
        step="consent",
        origin=origin,
        competence=visitor.competence,
        entered_at=services.clock(),
        comprehension_wrong=[],
    )
    browser_binding.bind(enrolment, claim.door_key)
    studies.add(tx, enrolment)
    new_sessions.begin_session(
        services,
        tx,
        link.study,
        enrolment=enrolment,
        block=block,
        recruiter_ids=dict(visitor.visit_ids),
    )
    return Admission(token=enrolment.token, is_new=True, environment=link.environment)


def _participant(services: Services, tx: Transaction, visitor: Identity) -> Participant:
    """The person, added if new; never twice, the database sees to that."""
    if visitor.external_id is not None:
        found = people.find_participant(
            tx, issuer=visitor.issuer, external_id=visitor.external_id
        )
        if found is not None:
            return found
    new = Participant(public_id=services.new_token(), created_at=services.clock())
    return people.add_participant(
        tx, new, issuer=visitor.issuer, external_id=visitor.external_id
    )
