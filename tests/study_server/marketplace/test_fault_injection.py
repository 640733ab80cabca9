"""What goes wrong on purpose, as a client sees it."""

from __future__ import annotations

import time
from decimal import Decimal

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from study_server.marketplace.errors import MarketplaceError
from study_server.marketplace.fault_injection import FaultPlan, Faults
from tests.marketplace_server import LiveMarketplace, RefusedError
from tests.study_server.marketplace.requests import balance, get, post, refusal


def test_throttling_is_what_botocore_retries(live: LiveMarketplace):
    live.set_faults(throttle_rate=1.0)
    assert refusal(live.client().get_account_balance)[0] == "ThrottlingException"

    live.set_faults(throttle_rate=0.5, seed=1)
    patient = live.client(max_attempts=10)
    assert [balance(patient)[0] for _ in range(5)] == [10_000] * 5


def test_a_service_fault_has_done_nothing(live: LiveMarketplace, client):
    live.set_faults(error_rate=1.0)
    with pytest.raises(client.exceptions.ServiceFault) as caught:
        post(client)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    live.clear_faults()
    assert client.list_hits()["NumResults"] == 0


def test_a_lost_reply_has_done_everything(live: LiveMarketplace, client):
    live.set_faults(lost_reply_rate=1.0)
    with pytest.raises(BotoCoreError):
        post(client, UniqueRequestToken="once")

    live.clear_faults()
    (hit,) = client.list_hits()["HITs"]
    code, message = refusal(post, client=client, UniqueRequestToken="once")
    assert (code, hit["HITId"] in message) == ("HitAlreadyExists", True)


def test_faults_can_be_kept_to_some_operations(live: LiveMarketplace, client):
    live.set_faults(error_rate=1.0, operations=["CreateHIT"])

    assert balance(client)[0] == 10_000
    assert refusal(post, client=client)[0] == "ServiceUnavailable"


def test_latency_is_added_to_every_request(live: LiveMarketplace, client):
    live.set_faults(latency_s=0.2)
    started = time.monotonic()

    client.get_account_balance()

    assert time.monotonic() - started >= 0.2


def test_the_next_worker_may_get_a_returned_ones_id(live: LiveMarketplace, client):
    live.set_faults(id_reuse_rate=1.0)
    hit_id = post(client)["HITId"]
    first, second = live.add_worker(), live.add_worker()
    returned = first.accept(hit_id)
    first.give_back(returned)

    assert second.do(hit_id) == returned

    found = client.get_assignment(AssignmentId=returned)["Assignment"]
    assert found["WorkerId"] == second.id
    code, message = refusal(
        client.send_bonus,
        WorkerId=first.id,
        AssignmentId=returned,
        BonusAmount="1",
        Reason="for the one who returned it",
    )
    assert (code, "does not belong to" in message) == ("InvalidAssignmentState", True)
    with pytest.raises(RefusedError, match="was returned"):
        first.submit(returned)


def test_without_that_fault_every_id_is_new(live: LiveMarketplace, client):
    hit_id = post(client)["HITId"]
    worker = live.add_worker()
    returned = worker.accept(hit_id)
    worker.give_back(returned)

    assert worker.accept(hit_id) != returned


def test_a_late_submission_may_be_taken(live: LiveMarketplace, client):
    hit_id = post(client)["HITId"]
    worker, quick = live.add_worker(), live.add_worker()
    late_id = worker.accept(hit_id)
    live.advance(601)
    quick.do(hit_id)

    with pytest.raises(RefusedError, match="is over"):
        worker.submit(late_id)
    live.set_faults(late_rate=1.0)
    worker.submit(late_id)

    found = get(client, hit_id)
    assert found["NumberOfAssignmentsAvailable"] == 0
    assert client.list_assignments_for_hit(HITId=hit_id)["NumResults"] == 2
    # One assignment was asked for, two may have to be paid.
    assert balance(client)[1] == Decimal("1.20")
    client.approve_assignment(AssignmentId=late_id)


def test_the_same_seed_strikes_the_same_times():
    plan = FaultPlan(throttle_rate=0.3, seed=5)

    def throws(faults):
        return [faults.strikes("throttle_rate") for _ in range(200)]

    first, second = Faults(plan), Faults(plan)
    assert throws(first) == throws(second)
    # 200 throws at 0.3: 60 expected, standard deviation sqrt(200 x 0.3 x 0.7) = 6.5
    assert 40 < sum(throws(Faults(plan))) < 80


@pytest.mark.parametrize(
    "values",
    [{"throttle_rate": 1.5}, {"latency_s": -1}, {"nonsense": 1}, {"seed": "x"}],
)
def test_a_fault_that_cannot_be_is_refused(live: LiveMarketplace, values):
    with pytest.raises(RefusedError, match=next(iter(values))):
        live.set_faults(**values)
    assert live.market.faults.plan == FaultPlan()


def test_every_wrong_rate_is_named():
    with pytest.raises(MarketplaceError, match=r"(?s)throttle_rate.*late_rate"):
        FaultPlan(throttle_rate=2, late_rate=-1)


def test_admin_routes_need_the_token(live: LiveMarketplace):
    refused = httpx.post(f"{live.url}/admin/clock", json={"seconds": 1})

    assert refused.status_code == 403


def test_a_client_error_is_no_connection_error(live: LiveMarketplace, client):
    with pytest.raises(ClientError):
        client.get_hit(HITId="3NONE")
