"""Every operation of the service model answers a real boto3 client."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from study_server.marketplace.operations import OPERATIONS
from study_server.marketplace.protocol.service_model import (
    operation_names,
    service_model,
)
from tests.marketplace_server import EXTERNAL, LiveMarketplace
from tests.study_server.marketplace.requests import PROPERTIES, QUESTION, refusal

QUEUE = "https://sqs.us-east-1.amazonaws.com/1/queue"


def test_there_is_one_function_per_operation_of_the_model():
    assert sorted(OPERATIONS) == sorted(operation_names())
    assert len(OPERATIONS) == 39


class Recorder:
    """A client that remembers which operations it asked for."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.asked: set[str] = set()
        client.meta.events.register("before-call.mturk", self._note)

    def _note(self, model: Any, **_kwargs: Any) -> None:
        self.asked.add(model.name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_every_operation_can_be_called(live: LiveMarketplace):
    client = Recorder(live.client())
    worker, other = live.add_worker(), live.add_worker()

    _work(client, worker, other)
    _qualify(client, worker, other)
    _notify(client, worker)

    assert client.asked == set(operation_names())


def _work(client: Any, worker: Any, other: Any) -> None:
    type_id = client.create_hit_type(**PROPERTIES)["HITTypeId"]
    common = {"LifetimeInSeconds": 3600, "Question": QUESTION, "MaxAssignments": 2}
    hit = client.create_hit_with_hit_type(HITTypeId=type_id, **common)["HIT"]
    hit_id = hit["HITId"]
    assert client.get_hit(HITId=hit_id)["HIT"] == hit
    client.create_hit(**PROPERTIES, **common)
    client.create_additional_assignments_for_hit(
        HITId=hit_id, NumberOfAdditionalAssignments=1
    )
    good, bad = worker.do(hit_id), other.do(hit_id)
    assert client.list_assignments_for_hit(HITId=hit_id)["NumResults"] == 2
    reply = client.get_assignment(AssignmentId=good)
    assert reply["Assignment"]["WorkerId"] == worker.id
    assert reply["HIT"]["HITId"] == hit_id
    client.approve_assignment(AssignmentId=good)
    client.reject_assignment(AssignmentId=bad, RequesterFeedback="no answer")
    client.send_bonus(
        WorkerId=worker.id, AssignmentId=good, BonusAmount="0.05", Reason="quick"
    )
    assert client.list_bonus_payments(HITId=hit_id)["NumResults"] == 1
    other_type = client.create_hit_type(**{**PROPERTIES, "Reward": "0.60"})["HITTypeId"]
    client.update_hit_type_of_hit(HITId=hit_id, HITTypeId=other_type)
    client.update_expiration_for_hit(HITId=hit_id, ExpireAt=0)
    assert client.list_reviewable_hits(HITTypeId=other_type)["NumResults"] == 1
    client.update_hit_review_status(HITId=hit_id)
    reviews = client.list_review_policy_results_for_hit(HITId=hit_id)
    assert reviews["HITId"] == hit_id
    code, _ = refusal(
        client.get_file_upload_url, AssignmentId=good, QuestionIdentifier="photo"
    )
    assert code == "QuestionDoesNotExist"
    client.delete_hit(HITId=hit_id)
    assert client.list_hits()["NumResults"] == 1
    # 10,000 - 0.60 approved - 0.05 bonus - 0.01 fee - 2 x 0.60 held for the other HIT
    assert client.get_account_balance()["AvailableBalance"] == "9998.14"


def _qualify(client: Any, worker: Any, other: Any) -> None:
    made = client.create_qualification_type(
        Name="Sharp eyes", Description="Sees well", QualificationTypeStatus="Active"
    )["QualificationType"]
    type_id = made["QualificationTypeId"]
    found = client.get_qualification_type(QualificationTypeId=type_id)
    assert found["QualificationType"] == made
    listed = client.list_qualification_types(Query="sharp", MustBeRequestable=True)
    assert [kind["QualificationTypeId"] for kind in listed["QualificationTypes"]] == [
        type_id
    ]
    changed = client.update_qualification_type(
        QualificationTypeId=type_id, Description="Sees very well"
    )["QualificationType"]
    assert changed["Description"] == "Sees very well"
    client.associate_qualification_with_worker(
        QualificationTypeId=type_id, WorkerId=worker.id, IntegerValue=7
    )
    score = client.get_qualification_score(
        QualificationTypeId=type_id, WorkerId=worker.id
    )["Qualification"]
    assert (score["IntegerValue"], score["Status"]) == (7, "Granted")
    assert other.ask(type_id) == "Submitted"
    (asked,) = client.list_qualification_requests(QualificationTypeId=type_id)[
        "QualificationRequests"
    ]
    client.reject_qualification_request(
        QualificationRequestId=asked["QualificationRequestId"], Reason="not yet"
    )
    client.update_qualification_type(QualificationTypeId=type_id, RetryDelayInSeconds=0)
    assert other.ask(type_id) == "Submitted"
    (again,) = client.list_qualification_requests()["QualificationRequests"]
    client.accept_qualification_request(
        QualificationRequestId=again["QualificationRequestId"], IntegerValue=3
    )
    granted = client.list_workers_with_qualification_type(QualificationTypeId=type_id)
    assert {q["WorkerId"]: q["IntegerValue"] for q in granted["Qualifications"]} == {
        worker.id: 7,
        other.id: 3,
    }
    client.disassociate_qualification_from_worker(
        QualificationTypeId=type_id, WorkerId=worker.id, Reason="expired"
    )
    asks = [{"QualificationTypeId": type_id, "Comparator": "Exists"}]
    client.create_hit(
        **PROPERTIES,
        QualificationRequirements=asks,
        LifetimeInSeconds=3600,
        Question=QUESTION,
    )
    asking = client.list_hits_for_qualification_type(QualificationTypeId=type_id)
    assert asking["HITs"][0]["QualificationRequirements"] == asks
    client.delete_qualification_type(QualificationTypeId=type_id)
    code, _ = refusal(client.get_qualification_type, QualificationTypeId=type_id)
    assert code == "QualificationTypeDoesNotExist"


def _notify(client: Any, worker: Any) -> None:
    type_id = client.create_hit_type(**PROPERTIES)["HITTypeId"]
    wanted = {
        "Destination": QUEUE,
        "Transport": "SQS",
        "Version": "2006-05-05",
        "EventTypes": ["HITReviewable"],
    }
    client.update_notification_settings(HITTypeId=type_id, Notification=wanted)
    client.send_test_event_notification(Notification=wanted, TestEventType="Ping")
    told = client.notify_workers(
        Subject="Hello", MessageText="More work", WorkerIds=[worker.id]
    )
    assert told["NotifyWorkersFailureStatuses"] == []
    client.create_worker_block(WorkerId=worker.id, Reason="careless")
    (block,) = client.list_worker_blocks()["WorkerBlocks"]
    assert block == {"WorkerId": worker.id, "Reason": "careless"}
    client.delete_worker_block(WorkerId=worker.id)
    assert client.list_worker_blocks()["WorkerBlocks"] == []


def test_the_environment_alone_points_a_script_here(live, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", live.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", live.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", live.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    found = boto3.session.Session().client("mturk").get_account_balance()

    assert found["AvailableBalance"] == "10000.00"


def test_the_exceptions_are_those_of_the_model(live: LiveMarketplace, client):
    with pytest.raises(client.exceptions.RequestError) as caught:
        client.get_hit(HITId="3NOSUCHHIT")

    assert caught.value.response["TurkErrorCode"] == (
        "AWS.MechanicalTurk.HITDoesNotExist"
    )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "3NOSUCHHIT does not exist" in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "request_", "word"),
    [
        ("create_worker_block", {"WorkerId": "b12", "Reason": "x"}, "workerId"),
        ("get_hit", {"HITId": "lower"}, "hITId"),
        *(
            (
                "create_hit",
                {**PROPERTIES, "LifetimeInSeconds": 60, "Reward": reward},
                "reward",
            )
            for reward in ("$1", "1.234", "-1")
        ),
        ("list_hits", {"MaxResults": 101}, "maxResults"),
        ("list_reviewable_hits", {"Status": "Assignable"}, "status"),
        (
            "create_hit",
            {
                **PROPERTIES,
                "LifetimeInSeconds": 60,
                "Question": QUESTION,
                "UniqueRequestToken": "x" * 65,
            },
            "uniqueRequestToken",
        ),
    ],
)
def test_what_the_model_does_not_allow_is_refused(client, operation, request_, word):
    code, message = refusal(getattr(client, operation), **request_)

    assert code == "ValidationException"
    assert f"'{word}' failed to satisfy constraint" in message


def test_an_external_question_may_be_anywhere_on_the_web(client):
    reply = client.create_hit(
        **PROPERTIES,
        LifetimeInSeconds=60,
        Question=EXTERNAL.format(url="https://lab.example/x"),
    )
    assert reply["HIT"]["HITStatus"] == "Assignable"


def test_the_model_is_the_one_boto3_brings():
    assert service_model().api_version == "2017-01-17"
