"""Notifications are hints where to look; what happened is read from the market."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from study_server.services import Services
from study_server.services.market import collecting, notifications
from tests.marketplace_server import LiveMarketplace, serving_marketplace
from tests.study_server.services.market_world import World, make_world
from tests.study_server.serving import serving


@pytest.fixture(scope="module")
def queue() -> Iterator[str]:
    """The address of an SQS queue of this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "sqs",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    made: str = client.create_queue(QueueName="hits")["QueueUrl"]
    yield made
    server.stop()


@pytest.fixture
def live(queue: str, tmp_path: Path, monkeypatch) -> Iterator[LiveMarketplace]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    endpoint = "/".join(queue.split("/")[:3])
    (tmp_path / "market").mkdir()
    with serving_marketplace(tmp_path / "market", sqs_endpoint=endpoint) as found:
        yield found


@pytest.fixture
def world(
    services: Services, live: LiveMarketplace, stimuli: Path, tmp_path: Path, queue: str
) -> World:
    return make_world(
        services,
        live,
        folder=tmp_path,
        stimuli=stimuli,
        section=f'notification_queue = "{queue}"',
    )


def noticed(world: World) -> set[str | None]:
    return {hit.external_id for hit in world.rows() if hit.is_noticed}


def test_a_queue_says_where_to_look_whatever_comes_twice_or_out_of_order(world: World):
    world.live.set_faults(duplicate_rate=1.0, disorder_rate=0.5, seed=1)
    world.post()
    hit_id = world.open_hits()[0]
    world.work(world.live.add_worker(), hit_id)
    assert world.live.deliver() >= 1
    assert notifications.poll(world.recruitment) == 1
    assert noticed(world) == {hit_id}
    assert collecting.sync(world.recruitment).n_new == 1
    assert noticed(world) == set()
    assert collecting.sync(world.recruitment).n_new == 0
    assert notifications.poll(world.recruitment) == 0


def test_anybody_may_notify_and_nothing_but_a_look_comes_of_it(world: World):
    world.post()
    hit_id = world.open_hits()[0]
    events = {"Events": [{"EventType": "AssignmentSubmitted", "HITId": hit_id}]}
    with serving(world.services) as url:
        address = f"{url}/notify/mturk"
        assert httpx.post(address, json=events).json() == {"noticed": 1}
        other = {"Events": [{"HITId": "3NOTOURS"}]}
        assert httpx.post(address, json=other).json() == {"noticed": 0}
        assert httpx.post(address, content=b"no json").status_code == 400
        assert httpx.post(f"{url}/notify/lab", json=events).status_code == 400
        assert httpx.post(f"{url}/notify/nobody", json=events).status_code == 400
    assert noticed(world) == {hit_id}
    assert collecting.sync(world.recruitment).n_new == 0
    assert world.everything() == []


def test_what_is_no_notification_in_the_queue_is_passed_over(world: World, queue: str):
    client = boto3.client(
        "sqs", endpoint_url="/".join(queue.split("/")[:3]), region_name="us-east-1"
    )
    world.post()
    for body in ("garbage", "[]", '{"Events": [{"HITId": "' + "x" * 99 + '"}]}'):
        client.send_message(QueueUrl=queue, MessageBody=body)
    assert notifications.poll(world.recruitment) == 0
    left = client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    assert left.get("Messages", []) == []
