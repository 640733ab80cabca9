"""What was acknowledged survives a process that is killed."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from study_server.services import Services
from study_server.services.participation import responding, taking_steps
from study_server.services.studies.life import create_study, freeze_study, open_study
from tests.study_server.conftest import make_services, write_study
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import do_block, enter, go_to_practice

REPOSITORY = Path(__file__).parents[3]


def test_acknowledged_responses_survive_kill_9(sqlite_url, tmp_path):
    from study_server.services import utc_now

    services = make_services(sqlite_url, clock=utc_now, data_dir=tmp_path)
    stimuli = write_set(tmp_path / "set", SetSize(n_main=400))
    path = write_study(tmp_path)
    path.write_text(
        path.read_text().replace("trials_per_block = 6", "trials_per_block = 402")
    )
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    token = enter(services)
    go_to_practice(services, token)
    do_block(services, token)
    services.store.close()

    acknowledged = kill_after(25, sqlite_url, token)

    restarted = make_services(sqlite_url, clock=utc_now, data_dir=tmp_path)
    check_nothing_lost(restarted, token, acknowledged)
    restarted.store.close()
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def kill_after(n_lines: int, url: str, token: str) -> list[dict[str, Any]]:
    """Kill the writer in the middle of its work; what it said it had saved."""
    writer = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.study_server.services.killed_writer", url, token],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(n_lines)]
    writer.send_signal(signal.SIGKILL)
    # What was said between the last line read and the kill counts as well.
    rest = writer.stdout.read()
    assert writer.wait() == -signal.SIGKILL
    writer.stdout.close()
    whole = [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    return [json.loads(line) for line in [*lines, *whole]]


def check_nothing_lost(
    services: Services, token: str, acknowledged: list[dict[str, Any]]
):
    page = responding.load_block(services, token)
    done = {trial.token for trial in page.trials if trial.is_done}
    said = {sent["trial"] for sent in acknowledged}
    assert len(said) >= 25
    assert said <= done
    # One more may have been saved whose acknowledgement never got out.
    assert len(done - said) <= 1
    assert len(done) < len(page.trials), "the writer was done before it was killed"
    for sent in acknowledged:  # the browser's outbox sends them all again
        assert responding.take_response(services, token, sent).is_duplicate
    assert taking_steps.current_step(services, token).name == "trials"
    assert responding.load_block(services, token).n_done == len(done)
