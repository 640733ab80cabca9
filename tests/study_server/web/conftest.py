"""A small open study, and people who come to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from study_server.services.accounts.users import add_user
from tests.study_server.web.worlds import (
    DATABASE,
    PASSWORD,
    World,
    make_world,
    open_world,
)


@pytest.fixture(scope="session")
def finished_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an open study and a user; made once, then copied."""
    folder = tmp_path_factory.mktemp("world")
    world = make_world(folder)
    add_user(world.services, "ada", password=PASSWORD)
    world.services.store.close()
    return folder


@pytest.fixture
def world(tmp_path: Path, finished_world: Path) -> Iterator[World]:
    """The study on a database of its own; its pictures are shared, so not to be changed."""
    shutil.copy(finished_world / DATABASE, tmp_path / DATABASE)
    world = open_world(tmp_path)
    yield world
    world.services.store.close()
