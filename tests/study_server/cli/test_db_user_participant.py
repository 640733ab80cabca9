import csv
import sqlite3
import threading
from pathlib import Path

import pytest

from study_server.services.accounts import check_password
from study_server.store import backups
from tests.study_server.serving import NAME, PLANTED_WORKER, opened


def test_a_new_database_is_brought_up_to_date_once(call, as_json):
    first = as_json("db", "upgrade")
    assert first["before"] is None
    assert first["after"]
    assert "already" in call("db", "upgrade").stdout
    assert call("db", "check").stdout == "sound and up to date\n"


def test_a_backup_put_back_gives_the_same_study(call, ran, as_json):
    before = as_json("study", "show", NAME, "--environment", "simulated")
    call("db", "backup", "copy.sqlite3")
    call("db", "backup", "copy.sqlite3", code=1)
    call("study", "amend", NAME, "--text", "later")
    assert "--force" in call("db", "restore", "copy.sqlite3", code=1).output
    call("db", "restore", "copy.sqlite3", "--force")
    assert as_json("study", "show", NAME, "--environment", "simulated") == before
    assert call("db", "check").stdout == "sound and up to date\n"


def test_a_backup_made_while_people_write_is_sound(call):
    call("db", "upgrade")
    stop = threading.Event()

    def write():
        with opened(Path.cwd()) as services:
            from study_server.store import accounts

            number = 0
            while not stop.is_set():
                with services.store.write() as tx:
                    accounts.save_user(
                        tx, f"u{number}", password_hash="h" * 400, at=services.clock()
                    )
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            call("db", "backup", f"copy{number}.sqlite3")
    finally:
        stop.set()
        writer.join(timeout=20)
    for number in range(3):
        url = f"sqlite:///{Path.cwd() / f'copy{number}.sqlite3'}"
        assert backups.find_problems(url) == []


def test_a_damaged_backup_is_not_put_back(call, ran):
    call("db", "backup", "copy.sqlite3")
    content = bytearray(Path("copy.sqlite3").read_bytes())
    content[4096:12288] = b"\x5a" * 8192
    Path("copy.sqlite3").write_bytes(content)
    before = Path("secondlook.sqlite3").read_bytes()
    result = call("db", "restore", "copy.sqlite3", "--force", code=1)
    assert "is damaged" in result.output
    assert Path("secondlook.sqlite3").read_bytes() == before
    assert "there is no backup" in call("db", "restore", "none", code=1).output


def test_check_finds_damage_and_old_tables(call):
    assert "db upgrade" in call("db", "check", code=1).output
    with sqlite3.connect("secondlook.sqlite3") as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    assert "this version needs" in call("db", "check", code=1).output


def test_a_user_is_added_by_prompt_or_stdin(call):
    call("user", "add", "ada", stdin="a long password\na long password\n")
    call("user", "add", "bob", "--password-stdin", stdin="another password\n")
    assert call("user", "list").stdout == "ada\nbob\n"
    assert (
        "already"
        in call(
            "user", "add", "bob", "--password-stdin", stdin="another password\n", code=1
        ).output
    )
    with opened(Path.cwd()) as services:
        assert check_password(services, "ada", "a long password")
        assert check_password(services, "bob", "another password")


def test_a_user_is_removed(call):
    call("user", "add", "ada", "--password-stdin", stdin="a long password\n")
    call("user", "add", "bob", "--password-stdin", stdin="another password\n")
    assert "ada can sign in no more" in call("user", "remove", "ada").stdout
    assert call("user", "list").stdout == "bob\n"
    result = call("user", "remove", "ada", code=1)
    assert "there is no user 'ada'; there are: bob" in result.output
    with opened(Path.cwd()) as services:
        assert check_password(services, "ada", "a long password") is None


def test_a_short_password_is_refused(call):
    result = call("user", "add", "ada", "--password-stdin", stdin="short\n", code=1)
    assert "expected 10 to 1000 characters, got 5" in result.output
    assert call("user", "list").stdout == "nobody yet\n"


def live_participant() -> str:
    with Path("b/sessions.csv").open(newline="") as handle:
        return next(csv.DictReader(handle))["participant"]


def test_a_participant_is_erased_by_the_id_of_a_bundle(call, ran, as_json):
    call("study", "export", NAME, "--out", "b", "--environment", "live")
    participant = live_participant()
    result = call("participant", "erase", participant, stdin="y\n")
    assert "n_identities_deleted     1" in result.stdout
    assert PLANTED_WORKER not in result.output


def test_erasing_asks_first(call, ran):
    call("study", "export", NAME, "--out", "b", "--environment", "live")
    call("participant", "erase", live_participant(), stdin="n\n", code=1)
    assert PLANTED_WORKER.encode() in b"".join(
        path.read_bytes() for path in Path().glob("secondlook.sqlite3*")
    )


def test_a_participant_is_erased_by_the_id_the_market_uses(call, ran, as_json):
    wrong = call(
        "participant", "erase", "--recruiter", "x", "--external-id", PLANTED_WORKER,
        "--yes", code=1,
    )  # fmt: skip
    issuer = wrong.output.rpartition("named by: ")[2].split(",")[0].strip()
    receipt = as_json(
        "participant", "erase", "--recruiter", issuer, "--external-id", PLANTED_WORKER,
        "--responses", "delete", "--yes",
    )  # fmt: skip
    assert receipt["n_responses_deleted"] == 10
    assert len(receipt["sha256"]) == 64


@pytest.mark.parametrize(
    "arguments",
    [[], ["p", "--recruiter", "x", "--external-id", "y"], ["--recruiter", "x"]],
)
def test_it_must_be_clear_whom_to_erase(call, arguments):
    call("participant", "erase", *arguments, code=2)
