"""Which sessions are valid: the preregistered rules, each with its reason.

A rule looks at one completed session and says its name when it is broken. Which
responses count follows: the first n of valid sessions by order of acceptance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.progress import require_study
from study_server.services.study_sections import QualitySection, StudyFile
from study_server.store import Transaction, blocks, people, responses, sessions
from study_server.store.responses import Given
from study_server.store.tables import Session


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a session is judged by.

    Attributes:
        given: One entry per main, catch and control trial.
        duration_s: From the first trial shown to the last response, in seconds;
            None where the start is unknown.
    """

    given: Sequence[Given]
    duration_s: float | None

    @property
    def n_catch(self) -> int:
        """Catch trials with a response."""
        return sum(entry.is_right is not None for entry in self._catches)

    @property
    def n_catch_right(self) -> int:
        """Catch trials that were right."""
        return sum(entry.is_right is True for entry in self._catches)

    @property
    def n_display_failures(self) -> int:
        """Images that failed to show."""
        return sum(entry.n_display_failures for entry in self.given)

    @property
    def rts_ms(self) -> list[float]:
        """Response times of the scored responses."""
        return [e.rt_ms for e in self.given if e.is_scored and e.rt_ms is not None]

    @property
    def _catches(self) -> list[Given]:
        return [entry for entry in self.given if entry.role == "catch"]


Rule = Callable[[Evidence, QualitySection], bool]


def incomplete(evidence: Evidence, quality: QualitySection) -> bool:
    """A trial has no response, or every image failed to show."""
    return not all(entry.has_response for entry in evidence.given) or not any(
        entry.is_scored for entry in evidence.given
    )


def catch_accuracy(evidence: Evidence, quality: QualitySection) -> bool:
    """Fewer catch trials right than `min_catch_accuracy` of those that showed.

    Without any catch trial there is nothing to break.
    """
    if evidence.n_catch == 0:
        return False
    # A share like 0.8 of 5 is a whole number of trials; floats may say 4.000...1.
    needed = quality.min_catch_accuracy * evidence.n_catch
    return evidence.n_catch_right < needed - 1e-9


def session_too_short(evidence: Evidence, quality: QualitySection) -> bool:
    """Done in less than `min_session_s`."""
    if quality.min_session_s is None or evidence.duration_s is None:
        return False
    return evidence.duration_s < quality.min_session_s


def session_too_long(evidence: Evidence, quality: QualitySection) -> bool:
    """Took more than `max_session_s`."""
    if quality.max_session_s is None or evidence.duration_s is None:
        return False
    return evidence.duration_s > quality.max_session_s


def median_rt(evidence: Evidence, quality: QualitySection) -> bool:
    """The median response time is under `min_median_rt_ms`."""
    if quality.min_median_rt_ms is None or not evidence.rts_ms:
        return False
    return median(evidence.rts_ms) < quality.min_median_rt_ms


def display_failures(evidence: Evidence, quality: QualitySection) -> bool:
    """More images failed to show than `max_display_failures`."""
    if quality.max_display_failures is None:
        return False
    return evidence.n_display_failures > quality.max_display_failures


RULES: Final[Mapping[str, Rule]] = {
    rule.__name__: rule
    for rule in (
        incomplete,
        catch_accuracy,
        session_too_short,
        session_too_long,
        median_rt,
        display_failures,
    )
}


def find_reason(evidence: Evidence, quality: QualitySection) -> str | None:
    """The names of the rules broken, joined by ";"; None for a valid session."""
    broken = [name for name, rule in RULES.items() if rule(evidence, quality)]
    return ";".join(broken) or None


def complete_session(
    tx: Transaction, session: Session, *, quality: QualitySection, at: datetime
) -> None:
    """End a session whose trials are all done: judge it, turn its place over.

    The caller holds the session's lock.
    """
    session.state, session.completed_at = "completed", at
    _write_judgement(tx, session, quality=quality, at=at)
    blocks.settle(tx, session.block_id, is_valid=session.validity == "valid")


def end_session(
    tx: Transaction, session: Session, *, state: str, reason: str, at: datetime
) -> None:
    """End a session that will never count; its place becomes free.

    A completed session keeps its state: it took place, but is invalid from now.
    """
    if session.state == "started":
        session.state = state
        blocks.release(tx, session.block_id)
    elif session.validity == "valid":
        blocks.change_valid(tx, session.block_id, by=-1)
    session.validity, session.reason, session.judged_at = "invalid", reason, at


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What judging a study's completed sessions anew came to.

    Attributes:
        n_judged: Completed sessions.
        n_changed: Sessions whose validity or reason is another than before.
        n_valid: Valid ones now.
        reasons: Reason to number of invalid sessions.
    """

    n_judged: int
    n_changed: int
    n_valid: int
    reasons: Mapping[str, int]


def judge_study(
    services: Services, name: str, *, environment: Environment = "live"
) -> Judgement:
    """Judge every completed session by the rules of the study file, anew.

    Sessions of people who withdrew stay invalid.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    with services.store.read() as tx:
        study = require_study(tx, name)
        keys = sessions.completed_sessions(tx, study.id, environment=environment)
    quality = StudyFile.model_validate(study.settings).quality
    outcomes = [
        _judge_again(services, key=session_id, quality=quality) for session_id in keys
    ]
    reasons = Counter(o.reason for o in outcomes if o.reason is not None)
    return Judgement(
        n_judged=len(outcomes),
        n_changed=sum(outcome.is_changed for outcome in outcomes),
        n_valid=sum(outcome.reason is None for outcome in outcomes),
        reasons=dict(sorted(reasons.items())),
    )


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    reason: str | None
    is_changed: bool


def _judge_again(services: Services, *, key: int, quality: QualitySection) -> _Outcome:
    with services.store.write() as tx:
        session = sessions.lock_session(tx, key)
        before, was_valid = session.reason, session.validity == "valid"
        if before == "withdrawn":
            return _Outcome(reason=before, is_changed=False)
        _write_judgement(tx, session, quality=quality, at=services.clock())
        is_valid = session.validity == "valid"
        if is_valid != was_valid:
            blocks.change_valid(tx, session.block_id, by=1 if is_valid else -1)
        return _Outcome(reason=session.reason, is_changed=session.reason != before)


def _write_judgement(
    tx: Transaction, session: Session, *, quality: QualitySection, at: datetime
) -> None:
    given = responses.given_in(tx, session.id)
    is_simulated = people.is_simulated(tx, session.enrolment_id)
    evidence = Evidence(
        given=given,
        duration_s=_claimed_s(given) if is_simulated else _duration_s(session),
    )
    session.reason = find_reason(evidence, quality)
    session.validity = "valid" if session.reason is None else "invalid"
    session.judged_at = at


def _duration_s(session: Session) -> float | None:
    if session.started_at is None or session.completed_at is None:
        return None
    return (session.completed_at - session.started_at).total_seconds()


def _claimed_s(given: Sequence[Given]) -> float:
    """Programs wait for nothing: their time is what they claim to have taken."""
    return sum(entry.rt_ms or 0.0 for entry in given) / 1000
