"""Erasing a participant on request, with a receipt."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from study_server.errors import StudyError
from study_server.services import Services
from study_server.services.participation import withdraw
from study_server.store import Transaction, backups, erasures
from study_server.store.erasures import Person

Responses = Literal["keep", "delete"]


class UnknownParticipantError(StudyError):
    """There is no participant of that id."""


@dataclass(frozen=True, kw_only=True)
class ErasureReceipt:
    """What was erased; names the participant by our random id only.

    Attributes:
        participant: Our random id.
        erased_at: ISO 8601, UTC.
        responses: "keep" (without anything that names the person) or "delete".
        n_identities_deleted: Rows that named the person, 0 or 1.
        n_sessions: Sessions that are now nameless.
        n_responses_deleted: 0 where they were kept.
        n_responses_kept: 0 where they were deleted.
        n_survey_fields_deleted: What they wrote about themselves.
    """

    participant: str
    erased_at: str
    responses: Responses
    n_identities_deleted: int
    n_sessions: int
    n_responses_deleted: int
    n_responses_kept: int
    n_survey_fields_deleted: int

    @property
    def sha256(self) -> str:
        """Hash over the other fields, to tell a receipt from a made-up one."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def find_participant(services: Services, recruiter: str, *, external_id: str) -> str:
    """Our random id of the person whom a recruiter, or the site behind it, names so.

    Raises:
        UnknownParticipantError: If there is none; the id is not repeated.
    """
    with services.store.read() as tx:
        found = erasures.find_worker(tx, recruiter, external_id=external_id)
        known = ", ".join(erasures.issuers(tx)) or "nobody"
    if found is None:
        raise UnknownParticipantError(
            f"{recruiter!r} named nobody so (or they are erased); people were named "
            f"by: {known}"
        )
    return found.public_id


def erase_participant(
    services: Services, participant: str, *, responses: Responses = "keep"
) -> ErasureReceipt:
    """Delete what names a person, and their responses where asked.

    A session under way is withdrawn first; their addresses lead nowhere from
    then on. Bundles and backups made earlier are not reached.

    Args:
        services: Store and clock.
        participant: Our random id, as in a bundle's `sessions`.
        responses: "keep" leaves the responses, without name; "delete" removes
            them and makes their places free again.

    Raises:
        UnknownParticipantError: If there is none of that id.
    """
    person = _person(services, participant)
    for token in person.live_tokens:
        withdraw(services, token)
    with services.store.write() as tx:
        erasures.overwrite_what_is_deleted(tx)
        receipt = _erase(services, tx, person, responses=responses)
    backups.empty_log(services.settings.database_url)
    return receipt


def _person(services: Services, participant: str) -> Person:
    with services.store.read() as tx:
        found = erasures.find_person(tx, participant)
    if found is None:
        raise UnknownParticipantError(
            f"no participant {participant!r}: give the random id that a bundle's "
            "sessions show, or --recruiter and --external-id"
        )
    return found


def _erase(
    services: Services, tx: Transaction, person: Person, *, responses: Responses
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
        n_identities_deleted=erasures.forget_identity(tx, person),
        n_sessions=erasures.n_sessions(tx, person),
        n_responses_deleted=n_deleted,
        n_responses_kept=n_responses - n_deleted,
        n_survey_fields_deleted=erasures.delete_survey(tx, person),
    )
