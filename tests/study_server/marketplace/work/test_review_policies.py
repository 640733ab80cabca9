"""Review policies, with the scores worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.marketplace_server import LiveMarketplace
from tests.study_server.marketplace.requests import get, post, refusal


def known_answers(**values: int | str) -> dict[str, Any]:
    key = [{"Key": "q1", "Values": ["2"]}, {"Key": "q2", "Values": ["a", "b"]}]
    return {
        "PolicyName": "ScoreMyKnownAnswers/2011-09-01",
        "Parameters": [
            {"Key": "AnswerKey", "MapEntries": key},
            *({"Key": k, "Values": [str(v)]} for k, v in values.items()),
        ],
    }


def plurality(**values: int | str) -> dict[str, Any]:
    return {
        "PolicyName": "SimplePlurality/2011-09-01",
        "Parameters": [{"Key": k, "Values": [str(v)]} for k, v in values.items()],
    }


def statuses(client: Any, hit_id: str) -> list[str]:
    found = client.list_assignments_for_hit(HITId=hit_id)["Assignments"]
    return [entry["AssignmentStatus"] for entry in found]


def test_known_answers_approve_reject_and_ask_again(live: LiveMarketplace, client):
    policy = known_answers(
        ApproveIfKnownAnswerScoreIsAtLeast=100,
        RejectIfKnownAnswerScoreIsLessThan=50,
        RejectReason="wrong",
        ExtendIfKnownAnswerScoreIsLessThan=50,
    )
    hit_id = post(client, MaxAssignments=3, AssignmentReviewPolicy=policy)["HITId"]
    right, half, none = (live.add_worker() for _ in range(3))
    right.do(hit_id, {"q1": " 2 ", "q2": "b|a"})
    half.do(hit_id, {"q1": "2", "q2": "a"})
    none.do(hit_id, {"q1": "3"})

    # 2 of 2, 1 of 2 (one of two values is not the answer), 0 of 2
    assert statuses(client, hit_id) == ["Approved", "Submitted", "Rejected"]
    assert get(client, hit_id)["MaxAssignments"] == 4
    report = client.list_review_policy_results_for_hit(HITId=hit_id, MaxResults=100)
    scores = report["AssignmentReviewReport"]["ReviewResults"]
    assert [entry["Value"] for entry in scores] == ["100", "50", "0"]
    actions = report["AssignmentReviewReport"]["ReviewActions"]
    assert [(a["ActionName"], a["Status"]) for a in actions] == [
        ("approve", "Succeeded"),
        ("reject", "Succeeded"),
        ("extend", "Succeeded"),
    ]
    assert "HITReviewReport" not in report


def test_the_documentations_own_example_of_agreement(live: LiveMarketplace, client):
    # Three workers, four questions: A, B and C have an agreed answer, D has not.
    policy = plurality(
        QuestionIds="A,B,C,D",
        QuestionAgreementThreshold=50,
        DisregardAssignmentIfRejected="T",
        ApproveIfWorkerAgreementScoreIsAtLeast=100,
        RejectIfWorkerAgreementScoreIsLessThan=60,
        ExtendIfHITAgreementScoreIsLessThan=80,
        ExtendMaximumAssignments=4,
        ExtendMinimumTimeInSeconds=3600,
    )
    hit_id = post(client, MaxAssignments=3, HITReviewPolicy=policy)["HITId"]
    for row in (
        ("coat", "blue", "large", "Furry"),
        ("sweater", "blue", "large", "fur"),
        ("coat", "green", "large", "furr"),
    ):
        live.add_worker().do(hit_id, dict(zip("ABCD", row, strict=True)))

    report = client.list_review_policy_results_for_hit(HITId=hit_id, MaxResults=100)
    results = report["HITReviewReport"]["ReviewResults"]
    agreed = {
        r["QuestionId"]: r["Value"] for r in results if r["Key"] == "AgreedAnswer"
    }
    assert agreed == {"A": "coat", "B": "blue", "C": "large"}
    by_key: dict[str, list[str]] = {}
    for entry in results:
        by_key.setdefault(entry["Key"], []).append(entry["Value"])
    # 3 of 4 questions; 3 of 3, 2 of 3 and 2 of 3 agreed answers
    assert by_key["HITAgreementScore"] == ["75"]
    assert by_key["WorkerAgreementScore"] == ["100", "67", "67"]
    assert statuses(client, hit_id) == ["Approved", "Submitted", "Submitted"]
    extended = get(client, hit_id)
    assert (extended["MaxAssignments"], extended["HITStatus"]) == (4, "Assignable")


def test_review_never_crosses_ten_assignments(live: LiveMarketplace, client):
    policy = known_answers(
        ExtendIfKnownAnswerScoreIsLessThan=101, ExtendMaximumAssignments=25
    )
    hit_id = post(client, MaxAssignments=9, AssignmentReviewPolicy=policy)["HITId"]
    live.add_worker().do(hit_id)

    assert get(client, hit_id)["MaxAssignments"] == 9


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("AssignmentReviewPolicy", plurality(QuestionIds="a")),
        ("HITReviewPolicy", known_answers()),
        ("HITReviewPolicy", plurality(QuestionIds="a")),
        ("AssignmentReviewPolicy", {"PolicyName": "Other/2020-01-01"}),
    ],
)
def test_a_policy_out_of_place_is_refused(client, name, policy):
    code, _ = refusal(post, client=client, **{name: policy})

    assert code == "InvalidReviewPolicy"
