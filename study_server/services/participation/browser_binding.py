"""Whether a browser may go on with what somebody began.

An id in an address is a claim that anybody can make. What counts is a secret: the
enrolment's own address, kept in a signed cookie or by the page itself; the key of
the landing page somebody came in by, so that a double click or a lost reply shuts
nobody out; or a link made for one person. Everything else is for the recruiter's
rule, or for the researcher who lets the next visit in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from study_server.recruiters.base import Identity
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.participation.erasure import UnknownParticipantError
from study_server.services.studies.progress import require_study
from study_server.services.studies.recruitments import (
    read_recruiter_section,
    recruiter_of,
)
from study_server.store import Transaction, erasures
from study_server.store.participation import people, sessions
from study_server.store.tables import Enrolment, Recruitment

_SHORTEST_KEY = 16


@dataclass(frozen=True, kw_only=True)
class BrowserClaim:
    """Somebody at a link, and what their browser can show.

    Attributes:
        recruitment: The link.
        visitor: Who they say they are.
        held: Addresses of enrolments that their browser remembers.
        door_key: The key of the landing page they pressed the button of.
    """

    recruitment: Recruitment
    visitor: Identity
    held: Collection[str]
    door_key: str


def may_go_on(tx: Transaction, enrolment: Enrolment, claim: BrowserClaim) -> bool:
    """Whether this browser may go on, or be the next one."""
    recruiter = recruiter_of(claim.recruitment)
    section = read_recruiter_section(claim.recruitment)
    return (
        recruiter.is_secret(section)
        or enrolment.token in claim.held
        or enrolment.released_at is not None
        or _is_same_door(enrolment, claim.door_key)
        or recruiter.takes_over(
            section,
            claim.visitor.visit_ids,
            earlier=sessions.visits_of(tx, enrolment.id),
        )
    )


def bind(enrolment: Enrolment, door_key: str) -> None:
    """From now on an enrolment belongs to the browser at this landing page."""
    enrolment.released_at = None
    enrolment.door_key_sha256 = _digest(door_key)


def release(services: Services, participant: str, *, study: str | None = None) -> int:
    """Let the next visit under a person's id go on, in whichever browser.

    The addresses they used so far lead nowhere from now on.

    Args:
        services: Store and clock.
        participant: Our random id.
        study: Only in this study; in every study where left out.

    Returns:
        In how many studies they may.

    Raises:
        UnknownParticipantError: If there is none of that id, or not in the study.
        UnknownStudyError: If there is no such study.
    """
    with services.store.write() as tx:
        person = erasures.find_person(tx, participant)
        if person is None:
            raise UnknownParticipantError(
                f"no participant {participant!r}: give the random id that a bundle's "
                "sessions show, or --recruiter and --external-id"
            )
        study_id = None if study is None else require_study(tx, study).id
        found = [people.lock_enrolment(tx, key) for key in person.enrolment_ids]
        chosen = [one for one in found if study_id in (None, one.study_id)]
        if not chosen:
            raise UnknownParticipantError(
                f"participant {participant!r} never came to study {study!r}"
            )
        for enrolment in chosen:
            enrolment.token = services.new_token()
            enrolment.door_key_sha256 = None
            enrolment.released_at = services.clock()
        where = f"{len(chosen)} studies"
        activity.note(
            services, tx, "participant released", subject=study or "", detail=where
        )
    return len(chosen)


def _is_same_door(enrolment: Enrolment, door_key: str) -> bool:
    digest = _digest(door_key)
    return digest is not None and digest == enrolment.door_key_sha256


def _digest(door_key: str) -> str | None:
    # A short one could be guessed, and is none of ours.
    if len(door_key) < _SHORTEST_KEY:
        return None
    return hashlib.sha256(door_key.encode()).hexdigest()
