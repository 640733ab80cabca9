from collections.abc import Iterator
from pathlib import Path

import pytest

from study_server.database import backups
from study_server.services import Services
from tests.study_server.serving import RanStudy, opened, run_tiny_study, settings_in


@pytest.fixture(scope="session")
def ran_study(tmp_path_factory: pytest.TempPathFactory) -> RanStudy:
    """A study that simulated participants have filled; tests only read it."""
    return run_tiny_study(tmp_path_factory.mktemp("ran"))


@pytest.fixture
def ran(ran_study: RanStudy, tmp_path: Path) -> Iterator[Services]:
    """Services on a copy of the filled study, to be changed at will."""
    folder = tmp_path / "copy"
    backups.backup(
        settings_in(ran_study.folder).database_url,
        to=folder / "secondlook.sqlite3",
    )
    with opened(folder) as services:
        yield services


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Services]:
    """Services on a new database."""
    with opened(tmp_path / "empty") as services:
        yield services
