"""Erasing a participant on request, with a receipt."""

from __future__ import annotations

from functools import partial
from typing import Final

from study_server.database import backups
from study_server.errors import StudyError
from study_server.recruiters.registry import id_rule_of
from study_server.services import Services
from study_server.services.accounts import activity, sealing
from study_server.services.participation.receipts import (
    ErasureReceipt,
    Responses,
    SealedReceipt,
    seal_and_record,
)
from study_server.services.participation.taking_steps import withdraw
from study_server.store import Transaction, erasures
from study_server.store.erasures import KeptPerson
from study_server.store.market import assignments

MIN_BEGINNING: Final = 6


class UnknownParticipantError(StudyError):
    """There is no participant of that id."""


def find_participant(services: Services, recruiter: str, *, external_id: str) -> str:
    """Our random id of the person whom a recruiter, or the site behind it, names so.

    Raises:
        UnknownParticipantError: If there is none; the id is not repeated.
    """
    with services.store.read() as tx:
        found = _named(tx, recruiter, external_id=external_id)
        known = ", ".join(erasures.issuers(tx)) or "nobody"
    if found is None:
        raise UnknownParticipantError(
            f"{recruiter!r} named nobody so (or they are erased); people were named "
            f"by: {known}"
        )
    return found.public_id


def _named(tx: Transaction, issuer: str, *, external_id: str) -> KeptPerson | None:
    """The person under an id, as it was given or as it is kept."""
    normal = id_rule_of(issuer).normal(external_id)
    found = (
        erasures.find_worker(tx, issuer, external_id=name)
        for name in dict.fromkeys((external_id, normal))
    )
    return next((person for person in found if person is not None), None)


def erase_participant(
    services: Services, participant: str, *, responses: Responses = "keep"
) -> SealedReceipt:
    """Delete what names a person, and their responses where asked.

    A session under way is withdrawn first; their addresses lead nowhere from
    then on. Bundles and backups made earlier are not reached.

    Args:
        services: Store and clock.
        participant: Our random id, as in a bundle's `sessions`, or the beginning
            of it that the dashboard and the report show.
        responses: "keep" leaves the responses, without name; "delete" removes
            them and makes their places free again.

    Raises:
        UnknownParticipantError: If there is none of that id.
    """
    person = _person(services, participant)
    for token in person.live_tokens:
        withdraw(services, token)
    with services.store.write() as tx:
        receipt = erase_within(services, tx, person, responses=responses)
    backups.empty_log(services.settings.database_url)
    return receipt


def erase_within(
    services: Services,
    tx: Transaction,
    person: KeptPerson,
    *,
    responses: Responses = "keep",
    why: str = "",
) -> SealedReceipt:
    """Erase somebody in a transaction that is under way, and write it down there.

    Args:
        services: Clock, keys and who acts.
        tx: Where; on SQLite its log holds the old pages until `backups.empty_log`.
        person: Somebody without a session under way.
        responses: As in `erase_participant`.
        why: For the activity log, where nobody asked for it; no identities.
    """
    erasures.overwrite_what_is_deleted(tx)
    erased = _erase(services, tx, person, responses=responses)
    receipt = seal_and_record(services, tx, erased)
    done = f"responses: {responses}" + (f"; {why}" if why else "")
    activity.note(services, tx, "participant erased", detail=done)
    return receipt


def get_participant(services: Services, participant: str) -> str:
    """The whole random id of a participant.

    Args:
        services: Store.
        participant: Their id, or a beginning of it that only they have.

    Raises:
        UnknownParticipantError: If there is none, or there are several.
    """
    if len(participant) < MIN_BEGINNING:
        raise UnknownParticipantError(
            f"participant {participant!r}: expected at least {MIN_BEGINNING} "
            "characters of their id"
        )
    with services.store.read() as tx:
        found = erasures.ids_beginning(tx, participant)
    if len(found) > 1:
        raise UnknownParticipantError(
            f"participant {participant!r}: {len(found)} participants' ids begin so; "
            "give more of it"
        )
    if not found:
        raise UnknownParticipantError(
            f"no participant {participant!r}: give the random id that a bundle's "
            "sessions show, or --recruiter and --external-id"
        )
    return found[0]


def _person(services: Services, participant: str) -> KeptPerson:
    whole = get_participant(services, participant)
    with services.store.read() as tx:
        found = erasures.find_person(tx, whole)
    if found is None:
        raise UnknownParticipantError(f"participant {whole!r} was erased just now")
    return found


def _erase(
    services: Services, tx: Transaction, person: KeptPerson, *, responses: Responses
) -> ErasureReceipt:
    n_responses = erasures.n_responses(tx, person)
    is_kept = responses == "keep"
    n_deleted = 0 if is_kept else erasures.delete_responses(tx, person)
    for enrolment_id in person.enrolment_ids:
        erasures.close_address(tx, enrolment_id, token=services.new_token())
    return ErasureReceipt(
        participant=person.public_id,
        erased_at=services.clock().isoformat(timespec="seconds"),
        responses=responses,
        n_identities_deleted=erasures.forget_identity(
            tx, person, rename=partial(_erased_name, services)
        ),
        n_sessions=erasures.n_sessions(tx, person),
        n_responses_deleted=n_deleted,
        n_responses_kept=n_responses - n_deleted,
        n_survey_fields_deleted=erasures.delete_survey(tx, person),
    )


def _erased_name(services: Services, external_id: str) -> str:
    return assignments.erased_name(
        sealing.seal(services, sealing.ERASED_WORK, external_id)
    )
