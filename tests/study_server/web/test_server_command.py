"""`secondlook server start`, as a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.study_server.network.echo_server import half_sent, has_ended
from tests.study_server.web.worlds import DATABASE, SECRET, open_world


@dataclass(frozen=True, kw_only=True)
class Process:
    """A server under way."""

    folder: Path
    port: int
    process: subprocess.Popen[str]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def wait_until_up(self) -> None:
        for _ in range(600):
            try:
                with self.client() as client:
                    client.get("/healthz").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError("the server did not come up within 60 s")


def start(folder: Path) -> Process:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [
            sys.executable,
            "-c",
            "from study_server.cli import main; main()",
            *("server", "start", "--port", str(port)),
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONUNBUFFERED": "1",
            "SECONDLOOK_DATABASE_URL": f"sqlite:///{folder / DATABASE}",
            "SECONDLOOK_SECRET_KEY": SECRET,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Process(folder=folder, port=port, process=process)


@pytest.fixture
def server(tmp_path: Path, finished_world: Path) -> Iterator[Process]:
    shutil.copy(finished_world / DATABASE, tmp_path / DATABASE)
    running = start(tmp_path)
    running.wait_until_up()
    yield running
    if running.process.poll() is None:
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.communicate()


def walk_to_trials(client: httpx.Client, link: str) -> tuple[str, dict[str, Any]]:
    """Come in, press on to the trials; the home and its block."""
    home = client.post(link).headers["location"]
    for step, fields in (
        ("consent", {"agree": "yes"}),
        ("warning", {}),
        ("instructions", {}),
        ("comprehension", {"question_0": "0", "question_1": "1"}),
    ):
        client.post(f"{home}{step}", data=fields)
    for trial in client.get(f"{home}block.json").json()["trials"]:
        send(client, home, trial["token"])
    block: dict[str, Any] = client.get(f"{home}block.json").json()
    return home, block


def send(client: httpx.Client, home: str, token: str) -> httpx.Response:
    payload = {
        "key": str(uuid.uuid4()),
        "trial": token,
        "response": {"relevant": "yes"},
        "rt_ms": 700,
        "events": [],
        "context": {},
    }
    return client.post(f"{home}responses", json=payload)


def test_it_says_where_serves_beside_half_sent_requests_and_stops(server: Process):
    link = open_world(server.folder).link()
    with half_sent(server.port) as slow:
        with server.client() as client:
            assert client.get(link).status_code == 200
        assert not any(has_ended(connection) for connection in slow)
        server.process.send_signal(signal.SIGTERM)
        output, _ = server.process.communicate(timeout=15)
    assert server.process.returncode == 0
    assert f"http://127.0.0.1:{server.port}/dashboard/" in output
    assert f"http://127.0.0.1:{server.port}{link}" in output
    assert "simulated" not in output
    assert "Traceback" not in output


def test_what_was_acknowledged_survives_kill_9(server: Process):
    with server.client() as client:
        home, block = walk_to_trials(client, open_world(server.folder).link())
        tokens = [trial["token"] for trial in block["trials"][:3]]
        saved = [send(client, home, token) for token in tokens]
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.communicate()
    assert [answer.status_code for answer in saved] == [200, 200, 200]
    connection = sqlite3.connect(server.folder / DATABASE)
    query = (
        "SELECT count(*) FROM response r JOIN session_trial t "
        "ON t.id = r.session_trial_id WHERE t.kind = 'trials'"
    )
    (count,) = connection.execute(query).fetchone()
    connection.close()
    assert count == 3
