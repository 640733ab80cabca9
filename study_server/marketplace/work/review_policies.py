"""Review policies: work approved, rejected or asked for again by a rule.

ScoreMyKnownAnswers/2011-09-01 looks at each assignment when it is submitted,
SimplePlurality/2011-09-01 at a HIT when it becomes reviewable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from study_server.database.engine import Transaction
from study_server.marketplace.errors import RequestError
from study_server.marketplace.money import MANY_ASSIGNMENTS
from study_server.marketplace.questions.answers import read_answers
from study_server.marketplace.store import assignments
from study_server.marketplace.store.tables import Assignment, Hit
from study_server.marketplace.work.assignment_decisions import approve, reject
from study_server.marketplace.work.hit_settlement import settle
from study_server.marketplace.work.review_notes import (
    note_action,
    note_hit_result,
    note_result,
)
from study_server.webkit.reading import read_whole_number

KNOWN_ANSWERS: Final = "ScoreMyKnownAnswers/2011-09-01"
PLURALITY: Final = "SimplePlurality/2011-09-01"
# Beyond it nothing that is counted or scored here comes.
_MOST: Final = 1_000_000_000
_MAX_ANSWER_LENGTH: Final = 256
_KNOWN_KEYS: Final = {
    KNOWN_ANSWERS: {"AnswerKey"},
    PLURALITY: {"QuestionIds", "QuestionAgreementThreshold"},
}

Policy = Mapping[str, Any]


def check_policy(policy: Policy | None, *, name: str) -> None:
    """Refuse a policy that is not the one for its place, or lacks a parameter.

    Raises:
        RequestError: With what is missing.
    """
    if policy is None:
        return
    if policy["PolicyName"] != name:
        raise RequestError(
            "InvalidReviewPolicy",
            f"PolicyName: expected {name} here, got {policy['PolicyName']!r}",
            rule="policy-name",
        )
    keys = {entry.get("Key") for entry in policy.get("Parameters", [])}
    if missing := sorted(_KNOWN_KEYS[name] - keys):
        raise RequestError(
            "InvalidReviewPolicy",
            f"{name} needs the parameters {', '.join(missing)}",
            rule="policy-parameters",
        )


def settle_and_review(
    tx: Transaction, hit: Hit, *, at: datetime, is_strict: bool = True
) -> None:
    """Bring a HIT in line with its counters; review it if it became reviewable.

    Raises:
        RequestError: If the requester has too little money and `is_strict`.
    """
    if settle(tx, hit, at=at, is_strict=is_strict) and hit.hit_review_policy:
        _review_hit(tx, hit, hit.hit_review_policy, at=at)


def review_assignment(tx: Transaction, assignment: Assignment, *, at: datetime) -> None:
    """Score a submission against known answers, and act on the score."""
    policy = assignment.hit.assignment_review_policy
    if not policy:
        return
    score = _known_answer_score(policy, assignment)
    note_result(tx, assignment, level="Assignment", key="KnownAnswerScore", value=score)
    values = _Values(policy)
    hit = assignment.hit
    if score >= values.number("ApproveIfKnownAnswerScoreIsAtLeast", 101):
        _act(tx, assignment, "approve", "Assignment", at, values.text("ApproveReason"))
    elif score < values.number("RejectIfKnownAnswerScoreIsLessThan", 0):
        _act(tx, assignment, "reject", "Assignment", at, values.text("RejectReason"))
    if score < values.number("ExtendIfKnownAnswerScoreIsLessThan", 0):
        most = values.number("ExtendMaximumAssignments", 5)
        time_s = values.number("ExtendMinimumTimeInSeconds", 0)
        _extend(tx, hit, level="Assignment", most=most, time_s=time_s, at=at)


class _Values:
    """A policy's parameters that are single values."""

    def __init__(self, policy: Policy) -> None:
        self._values = {
            entry.get("Key", "").strip(): entry.get("Values", [])
            for entry in policy.get("Parameters", [])
        }

    def text(self, name: str) -> str:
        return next(iter(self._values.get(name, [])), "")

    def texts(self, name: str) -> list[str]:
        return [
            part.strip()
            for value in self._values.get(name, [])
            for part in value.split(",")
        ]

    def number(self, name: str, default: int) -> int:
        number = read_whole_number(self.text(name).strip(), least=-_MOST, most=_MOST)
        return default if number is None else number


def _known_answer_score(policy: Policy, assignment: Assignment) -> int:
    """Percent of the known answers that were given exactly."""
    answers = read_answers(assignment.answer)
    key = {
        entry.get("Key", ""): frozenset(v.strip() for v in entry.get("Values", []))
        for parameter in policy.get("Parameters", [])
        if parameter.get("Key") == "AnswerKey"
        for entry in parameter.get("MapEntries", [])
    }
    if not key:
        return 0
    n_right = sum(bool(v) and answers.get(name) == v for name, v in key.items())
    return round(100 * n_right / len(key))


def _review_hit(tx: Transaction, hit: Hit, policy: Policy, *, at: datetime) -> None:
    values = _Values(policy)
    counted = _counted(tx, hit, values)
    names = values.texts("QuestionIds")
    threshold = values.number("QuestionAgreementThreshold", 100)
    agreed = _agreed_answers(counted, names, threshold)
    for name, answer in agreed.items():
        shown = "|".join(sorted(answer))
        note_hit_result(tx, hit, key="AgreedAnswer", value=shown, question=name)
    hit_score = round(100 * len(agreed) / len(names)) if names else 0
    note_hit_result(tx, hit, key="HITAgreementScore", value=hit_score)
    for entry in counted:
        _judge(tx, entry, values, agreed, at)
    if hit_score < values.number("ExtendIfHITAgreementScoreIsLessThan", 0):
        most = values.number("ExtendMaximumAssignments", 0)
        time_s = values.number("ExtendMinimumTimeInSeconds", 0)
        _extend(tx, hit, level="HIT", most=most, time_s=time_s, at=at)


def _counted(tx: Transaction, hit: Hit, values: _Values) -> list[Assignment]:
    """The submissions that are compared, those rejected only if the policy says so."""
    without = values.text("DisregardAssignmentIfRejected")[:1].upper() == "T"
    left_out = ("Rejected",) if without else ()
    done = ("Submitted", "Approved", "Rejected")
    return [
        entry
        for entry in assignments.all_of_hit(tx, hit.id)
        if entry.status in done and entry.status not in left_out
    ]


def _agreed_answers(
    counted: list[Assignment], names: list[str], threshold: int
) -> dict[str, frozenset[str]]:
    """The answer to each question that more than `threshold` percent gave."""
    agreed = {}
    for name in names:
        given = [read_answers(entry.answer).get(name) for entry in counted]
        votes = Counter(v for v in given if v and _is_short(v))
        if not votes:
            continue
        answer, n = votes.most_common(1)[0]
        if 100 * n / len(counted) > threshold:
            agreed[name] = answer
    return agreed


def _is_short(values: frozenset[str]) -> bool:
    return all(len(value) <= _MAX_ANSWER_LENGTH for value in values)


def _judge(
    tx: Transaction,
    entry: Assignment,
    values: _Values,
    agreed: dict[str, frozenset[str]],
    at: datetime,
) -> None:
    answers = read_answers(entry.answer)
    n_agreeing = sum(answers.get(name) == v for name, v in agreed.items())
    score = round(100 * n_agreeing / len(agreed)) if agreed else 0
    note_result(tx, entry, level="HIT", key="WorkerAgreementScore", value=score)
    if not agreed or entry.status != "Submitted":
        return
    if score >= values.number("ApproveIfWorkerAgreementScoreIsAtLeast", 101):
        _act(tx, entry, "approve", "HIT", at, "")
    elif score < values.number("RejectIfWorkerAgreementScoreIsLessThan", 0):
        _act(tx, entry, "reject", "HIT", at, values.text("RejectReason"))


def _act(
    tx: Transaction,
    assignment: Assignment,
    action: str,
    level: str,
    at: datetime,
    reason: str,
) -> None:
    failure = None
    try:
        if action == "approve":
            approve(tx, assignment, at=at, feedback=reason or None)
        else:
            reject(tx, assignment, at=at, feedback=reason)
    except RequestError as error:
        failure = error
    note_action(
        tx,
        assignment.hit,
        level=level,
        name=action,
        target=(assignment.public_id, "Assignment"),
        at=at,
        failure=failure,
    )


def _extend(
    tx: Transaction, hit: Hit, *, level: str, most: int, time_s: int, at: datetime
) -> None:
    """One more assignment, as far as the policy and the rule of 10 let it."""
    wanted = hit.max_assignments + 1
    crosses = hit.n_at_creation < MANY_ASSIGNMENTS <= wanted
    if wanted > most or crosses:
        return
    failure = None
    before = hit.max_assignments, hit.expires_at, hit.is_expired
    try:
        _add_one(tx, hit, until=at + timedelta(seconds=time_s), at=at)
    except RequestError as error:
        hit.max_assignments, hit.expires_at, hit.is_expired = before
        failure = error
    target = (hit.public_id, "HIT")
    note_action(
        tx, hit, level=level, name="extend", target=target, at=at, failure=failure
    )


def _add_one(tx: Transaction, hit: Hit, *, until: datetime, at: datetime) -> None:
    hit.max_assignments += 1
    if until > hit.expires_at:
        hit.expires_at, hit.is_expired = until, False
    settle(tx, hit, at=at)
