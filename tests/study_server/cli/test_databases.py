"""Whose database a command reads, and when it makes or changes one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from study_server.database.running_servers import announced, serving_addresses
from study_server.marketplace.store import schema as market_schema
from study_server.store import schema
from tests.study_server.serving import NAME

DATABASE = Path("secondlook.sqlite3")
ON_WHAT_IS_THERE = (
    ["study", "list"],
    ["study", "show", "x"],
    ["study", "preview", "x"],
    ["study", "pilot", "x"],
    ["study", "freeze", "x"],
    ["study", "open", "x"],
    ["study", "close", "x"],
    ["study", "amend", "x", "--text", "y"],
    ["study", "top-up", "x"],
    ["study", "audit", "x"],
    ["study", "simulate", "x"],
    ["study", "export", "x", "--out", "b"],
    ["user", "list"],
    ["user", "remove", "x"],
    ["participant", "erase", "abcdefgh"],
    ["hit", "quote", "x"],
    ["hit", "show", "x"],
    ["hit", "post", "x"],
    ["db", "check"],
    ["db", "backup", "copy"],
    ["marketplace", "requester", "list"],
    ["marketplace", "worker", "list"],
)


@pytest.fixture(autouse=True)
def _databases_are_copies() -> None:
    """No: here the migrations themselves are tested."""


@pytest.mark.parametrize("arguments", ON_WHAT_IS_THERE, ids=" ".join)
def test_a_command_in_the_wrong_folder_makes_nothing_and_says_where_it_looked(
    call, arguments
):
    result = call(*arguments, code=1)
    name = "marketplace" if arguments[0] == "marketplace" else "secondlook"
    assert f"there is no database {Path.cwd() / name}.sqlite3" in result.output
    assert list(Path.cwd().iterdir()) == []


def test_what_only_reads_says_which_database(call, ran):
    for arguments in (["study", "list"], ["study", "show", NAME], ["user", "list"]):
        result = call(*arguments)
        assert str(Path.cwd() / DATABASE) in result.stderr
        assert str(DATABASE) not in result.stdout


def test_a_mistyped_address_of_a_database_makes_no_folder(call, files, monkeypatch):
    url = f"sqlite:///{Path.cwd() / 'mistyped' / 'x.sqlite3'}"
    monkeypatch.setenv("SECONDLOOK_DATABASE_URL", url)
    for arguments in (
        ["study", "list"],
        ["study", "create", "study.toml", "--stimuli", "set"],
        ["db", "upgrade"],
    ):
        assert "mistyped" in call(*arguments, code=1).output
        assert not Path("mistyped").exists()


def test_nobody_is_asked_about_what_is_not_there(call, ran):
    gone = call("participant", "erase", "nobody-like-this", code=1)
    assert "no participant 'nobody-like-this'" in gone.output
    call("user", "add", "ada", "--password-stdin", stdin="a long password\n")
    assert "already" in call("user", "add", "ada", code=1).output
    worker = ("marketplace", "worker", "add", "w")
    call(*worker, "--password-stdin", stdin="a long password\n")
    assert "is taken" in call(*worker, code=1).output
    Path("study.toml").write_text("mine")
    assert "is there already" in call("study", "init", code=1).output


def test_a_script_is_told_which_option_it_left_out(call, ran):
    erase = call("participant", "erase", some_participant(), code=2)
    assert "--yes" in erase.output
    assert "--password-stdin" in call("user", "add", "ada", code=2).output
    Path("photos").mkdir()
    init = call(
        "study", "init", "--images", "photos", "--classifier", "resnet18", code=2
    )
    for option in ("--weights", "--paradigm", "--recruiter"):
        assert option in init.output


def some_participant() -> str:
    with sqlite3.connect(DATABASE) as connection:
        found: str = connection.execute("SELECT public_id FROM participant").fetchone()[
            0
        ]
    connection.close()
    return found


def take_back() -> str:
    """Take the database one revision back; gives the revision it is at then."""
    url = f"sqlite:///{Path.cwd() / DATABASE}"
    schema.downgrade(url, revision="-1")
    return str(schema.current_revision(url))


def copies() -> list[Path]:
    return sorted(Path.cwd().glob("secondlook-before-*.sqlite3"))


def test_a_database_is_brought_up_to_date_after_a_backup_and_with_a_word(call, ran):
    before = take_back()
    result = call("study", "amend", NAME, "--text", "later")
    (copy,) = copies()
    assert f"from revision {before} to {schema.newest_revision()}" in result.stderr
    assert str(copy) in result.stderr
    assert schema.current_revision(f"sqlite:///{copy}") == before
    again = call("study", "amend", NAME, "--text", "later still")
    assert "revision" not in again.stderr
    assert len(copies()) == 1


def test_what_only_reads_does_not_bring_a_database_up_to_date(call, ran):
    before = take_back()
    assert "secondlook db upgrade" in call("study", "list", code=1).output
    assert schema.current_revision(f"sqlite:///{DATABASE}") == before
    call("db", "upgrade")
    assert len(copies()) == 1
    assert NAME in call("study", "list").stdout


def test_a_database_that_a_server_serves_is_left_as_it_is(call, ran):
    before = take_back()
    for command in (["db", "upgrade"], ["study", "close", NAME]):
        with announced(Path.cwd() / DATABASE, url="http://127.0.0.1:8123"):
            result = call(*command, code=1)
        assert "http://127.0.0.1:8123: stop that server" in result.output
    assert schema.current_revision(f"sqlite:///{DATABASE}") == before
    assert copies() == []


def test_a_database_that_another_process_has_open_is_left_as_it_is(call, ran):
    before = take_back()
    other = sqlite3.connect(DATABASE)
    try:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("SELECT count(*) FROM study").fetchone()
        result = call("db", "upgrade", code=1)
    finally:
        other.close()
    assert "another process uses it" in result.output
    assert schema.current_revision(f"sqlite:///{DATABASE}") == before
    assert copies() == []
    call("db", "upgrade")


@pytest.mark.parametrize(
    "arguments",
    [
        ["study", "list"],
        ["study", "close", NAME],
        ["server", "start"],
        ["db", "upgrade"],
        ["db", "check"],
    ],
    ids=" ".join,
)
def test_a_database_of_a_newer_version_is_said_in_words(call, ran, arguments):
    with sqlite3.connect(DATABASE) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    result = call(*arguments, code=1)
    assert "revision 9999" in result.output
    assert "a newer version has used it" in result.output
    assert "db upgrade" not in result.output
    assert copies() == []


SERVE = """
import sys, time
from pathlib import Path
from study_server.database.running_servers import announced
with announced(Path(sys.argv[1]), url="http://127.0.0.1:8124"):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_marketplaces_database_is_kept_as_carefully(call):
    worker = ("marketplace", "worker")
    call(*worker, "add", "w", "--password-stdin", stdin="a long password\n")
    url = f"sqlite:///{Path.cwd() / 'marketplace.sqlite3'}"
    market_schema.downgrade(url, revision="-1")
    before = market_schema.current_revision(url)
    assert "secondlook marketplace upgrade" in call(*worker, "list", code=1).output
    with announced(Path.cwd() / "marketplace.sqlite3", url="http://127.0.0.1:8128"):
        refused = call("marketplace", "upgrade", code=1)
    assert "http://127.0.0.1:8128: stop that server" in refused.output
    done = call("marketplace", "upgrade")
    assert f"from revision {before}" in done.stderr
    assert len(list(Path.cwd().glob("marketplace-before-*.sqlite3"))) == 1
    assert "w" in call(*worker, "list").stdout
    with sqlite3.connect("marketplace.sqlite3") as connection:
        connection.execute("UPDATE market_version SET version_num = '9999'")
    connection.close()
    newer = call(*worker, "list", code=1)
    assert "a newer version has used it" in newer.output


def test_a_server_that_was_killed_serves_nothing(tmp_path):
    database = tmp_path / "study.sqlite3"
    command = [sys.executable, "-c", SERVE, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:  # noqa: S603
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        assert serving_addresses(database) == ("http://127.0.0.1:8124",)
        server.kill()
    assert serving_addresses(database) == ()
    with announced(database, url="http://127.0.0.1:8125"):
        assert serving_addresses(database) == ("http://127.0.0.1:8125",)
    assert list(tmp_path.iterdir()) == []


def test_addresses_printed_are_those_of_the_server_that_runs(call, ran, as_json):
    unserved = call("study", "show", NAME)
    assert "http://127.0.0.1:8000/s/" in unserved.stdout
    assert "no server runs here" in unserved.stderr
    with announced(Path.cwd() / DATABASE, url="http://127.0.0.1:8126"):
        shown = call("study", "show", NAME)
        preview = call("study", "preview", NAME)
    assert "http://127.0.0.1:8126/s/" in shown.stdout
    assert "no server runs here" not in shown.stderr
    assert preview.stdout.startswith("http://127.0.0.1:8126/preview/")
