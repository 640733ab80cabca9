"""`secondlook marketplace`: requesters, workers, and the server as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import httpx
import pytest

from study_server.marketplace.people import check_worker
from study_server.marketplace.store import open_store, requesters, workers
from tests.study_server.network.echo_server import half_sent, has_ended


@pytest.fixture
def market_of(tmp_path: Path):
    """Opens the marketplace's database of the working folder."""

    @contextmanager
    def opened():
        store = open_store(f"sqlite:///{Path.cwd() / 'marketplace.sqlite3'}")
        with store.read() as tx:
            yield tx
        store.close()

    return opened


TOKEN = "token-of-the-test"  # noqa: S105


def test_requesters_and_workers_are_added_and_listed(call, as_json):
    keys = as_json("marketplace", "requester", "add", "lab", "--balance", "12.50")
    assert sorted(keys) == ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    (listed,) = as_json("marketplace", "requester", "list")
    assert (listed["name"], listed["available"]) == ("lab", "12.50")
    assert listed["access_key"] == keys["AWS_ACCESS_KEY_ID"]

    added = call(
        *("marketplace", "worker", "add", "anna", "--country", "DE"),
        "--password-stdin",
        stdin="long-password\n",
    )
    assert "anna is worker A" in added.output
    (worker,) = as_json("marketplace", "worker", "list")
    assert (worker["name"], worker["submitted"]) == ("anna", 0)


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("requester", "add", "lab", "--balance", "ten"), "", "expected dollars"),
        (("requester", "add", "no spaces"), "", "expected up to 64 letters"),
        (("worker", "add", "x", "--password-stdin"), "short\n", "10 to 1000"),
        (
            ("worker", "add", "x", "--country", "usa", "--password-stdin"),
            "long-password\n",
            "two capitals",
        ),
        (("start", "--fault", "nonsense=1"), "", "expected NAME=VALUE"),
        (("start", "--fault", "error_rate=2"), "", "between 0 and 1"),
        (("start", "--key", "-"), "ONLYANID\n", "expected ID:SECRET"),
        (("start", "--base-url", "market.example"), "", "like https://market"),
        (("faults", "--url", "http://127.0.0.1:9"), "", "no marketplace answers"),
    ],
)
def test_what_cannot_be_is_said_in_words(call, arguments, stdin, words):
    assert words in call("marketplace", *arguments, code=1, stdin=stdin).output


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [
            *(sys.executable, "-m", "study_server", "marketplace", "start"),
            *("--port", str(port), "--fault", "seed=3"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "SECONDLOOK_MARKETPLACE_KEY": "AKIAEXAMPLE:secret-of-the-test",
            "SECONDLOOK_MARKETPLACE_ADMIN_TOKEN": TOKEN,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(4)]
    for _ in range(300):
        try:
            httpx.get(f"{url}/healthz").raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    yield url, lines
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def test_the_printed_lines_are_all_a_script_needs(address, call, monkeypatch):
    url, lines = address
    assert lines[2] == f"export AWS_ENDPOINT_URL_MTURK={url}"
    for line in lines:
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value)

    client = boto3.session.Session().client("mturk")
    with half_sent(int(url.rpartition(":")[2])) as slow:
        assert client.get_account_balance()["AvailableBalance"] == "10000.00"
        assert not any(has_ended(connection) for connection in slow)

    changed = call(
        *("marketplace", "faults", "--url", url, "--admin-token", "-"),
        "error_rate=1",
        stdin=f"{TOKEN}\n",
    )
    assert "error_rate = 1.0" in changed.output
    with pytest.raises(client.exceptions.ServiceFault):
        client.list_hits()
    refused = call("marketplace", "faults", "--url", url, code=1)
    assert "SECONDLOOK_MARKETPLACE_ADMIN_TOKEN" in refused.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("start", "--key", "AKIAEXAMPLE:a-secret"),
        ("start", "--admin-token", "a-secret"),
        ("faults", "--admin-token", "a-secret"),
        ("worker", "list", "--database-url", "postgresql://me:a-secret@db/market"),
    ],
)
def test_a_secret_on_the_command_line_is_refused(call, arguments):
    refused = call("marketplace", *arguments, code=2)
    assert "no place for a secret" in refused.output
    assert "SECONDLOOK_MARKETPLACE_" in refused.output
    assert "a-secret" not in refused.output


def test_a_worker_gets_another_password_and_is_forgotten(call, as_json, market_of):
    add = ("marketplace", "worker", "add", "anna", "--country", "DE")
    call(*add, "--password-stdin", stdin="long-password-1\n")
    change = ("marketplace", "worker", "password", "anna", "--password-stdin")
    assert "10 to 1000" in call(*change, stdin="short\n", code=1).output
    call(*change, stdin="long-password-2\n")
    with market_of() as tx:
        assert check_worker(tx, "anna", "long-password-1") is None
        assert check_worker(tx, "anna", "long-password-2") is not None
    (before,) = as_json("marketplace", "worker", "list")
    call("marketplace", "worker", "erase", "anna", "--yes")
    (after,) = as_json("marketplace", "worker", "list")
    assert after["worker_id"] == before["worker_id"]
    assert after["name"].startswith("erased-")
    with market_of() as tx:
        worker = workers.by_public_id(tx, after["worker_id"])
        assert worker is not None
        assert (worker.password_hash, worker.country) == (None, "ZZ")
    unknown = call("marketplace", "worker", "erase", "anna", "--yes", code=1)
    assert "there is no worker 'anna'" in unknown.output


def test_old_keys_end_with_new_ones_and_with_their_requester(call, as_json, market_of):
    old = as_json("marketplace", "requester", "add", "lab")
    new = as_json("marketplace", "requester", "rotate-key", "lab")
    call("marketplace", "requester", "add", "other")
    call("marketplace", "requester", "erase", "other", "--yes")
    with market_of() as tx:
        assert requesters.by_access_key(tx, old["AWS_ACCESS_KEY_ID"]) is None
        found = requesters.by_access_key(tx, new["AWS_ACCESS_KEY_ID"])
        assert found is not None
        assert found.secret_key == new["AWS_SECRET_ACCESS_KEY"]
        assert requesters.by_name(tx, "other") is None
    names = [entry["name"] for entry in as_json("marketplace", "requester", "list")]
    assert "lab" in names
    assert any(name.startswith("erased-") for name in names)
