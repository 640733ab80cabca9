"""No server says an address that is not its own."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from study_server.cli._processes import environment, secondlook_command
from study_server.cli.demo import MARKER


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize(
    "command",
    [["server", "start"], ["marketplace", "start"], ["demo", "serve", "--out", "."]],
    ids=" ".join,
)
def test_a_taken_port_is_one_sentence_with_a_port_that_works(call, taken, command):
    Path(MARKER).write_text("{}")
    result = call(*command, "--port", str(taken), code=1)
    assert result.stdout == ""
    assert re.fullmatch(
        rf"Error: port {taken} of 127\.0\.0\.1 is taken by another server: stop that "
        r"one, or serve at a free port with --port \d+\n",
        result.stderr,
    )
    # Nothing was made for a server that does not come up.
    assert [path.name for path in Path.cwd().iterdir()] == [MARKER]
    free = int(result.stderr.split()[-1])
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", free))


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid", "a b"])
def test_a_host_that_is_not_ours_is_said_to_be_none(call, host):
    result = call("server", "start", "--host", host, code=1)
    assert f"{host!r} is no address of this machine" in result.stderr
    assert result.stdout == ""


def test_the_port_printed_is_served_and_shown_by_other_commands(call):
    call("db", "upgrade")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and command
        secondlook_command("server", "start", "--port", str(port)),
        env=environment(), stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            assert said == f"dashboard    http://127.0.0.1:{port}/dashboard/\n"
            # The port is taken already: the request waits until it is served.
            url = f"http://127.0.0.1:{port}/healthz"
            assert httpx.get(url, timeout=60, trust_env=False).is_success
            assert "no server runs" not in call("study", "list").output
            refused = call("server", "start", "--port", str(port), code=1)
            assert "is taken by another server" in refused.stderr
        finally:
            server.terminate()
            assert server.wait(30) == 0
    assert not [p for p in Path.cwd().iterdir() if ".server-" in p.name]
