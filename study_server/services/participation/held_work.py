"""Work that a person looks at before anything else happens.

A session with next to no response is no work one can pay for unseen, and none
one can refuse unseen: images fail for real. So it is held. What a page says of images
that failed is believed where the server's own records allow it: it could not send
them, or the page asked for them as often as it does before it gives up, and no sooner.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from study_server.errors import StudyError
from study_server.recruiters.base import Environment
from study_server.recruiters.sections import PaidSection
from study_server.services import Services
from study_server.services.participation.steps import Whereabouts
from study_server.services.studies.progress import require_study
from study_server.services.studies.recruitments import read_recruiter_section
from study_server.store import Transaction, studies
from study_server.store.participation import held_sessions, image_requests, sessions
from study_server.store.participation.held_sessions import HeldSession
from study_server.store.participation.image_requests import ImageFailure

HARDLY_ANY: Final = "hardly_any_response"
UNLIKELY: Final = "failures_not_in_our_records"
# `preload.js` asks three times, after 0.4 s and 1.2 s more, before it gives up.
_N_TRIES: Final = 3
_SOONEST: Final = timedelta(seconds=1.6)
_MOST_UNLIKELY: Final = 0.5


class NotHeldError(StudyError):
    """There is nothing to decide about."""


def why_held(tx: Transaction, where: Whereabouts) -> str | None:
    """Why a person must look at a completed session; None where nobody need."""
    session = where.session
    if HARDLY_ANY in (session.reason or "").split(";"):
        return HARDLY_ANY
    recruitment = studies.get_recruitment(tx, where.enrolment.recruitment_id)
    section = read_recruiter_section(recruitment)
    if isinstance(section, PaidSection) and section.delivery == "html":
        return None  # its images come from elsewhere, and nothing is recorded here
    failures = image_requests.failures_in(tx, session.id)
    unlikely = unlikely_trials(failures, started_at=session.started_at)
    n_main = held_sessions.count_main(tx, session.id)
    return UNLIKELY if len(unlikely) > _MOST_UNLIKELY * n_main else None


def unlikely_trials(
    failures: Iterable[ImageFailure], *, started_at: datetime | None
) -> set[int]:
    """Trials whose images failed by the page's word alone."""
    return {
        failure.trial
        for failure in failures
        if not _is_likely(failure, started_at=started_at)
    }


def _is_likely(failure: ImageFailure, *, started_at: datetime | None) -> bool:
    if failure.answered.n_refused > 0:
        return True
    has_tried = failure.answered.n_sent >= _N_TRIES
    return has_tried and started_at is not None and failure.at - started_at >= _SOONEST


@dataclass(frozen=True, kw_only=True)
class HeldWork:
    """A session that waits for a person to decide.

    Attributes:
        participant: Our random id.
        session: The session's public name.
        completed_at: When it ended.
        reason: "hardly_any_response" or "failures_not_in_our_records".
        n_main: Main trials.
        n_given: Of those, with a response.
        n_failed: Of those, whose image failed to show, as the page says.
        n_recorded: Of those, where the server's own records allow it.
    """

    participant: str
    session: str
    completed_at: datetime | None
    reason: str
    n_main: int
    n_given: int
    n_failed: int
    n_recorded: int

    @property
    def why(self) -> str:
        """The reason in words."""
        return _WHY.get(self.reason, self.reason)


_WHY: Final = {
    HARDLY_ANY: "hardly any response",
    UNLIKELY: "images failed by the page's word alone",
}


def list_held_work(
    services: Services, name: str, *, environment: Environment = "live"
) -> tuple[HeldWork, ...]:
    """Sessions of a study that wait for a person to decide, oldest first.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    with services.store.read() as tx:
        study = require_study(tx, name)
        found = held_sessions.held_in(tx, study.id, environment=environment)
        return tuple(_work(tx, entry) for entry in found)


def _work(tx: Transaction, entry: HeldSession) -> HeldWork:
    session = entry.session
    failures = image_requests.failures_in(tx, session.id)
    failed = {failure.trial for failure in failures}
    unlikely = unlikely_trials(failures, started_at=session.started_at)
    return HeldWork(
        participant=entry.participant,
        session=session.public_id,
        completed_at=session.completed_at,
        reason=session.held_reason or "",
        n_main=entry.n_main,
        n_given=entry.n_given,
        n_failed=len(failed),
        n_recorded=len(failed - unlikely),
    )


def accept(services: Services, name: str, *, participant: str) -> int:
    """A person looked: it was work, and is paid like any other; how many sessions.

    Whether it counts in the analysis is for the rules, as ever.

    Raises:
        UnknownStudyError: If there is none of that name.
        NotHeldError: If nothing of this person is held there.
    """
    with services.store.write() as tx:
        study = require_study(tx, name)
        keys = held_sessions.held_of(tx, study.id, participant=participant)
        for key in keys:
            sessions.lock_session(tx, key).held_reason = None
    if not keys:
        raise NotHeldError(
            f"nothing of participant {participant!r} is held in study {name!r}; "
            f"`secondlook study show {name}` lists what is"
        )
    return len(keys)
