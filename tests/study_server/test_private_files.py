"""Another user of the machine reads no database, backup, export or secret."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from study_server.config import SECRET_FILE, Settings, load_settings, with_secret_key
from study_server.database import backups
from study_server.marketplace.store import schema
from study_server.marketplace.store import upgrade as upgrade_marketplace
from study_server.services import open_services
from study_server.services.bundles.exporting import export_study
from study_server.services.studies.life import create_study
from study_server.store import open_store, upgrade
from tests.study_server.conftest import write_study
from tests.study_server.made_sets import SetSize, write_set

NOBODY = 65534


@pytest.fixture(autouse=True)
def _databases_are_copies() -> None:
    """No: here the migrations themselves are tested."""


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="sl-shared-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def modes(folder: Path) -> dict[str, str]:
    return {p.name: mode(p) for p in sorted(folder.iterdir())}


def as_nobody(path: Path) -> bytes | None:
    """What another user reads there; None where the system does not let them."""
    done = subprocess.run(  # noqa: S603 - a fixed program
        ["/bin/cat", path], user=NOBODY, capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_a_database_and_its_journals_are_private_whatever_the_umask(shared, mask):
    url = f"sqlite:///{shared}/new/deep/study.sqlite3"
    with umask(mask):
        upgrade(url)
        store = open_store(url)
        with store.write() as tx:
            tx.connection().exec_driver_sql("CREATE TABLE made (x)")
    found = modes(shared / "new" / "deep")
    store.close()
    assert {"study.sqlite3", "study.sqlite3-wal", "study.sqlite3-shm"} <= set(found)
    assert set(found.values()) == {"0o600"}
    assert mode(shared / "new") == mode(shared / "new" / "deep") == "0o700"


def test_the_marketplaces_database_is_private(shared):
    url = f"sqlite:///{shared}/market/place.sqlite3"
    with umask(0):
        upgrade_marketplace(url)
        store = schema.open_store(url)
        with store.write() as tx:
            tx.connection().exec_driver_sql("CREATE TABLE made (x)")
    assert set(modes(shared / "market").values()) == {"0o600"}
    assert mode(shared / "market") == "0o700"
    store.close()


def test_a_backup_and_what_is_put_back_from_it_are_private(shared):
    url, again = f"sqlite:///{shared}/a.sqlite3", f"sqlite:///{shared}/b/again.sqlite3"
    with umask(0):
        upgrade(url)
        backups.backup(url, to=shared / "copies" / "one.backup")
        (shared / "copies" / "one.backup").chmod(0o644)
        backups.restore(again, source=shared / "copies" / "one.backup")
    assert modes(shared / "copies") == {"one.backup": "0o600"}
    assert mode(shared / "copies") == "0o700"
    assert set(modes(shared / "b").values()) == {"0o600"}


def test_a_backup_by_pg_dump_is_private(shared, monkeypatch):
    tools = shared / "tools"
    tools.mkdir()
    fake = tools / "pg_dump"
    fake.write_text('#!/bin/sh\nfor a; do case $a in --file=*) echo x > "${a#--file=}"'
                    ";; esac; done\n")  # fmt: skip
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    with umask(0):
        backups.backup("postgresql://me@nowhere/x", to=shared / "pg" / "dump")
    assert modes(shared / "pg") == {"dump": "0o600"}


def test_the_secret_is_private_and_one_that_was_not_is_closed(shared, caplog):
    settings = Settings(data_dir=shared / "here", database_url="sqlite:///x")
    with umask(0):
        first = with_secret_key(settings).secret_key
    path = shared / "here" / SECRET_FILE
    assert (mode(path), mode(path.parent)) == ("0o600", "0o700")
    path.chmod(0o644)
    assert with_secret_key(settings).secret_key == first
    assert mode(path) == "0o600"
    assert f"{path} could be read by others; now by its owner only" in caplog.messages


def test_a_bundle_is_private_with_all_it_holds(shared, tmp_path):
    url = f"sqlite:///{tmp_path}/study.sqlite3"
    services = open_services(Settings(data_dir=tmp_path, database_url=url))
    stimuli = write_set(tmp_path / "set", SetSize())
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    with umask(0):
        out = export_study(services, "things", out=shared / "to" / "bundle")
    services.store.close()
    within = list(out.rglob("*"))
    assert mode(out) == mode(out.parent) == "0o700"
    assert {mode(p) for p in within if p.is_file()} == {"0o600"}
    assert {mode(p) for p in within if p.is_dir()} == {"0o700"}


def test_a_database_that_others_could_read_is_closed_with_a_word(shared, caplog):
    url, path = f"sqlite:///{shared}/study.sqlite3", shared / "study.sqlite3"
    upgrade(url)
    beside = path.with_name("study.sqlite3-wal")
    beside.touch()
    for each in (path, beside):
        each.chmod(0o664)
    open_store(url).close()
    assert mode(path) == "0o600"
    assert not beside.exists() or mode(beside) == "0o600"
    assert [r.levelno for r in caplog.records] == [logging.WARNING] * 2
    assert str(path) in caplog.messages[0]
    caplog.clear()
    open_store(url).close()
    assert not caplog.messages


def test_a_folder_where_others_can_replace_files_is_named(shared, caplog):
    shared.chmod(0o777)
    open_store(f"sqlite:///{shared}/study.sqlite3").close()
    assert f"chmod go-w {shared}" in caplog.text


def test_a_settings_file_that_holds_a_secret_and_is_open_is_named(shared, caplog):
    path = shared / "secondlook.toml"
    path.write_text(f'secret_key = "{"k" * 40}"\n')
    path.chmod(0o644)
    load_settings({}, folder=shared)
    assert f"chmod go= {path}" in caplog.text
    assert "kkk" not in caplog.text
    caplog.clear()
    path.chmod(0o600)
    load_settings({}, folder=shared)
    assert not caplog.messages


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_reads_neither_worker_ids_nor_secrets(shared):
    url = f"sqlite:///{shared}/study.sqlite3"
    settings = Settings(data_dir=shared, database_url=url)
    with umask(0):
        upgrade(url)
        with_secret_key(settings)
        backups.backup(url, to=shared / "one.backup")
    store = open_store(url)
    with store.write() as tx:
        tx.connection().exec_driver_sql("CREATE TABLE made (x)")
    files = [p for p in shared.iterdir() if p.is_file()]
    assert len(files) >= 5
    for path in files:
        assert as_nobody(path) is None, path
    store.close()
    (shared / "open").write_text("a file that anybody may read")
    assert as_nobody(shared / "open") == b"a file that anybody may read"
