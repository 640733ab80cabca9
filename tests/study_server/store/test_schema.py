"""Migrations go up and down on both engines, and agree with the tables."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, func, insert, inspect, select
from sqlalchemy.exc import IntegrityError, StatementError

from study_server.config import Settings
from study_server.database.engine import normal_url
from study_server.errors import DatabaseOutdatedError
from study_server.services import Services, open_services
from study_server.store import open_store, schema, upgrade
from study_server.store.tables import Base, Block, Enrolment, Response, Study, User
from tests.study_server.walking import go_all_the_way

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _databases_are_copies() -> None:
    """No: here the migrations themselves are tested."""


def revisions() -> list[str]:
    """Oldest first."""
    config = Config()
    config.set_main_option("script_location", str(schema.migrations_folder()))
    walked = ScriptDirectory.from_config(config).walk_revisions()
    return [script.revision for script in walked][::-1]


def table_names(url: str) -> set[str]:
    engine = create_engine(normal_url(url))
    try:
        return set(inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def test_the_migrations_make_what_the_tables_say(database_url):
    assert schema.find_differences(database_url) == []
    assert table_names(database_url) == set(Base.metadata.tables)
    assert schema.current_revision(database_url) == schema.newest_revision()


def test_a_difference_would_be_found(sqlite_url):
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute("ALTER TABLE study ADD COLUMN surprise TEXT")
    connection.close()
    assert any("surprise" in entry for entry in schema.find_differences(sqlite_url))


def test_a_filled_database_goes_down_and_up_step_by_step(opened_on_both: Services):
    go_all_the_way(opened_on_both, "anna")
    url = opened_on_both.settings.database_url
    opened_on_both.store.close()
    steps = ["base", *revisions()]
    for revision in reversed(steps[:-1]):
        schema.downgrade(url, revision=revision)
        assert schema.current_revision(url) == (
            None if revision == "base" else revision
        )
    assert table_names(url) == set()
    for revision in steps[1:]:
        upgrade(url, revision=revision)
    assert schema.find_differences(url) == []


def test_upgrading_again_changes_nothing(opened_on_both: Services):
    go_all_the_way(opened_on_both, "anna")
    upgrade(opened_on_both.settings.database_url)
    with opened_on_both.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Response)) == 8


def test_servers_that_start_at_once_make_the_tables_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'new' / 'study.sqlite3'}"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: upgrade(url), range(4)))
    assert schema.find_differences(url) == []


@pytest.mark.postgres
def test_postgres_servers_that_start_at_once_make_the_tables_once(empty_postgres_url):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: upgrade(empty_postgres_url), range(4)))
    assert schema.find_differences(empty_postgres_url) == []


def test_a_shared_database_is_checked_but_not_changed(tmp_path):
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    with pytest.raises(DatabaseOutdatedError, match="secondlook db upgrade"):
        schema.require_current(url)


def test_the_embedded_default_is_made_by_itself(tmp_path):
    settings = Settings(
        data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'made.sqlite3'}"
    )
    services = open_services(settings)
    services.store.close()
    assert schema.find_differences(settings.database_url) == []


def test_alembic_itself_finds_nothing_to_do(sqlite_url):
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "alembic", "-x", f"url={sqlite_url}", "check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "No new upgrade operations" in done.stdout


def test_file_names_begin_with_the_date_and_versions_import_no_models():
    files = sorted((REPOSITORY / "migrations" / "versions").glob("*.py"))
    assert files
    for path in files:
        assert path.name[:8].isdigit()
        text = path.read_text()
        assert "study_server" not in text
        assert text.startswith('"""')


def test_sqlite_keeps_what_it_acknowledged(sqlite_url):
    store = open_store(sqlite_url)
    with store.read() as tx:
        connection = tx.connection()
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    store.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_a_transaction_that_fails_leaves_nothing(database_url):
    store = open_store(database_url)
    user = {
        "name": "anna",
        "password_hash": "x",
        "role": "owner",
        "created_at": datetime.now(UTC),
    }
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.execute(insert(User), [user, user])
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(User)) == 0
    store.close()


def test_a_reader_sees_one_moment(database_url):
    store = open_store(database_url)
    user = {
        "name": "anna",
        "password_hash": "x",
        "role": "owner",
        "created_at": datetime.now(UTC),
    }
    count = select(func.count()).select_from(User)
    with store.read() as tx:
        assert tx.scalar(count) == 0
        with store.write() as writing:
            writing.execute(insert(User), [user])
        assert tx.scalar(count) == 0
    with store.read() as tx:
        assert tx.scalar(count) == 1
    store.close()


def test_times_come_back_in_utc_and_naive_ones_are_refused(database_url):
    store = open_store(database_url)
    paris = timezone(timedelta(hours=2))
    given = datetime(2026, 7, 1, 14, 30, 5, 123456, tzinfo=paris)
    row = {"name": "anna", "password_hash": "x", "role": "owner", "created_at": given}
    with store.write() as tx:
        tx.execute(insert(User), [row])
    with store.read() as tx:
        kept = tx.scalars(select(User.created_at)).one()
    assert kept == given
    assert kept.tzinfo is UTC
    naive = {**row, "name": "bob", "created_at": datetime(2026, 7, 1)}  # noqa: DTZ001
    with pytest.raises(StatementError, match="with its zone"), store.write() as tx:
        tx.execute(insert(User), [naive])
    store.close()


BROKEN = {
    "too many reservations": lambda tx: tx.execute(
        Block.__table__.update().values(n_reserved=2)  # type: ignore[attr-defined]
    ),
    "fewer than no valid sessions": lambda tx: tx.execute(
        Block.__table__.update().values(n_valid=-1)  # type: ignore[attr-defined]
    ),
    "open without being frozen": lambda tx: tx.execute(
        Study.__table__.update().values(frozen_at=None, frozen_sha256=None)  # type: ignore[attr-defined]
    ),
    "an unknown state": lambda tx: tx.execute(
        Study.__table__.update().values(state="paused")  # type: ignore[attr-defined]
    ),
    "a live participant with a competence": lambda tx: tx.execute(
        Enrolment.__table__.update().values(competence="robot")  # type: ignore[attr-defined]
    ),
    "an unknown role": lambda tx: tx.execute(
        insert(User).values(
            name="x", password_hash="x", role="king", created_at=datetime.now(UTC)
        )
    ),
    "a response that says nothing": lambda tx: tx.execute(
        Response.__table__.update().values(payload=None)  # type: ignore[attr-defined]
    ),
    "trials before consent": lambda tx: tx.execute(
        Enrolment.__table__.update().values(consented_at=None, consent_sha256=None)  # type: ignore[attr-defined]
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_database_itself_refuses(opened_on_both: Services, what):
    go_all_the_way(opened_on_both, "anna")
    with pytest.raises(IntegrityError), opened_on_both.store.write() as tx:
        BROKEN[what](tx)


def test_a_database_copied_while_in_use_is_whole(opened: Services, tmp_path):
    go_all_the_way(opened, "anna")
    opened.store.close()
    source = opened.settings.database_url.removeprefix("sqlite:///")
    copy = shutil.copy(source, tmp_path / "copy.sqlite3")
    store = open_store(f"sqlite:///{copy}")
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Response)) == 8
    store.close()
