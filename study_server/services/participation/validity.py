"""Which sessions and responses are valid, by the preregistered rules.

The rules themselves are `analysis.people.exclusion_rules`, so that a report can apply them
again. They are applied when a session is completed. Which responses count follows:
the first n valid ones of each main trial by order of acceptance.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from analysis.bundles.shuffled_places import laid_out
from hit_templates.questions import Question
from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.studies.progress import require_study
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks
from study_server.store.participation import responses, sessions
from study_server.store.participation.responses import JudgedSession, JudgedTrial
from study_server.store.participation.sessions import SessionNames
from study_server.store.tables import Session

if TYPE_CHECKING:
    from analysis.people.exclusion_rules import Evidence

_FINAL: Final = ("withdrawn", "erased")


def complete_session(
    tx: Transaction,
    session: Session,
    *,
    file: StudyFile,
    questions: Mapping[str, Question],
    at: datetime,
) -> None:
    """End a session whose trials are all done: judge it, turn its place over.

    The caller holds the session's lock; the questions are those of the paradigm.
    """
    session.state, session.completed_at = "completed", at
    _write_judgement(tx, session, file=file, questions=questions, at=at)
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
class ChangedSession:
    """A completed session of which the rules say something else than before.

    Attributes:
        session: Its public name.
        participant: Our random id.
        stored: Names of the rules broken, joined by ";", as written down when it
            was judged last; None for a valid session.
        found: The same by the rules now.
        n_responses: Responses whose own reason is another than before.
    """

    session: str
    participant: str
    stored: str | None
    found: str | None
    n_responses: int


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What judging a study's completed sessions anew came to.

    Attributes:
        n_judged: Completed sessions.
        n_changed: Sessions whose reason, or that of one of whose responses, is
            another than before.
        n_valid: Valid ones now.
        reasons: Reason to number of invalid sessions.
        response_reasons: Reason to number of responses, of whichever session.
        changes: The changed sessions, oldest first.
    """

    n_judged: int
    n_changed: int
    n_valid: int
    reasons: Mapping[str, int]
    response_reasons: Mapping[str, int]
    changes: tuple[ChangedSession, ...]


def check_study(
    services: Services, name: str, *, environment: Environment = "live"
) -> Judgement:
    """What `judge_study` would come to; changes nothing.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    return _review(services, name, environment=environment).judgement


def judge_study(
    services: Services, name: str, *, environment: Environment = "live"
) -> Judgement:
    """Judge every completed session by the rules of the study file, anew.

    Sessions of people who withdrew stay invalid.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    review = _review(services, name, environment=environment)
    for key in review.changed:
        _judge_again(services, key=key, file=review.file)
    if review.changed:
        n = f"{len(review.changed)} changed"
        activity.note_now(services, "sessions judged again", subject=name, detail=n)
    return review.judgement


@dataclass(frozen=True, kw_only=True)
class _Review:
    file: StudyFile
    changed: tuple[int, ...]
    judgement: Judgement


def _review(services: Services, name: str, *, environment: Environment) -> _Review:
    with services.store.read() as tx:
        study = require_study(tx, name)
        done = responses.completed_in(tx, study.id, environment=environment)
        given = responses.given_in_study(tx, study.id, environment=environment)
        names = sessions.names_in(tx, study.id, environment=environment)
    file = StudyFile.model_validate(study.settings)
    found = _find(done, given, file=file, questions=paradigm_of(file).questions)
    before = _as_written(done, given)
    # Who withdrew, or was erased, stays out whatever the rules say.
    kept = {each.id: each.reason for each in done if each.reason in _FINAL}
    changed = tuple(
        key for key in found if found[key] != before[key] and key not in kept
    )
    now = {key: kept.get(key, finding.reason) for key, finding in found.items()}
    judgement = Judgement(
        n_judged=len(done),
        n_changed=len(changed),
        n_valid=sum(reason is None for reason in now.values()),
        reasons=_counted(now.values()),
        response_reasons=_counted(
            why for finding in found.values() for why in finding.responses.values()
        ),
        changes=tuple(
            _change(names[key], before=before[key], found=found[key]) for key in changed
        ),
    )
    return _Review(file=file, changed=changed, judgement=judgement)


def _change(names: SessionNames, *, before: Finding, found: Finding) -> ChangedSession:
    return ChangedSession(
        session=names.session,
        participant=names.participant,
        stored=before.reason,
        found=found.reason,
        n_responses=sum(
            why != before.responses[key] for key, why in found.responses.items()
        ),
    )


def _judge_again(services: Services, *, key: int, file: StudyFile) -> None:
    with services.store.write() as tx:
        session = sessions.lock_session(tx, key)
        if session.reason in _FINAL:
            return
        was_valid = session.validity == "valid"
        questions = paradigm_of(file).questions
        _write_judgement(
            tx, session, file=file, questions=questions, at=services.clock()
        )
        is_valid = session.validity == "valid"
        if is_valid != was_valid:
            blocks.change_valid(tx, session.block_id, by=1 if is_valid else -1)


def _counted(reasons: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(why for why in reasons if why is not None).items()))


def _write_judgement(
    tx: Transaction,
    session: Session,
    *,
    file: StudyFile,
    questions: Mapping[str, Question],
    at: datetime,
) -> None:
    given = responses.given_in(tx, session.id)
    done = [responses.judged_session(tx, session)]
    finding = _find(done, given, file=file, questions=questions)[session.id]
    before = _as_written(done, given)[session.id].responses
    changed = {key: why for key, why in finding.responses.items() if why != before[key]}
    responses.set_reasons(tx, changed)
    session.reason = finding.reason
    session.validity = "valid" if session.reason is None else "invalid"
    session.judged_at = at


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the rules say of one session.

    Attributes:
        reason: Names of the rules broken, joined by ";"; None for a valid session.
        responses: Key of each response to the rules it breaks by itself.
    """

    reason: str | None
    responses: Mapping[int, str | None]


def _as_written(
    done: Sequence[JudgedSession], given: Sequence[JudgedTrial]
) -> dict[int, Finding]:
    own: dict[int, dict[int, str | None]] = {each.id: {} for each in done}
    for entry in given:
        if entry.response_id is not None:
            own[entry.session_id][entry.response_id] = entry.exclusion_reason
    return {
        each.id: Finding(reason=each.reason, responses=own[each.id]) for each in done
    }


def _find(
    done: Sequence[JudgedSession],
    given: Sequence[JudgedTrial],
    *,
    file: StudyFile,
    questions: Mapping[str, Question],
) -> dict[int, Finding]:
    """What the rules say of each session, by its key."""
    # Imported here so that `secondlook --help` loads no pandas.
    from analysis.people.exclusion_rules import judge, read_quality

    verdicts = judge(
        evidence_of(done, given, questions=questions),
        read_quality(file.quality.model_dump()),
    )
    own: dict[int, dict[int, str | None]] = {each.id: {} for each in done}
    told = (entry for entry in given if entry.response_id is not None)
    for entry, why in zip(told, verdicts.responses, strict=True):
        own[entry.session_id][entry.response_id or 0] = why or None
    return {
        each.id: Finding(reason=why or None, responses=own[each.id])
        for each, why in zip(done, verdicts.sessions, strict=True)
    }


def evidence_of(
    sessions: Sequence[JudgedSession],
    given: Sequence[JudgedTrial],
    *,
    questions: Mapping[str, Question],
) -> Evidence:
    """Evidence on completed sessions and every trial handed out in them.

    Its sessions and responses are in the order given; trials without a response
    only count as handed out. The questions are those the study's paradigm declares.
    """
    # Imported here so that `secondlook --help` loads no pandas.
    import pandas as pd

    from analysis.people.exclusion_rules import make_evidence
    from analysis.people.exclusion_rules.evidence import (
        RESPONSE_COLUMNS,
        SESSION_COLUMNS,
    )

    n_trials = Counter(entry.session_id for entry in given)
    done = [entry for entry in given if entry.response_id is not None]
    claimed_ms: dict[int, float] = defaultdict(float)
    for entry in done:
        claimed_ms[entry.session_id] += entry.rt_ms or 0.0
    rows = (
        # Programs wait for nothing: their time is what they claim to have taken.
        (
            s.id,
            claimed_ms[s.id] / 1000 if s.is_simulated else s.duration_s,
            n_trials[s.id],
        )
        for s in sessions
    )
    return make_evidence(
        pd.DataFrame(
            (_response_row(entry, questions) for entry in done),
            columns=list(RESPONSE_COLUMNS),
        ),
        pd.DataFrame(rows, columns=list(SESSION_COLUMNS)),
    )


def _response_row(
    entry: JudgedTrial, questions: Mapping[str, Question]
) -> tuple[Any, ...]:
    """A row in the order of `RESPONSE_COLUMNS`."""
    return (
        entry.response_id,
        entry.session_id,
        entry.enrolment_id,
        entry.trial_id,
        entry.role,
        entry.control,
        entry.position,
        json.dumps(entry.payload, sort_keys=True),
        laid_out(
            entry.payload or {}, entry.class_order, asked=questions[entry.question]
        ),
        entry.payload is not None,
        None if entry.is_right is None else float(entry.is_right),
        entry.rt_ms,
        entry.wall_ms,
        entry.visible_ms,
        entry.missed_frames,
        entry.n_display_failures,
    )
