"""What the service's documentation allows is taken, and odd text is told in JSON."""

from __future__ import annotations

import json
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from sqlalchemy import text

from study_server.marketplace.app import MAX_BODY_BYTES
from tests.marketplace_server import HTML, LiveMarketplace
from tests.study_server.marketplace.requests import PROPERTIES, post, refusal

KIND = {"Description": "d", "QualificationTypeStatus": "Active"}


def test_a_qualification_type_may_have_a_duration_and_no_test(client):
    made = client.create_qualification_type(
        Name="timed", **KIND, TestDurationInSeconds=600, RetryDelayInSeconds=2**31 - 1
    )["QualificationType"]
    assert made["TestDurationInSeconds"] == 600
    assert "Test" not in made
    changed = client.update_qualification_type(
        QualificationTypeId=made["QualificationTypeId"], TestDurationInSeconds=60
    )["QualificationType"]
    # Only a Test with it changes what there is.
    assert changed["TestDurationInSeconds"] == 600


def test_a_message_goes_to_100_workers_and_not_to_101(live: LiveMarketplace, client):
    hit = post(client)
    worker = live.add_worker()
    done = worker.do(hit["HITId"], {"label": "cat"})
    client.approve_assignment(AssignmentId=done)
    message = {"Subject": "s", "MessageText": "m"}

    reply = client.notify_workers(WorkerIds=[worker.id] * 100, **message)
    assert reply["NotifyWorkersFailureStatuses"] == []
    assert client.notify_workers(WorkerIds=[], **message)
    code, words = refusal(client.notify_workers, WorkerIds=[worker.id] * 101, **message)
    assert code == "ParameterValidationError"
    assert "at most 100, got 101" in words


def test_words_may_be_missing_long_and_frames_of_any_height(client):
    question = HTML.format(html="x").replace(">450<", ">1000000<")
    client.create_hit(
        **{**PROPERTIES, "Title": ""}, LifetimeInSeconds=60, Question=question
    )
    kind = {**KIND, "Description": "d" * 5000}
    assert client.create_qualification_type(Name="n" * 300, **kind)
    assert refusal(client.create_hit_type, **{**PROPERTIES, "Description": "d" * 2001})[
        1
    ].startswith("Description: expected at most 2000")


def test_a_bonus_is_paid_for_work_under_way_too(live: LiveMarketplace, client):
    hit, worker = post(client), live.add_worker()
    assignment = worker.accept(hit["HITId"])
    client.send_bonus(
        WorkerId=worker.id, AssignmentId=assignment, BonusAmount="0.05", Reason="r"
    )
    (paid,) = client.list_bonus_payments(AssignmentId=assignment)["BonusPayments"]
    assert paid["BonusAmount"] == "0.05"


def call(live: LiveMarketplace, operation: str, body: bytes) -> httpx.Response:
    """A signed request with a body that no client would write."""
    target = f"MTurkRequesterServiceV20170117.{operation}"
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    signed = AWSRequest("POST", f"{live.url}/", data=body, headers=headers)
    keys = Credentials(live.access_key, live.secret_key)
    SigV4Auth(keys, "mturk-requester", "us-east-1").add_auth(signed)
    return httpx.post(f"{live.url}/", content=body, headers=dict(signed.headers))


def query(words: str) -> bytes:
    return json.dumps({"Query": words, "MustBeRequestable": False}).encode()


ODD = [
    (query("\ud800"), 400, "SerializationException"),
    (query("a\0b"), 400, "SerializationException"),
    (b"{", 400, "SerializationException"),
    (b"[" * 5000, 400, "SerializationException"),
    (b" " * (MAX_BODY_BYTES + 1), 413, "SerializationException"),
]


def test_odd_text_is_a_fault_in_json(live: LiveMarketplace):
    for body, status, kind in ODD:
        reply = call(live, "ListQualificationTypes", body)
        assert reply.status_code == status
        assert reply.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert reply.json()["__type"] == kind
    refused = call(live, "GetHIT", b'{"HITId": "NOWHERE"}').json()
    assert refused["TurkErrorCode"] == "AWS.MechanicalTurk.HITDoesNotExist"
    assert refused["Rule"] == "ListAssignmentsForHIT: a HIT is its requester's alone"


def test_a_search_for_more_than_anything_holds_finds_nothing(client):
    for words in ("q" * 70_000, "%_\\" * 20_000):
        reply: Any = client.list_qualification_types(
            Query=words, MustBeRequestable=False
        )
        assert reply["QualificationTypes"] == []


def test_what_nobody_foresaw_is_a_fault_in_json_too(live: LiveMarketplace):
    with live.market.store.write() as tx:
        tx.execute(text("DROP TABLE market_worker_block"))
    reply = call(live, "ListWorkerBlocks", b"{}")
    assert reply.status_code == 500
    assert reply.json()["TurkErrorCode"] == "AWS.MechanicalTurk.ServiceUnavailable"
    assert "market_worker_block" not in reply.text
