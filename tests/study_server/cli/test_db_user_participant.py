import csv
import json
import os
import sqlite3
import threading
from pathlib import Path
from pwd import getpwuid

import pytest
from flask import Flask

from analysis.elements.short_ids import short_id
from study_server.config import load_settings, with_secret_key
from study_server.database import backups
from study_server.services import random_token
from study_server.services.accounts.sign_ins import begin_sign_in
from study_server.services.accounts.users import check_password, find_user_record
from study_server.services.quality.study_quality import study_quality
from study_server.store import schema
from study_server.store.accounts.sign_in_attempts import attempt_storage
from study_server.web.pages import init_pages
from study_server.webkit.sign_in_throttle import Attempt, SignInThrottle
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
            from study_server.store.accounts import users

            number = 0
            while not stop.is_set():
                with services.store.write() as tx:
                    users.save_user(
                        tx,
                        f"u{number}",
                        password_hash="h" * 400,
                        role="viewer",
                        at=services.clock(),
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
        assert backups.find_problems(url, schema.MIGRATIONS) == []


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
    assert call("user", "list").stdout == "ada  owner\nbob  viewer\n"
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
    assert "only owner" in call("user", "remove", "ada", code=1).output
    call("user", "role", "bob", "owner")
    assert "ada can sign in no more" in call("user", "remove", "ada").stdout
    assert call("user", "list").stdout == "bob  owner\n"
    result = call("user", "remove", "ada", code=1)
    assert "there is no user 'ada'; there are: bob" in result.output
    with opened(Path.cwd()) as services:
        assert check_password(services, "ada", "a long password") is None


def test_a_user_is_given_another_role(call, as_json):
    call("user", "add", "ada", "--password-stdin", stdin="a long password\n")
    added = call(
        "user", "add", "bob", "--role", "editor", "--password-stdin",
        stdin="another password\n",
    )  # fmt: skip
    assert added.stdout == "bob can sign in as an editor\n"
    assert call("user", "role", "bob", "viewer").stdout == "bob is a viewer now\n"
    assert "only owner" in call("user", "role", "ada", "editor", code=1).output
    assert "no user 'cy'" in call("user", "role", "cy", "owner", code=1).output
    call("user", "role", "bob", "king", code=2)
    assert [(user["name"], user["role"]) for user in as_json("user", "list")] == [
        ("ada", "owner"),
        ("bob", "viewer"),
    ]


def test_where_a_user_is_signed_in_is_listed_and_ended(call, as_json):
    call("user", "add", "ada", "--password-stdin", stdin="a long password\n")
    assert call("user", "sessions", "ada").stdout == "ada is signed in nowhere\n"
    with opened(Path.cwd()) as services:
        user = find_user_record(services, "ada")
        for browser in ("Firefox on Linux", "Safari on iPhone"):
            begin_sign_in(services, user, browser=browser)
    assert "Firefox on Linux" in call("user", "sessions", "ada").stdout
    assert len(as_json("user", "sessions", "ada")) == 2
    assert "out of 2 browsers" in call("user", "sessions", "ada", "--end").stdout
    assert as_json("user", "sessions", "ada") == []
    assert "no user 'bob'" in call("user", "sessions", "bob", code=1).output


def test_resetting_a_second_factor_says_where_there_is_none(call):
    call("user", "add", "ada", "--password-stdin", stdin="a long password\n")
    result = call("user", "reset-second-factor", "ada", code=1)
    assert "ada has no second factor" in result.output


def test_failed_attempts_are_forgotten_on_request(call):
    call("user", "add", "ada", "--password-stdin", stdin="a long password\n")
    attempt = Attempt(name="ada", address="10.0.0.1")

    def knock() -> int:
        with opened(Path.cwd()) as services:
            settings = load_settings({}, folder=Path.cwd())
            secret = str(with_secret_key(settings).secret_key)
            counts = attempt_storage(services.store, clock=services.clock)
            return SignInThrottle(counts, secret=secret, clock=services.clock).count(
                attempt
            )

    assert [bool(knock()) for _ in range(6)] == [False] * 5 + [True]
    assert call("user", "unlock", "ada").stdout == "ada can try again\n"
    assert knock() == 0
    assert "no user 'bob'" in call("user", "unlock", "bob", code=1).output


def test_the_activity_log_names_whoever_ran_the_command(call, as_json):
    call("user", "add", "ada", "--password-stdin", stdin="a long password\n")
    call("user", "add", "bob", "--password-stdin", stdin="another password\n")
    call("user", "remove", "bob")
    me = getpwuid(os.getuid()).pw_name
    entries = as_json("db", "activity", "--of", "bob")
    assert [
        (entry["actor"], entry["source"], entry["action"]) for entry in entries
    ] == [
        (me, "command", "user removed"),
        (me, "command", "user added"),
    ]
    assert f"{me} (command)  user added  ada  owner" in call("db", "activity").stdout
    assert "password" not in call("db", "activity").stdout
    newest = entries[0]["digest"]
    assert call("db", "activity", "--verify").stdout == (
        f"unbroken, the latest digest is {newest}\n"
    )
    with sqlite3.connect("secondlook.sqlite3") as connection:
        connection.execute("DROP TRIGGER activity_no_update")
        connection.execute("UPDATE activity SET actor = 'somebody'")
    connection.close()
    assert "was changed" in call("db", "activity", "--verify", code=1).stdout


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


def rename_participants(*names: str) -> None:
    with sqlite3.connect("secondlook.sqlite3") as connection:
        rows = connection.execute("SELECT id FROM participant LIMIT 3").fetchall()
        for (row,), name in zip(rows, names, strict=True):
            connection.execute(
                "UPDATE participant SET public_id = ? WHERE id = ?", (name, row)
            )
    connection.close()


def test_any_beginning_that_only_one_participant_has_names_them(call, ran, as_json):
    rename_participants("abcdefGH1", "abcdefGH2", "ABCDEF_7")
    several = call("participant", "erase", "abcdefGH", "--yes", code=1)
    assert "2 participants' ids begin so" in several.output
    short = call("participant", "erase", "ABCDE", "--yes", code=1)
    assert "at least 6 characters" in short.output
    # Another case is another id, and what SQL takes for any letter is none here.
    assert (
        "no participant"
        in call("participant", "erase", "abcde_", "--yes", code=1).output
    )
    erased = as_json("participant", "erase", "ABCDEF", "--yes")
    assert erased["participant"] == "ABCDEF_7"
    released = as_json("participant", "release", "abcdefGH2")
    assert released["participant"] == "abcdefGH2"


def test_no_id_can_be_taken_for_an_option():
    # 1 in 64 would be, so that 2,000 would all be none once in 10^13 times.
    assert not [token for _ in range(2000) if (token := random_token())[0] == "-"]


def test_the_dashboards_short_form_is_the_reports_and_names_a_participant(
    call, ran, as_json
):
    with opened(Path.cwd()) as services:
        quality = study_quality(services, NAME, environment="simulated")
    participant = quality.participants[0].participant
    template = "{{ participant | short_id }}"
    app = Flask(__name__)
    init_pages(app)
    shown = app.jinja_env.from_string(template).render(participant=participant)
    assert shown == short_id(participant)
    erased = as_json("participant", "erase", shown, "--yes")
    assert erased["participant"] == participant


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
    Path("receipt.json").write_text(json.dumps(receipt))
    said = call("participant", "check-receipt", "receipt.json").stdout
    assert said == "genuine, recorded in this database\n"
    Path("receipt.json").write_text(json.dumps({**receipt, "n_sessions": 9}))
    call("participant", "check-receipt", "receipt.json", code=1)


@pytest.mark.parametrize(
    "arguments",
    [[], ["p", "--recruiter", "x", "--external-id", "y"], ["--recruiter", "x"]],
)
@pytest.mark.parametrize("verb", ["erase", "release"])
def test_it_must_be_clear_who_is_meant(call, verb, arguments):
    call("participant", verb, *arguments, code=2)


def test_a_participant_is_let_go_on_in_another_browser(call, ran, as_json):
    wrong = call(
        "participant", "release", "--recruiter", "x", "--external-id", "y", code=1
    )
    issuer = wrong.output.rpartition("named by: ")[2].split(",")[0].strip()
    named = ("--recruiter", issuer, "--external-id", PLANTED_WORKER)
    done = as_json("participant", "release", *named, "--study", NAME)
    assert done["n_studies"] == 1
    assert PLANTED_WORKER not in str(done)
    call("participant", "release", done["participant"], "--study", "no-such", code=1)


def test_what_is_due_is_said_before_it_is_purged(call, ran, as_json, monkeypatch):
    monkeypatch.setenv("SECONDLOOK_KEEP_IDENTITIES_DAYS", "30")

    def is_named() -> bool:
        with sqlite3.connect("secondlook.sqlite3") as connection:
            found = connection.execute(
                "SELECT 1 FROM worker WHERE external_id = ?", [PLANTED_WORKER]
            ).fetchone()
        connection.close()
        return found is not None

    call("study", "close", NAME)
    assert as_json("db", "purge", "--dry-run")["n_identities"] == 0
    with sqlite3.connect("secondlook.sqlite3") as connection:
        connection.execute("UPDATE study SET closed_at = '2020-01-01 00:00:00.000000'")
    connection.close()
    assert (
        "exit surveys of people: 1 (studies closed for 30 days)"
        in call("db", "purge", "--dry-run").stdout
    )
    asked = call("db", "purge", stdin="n\n", code=1)
    assert "Delete worker ids and exit surveys of people: 1" in asked.output
    assert "scripts give --yes" in call("db", "purge", stdin="", code=2).output
    assert is_named()
    assert as_json("db", "purge", "--yes")["n_identities"] == 1
    assert not is_named()
    assert "exit surveys of people: 0" in call("db", "purge").stdout
