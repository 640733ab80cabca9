"""A small open study, and people who come to it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.study_server.web.worlds import World, make_world, write_set


@pytest.fixture(scope="session")
def drawn_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("drawn") / "set")


@pytest.fixture
def world(tmp_path: Path, drawn_set: Path) -> World:
    shutil.copytree(drawn_set, tmp_path / "set")
    return make_world(tmp_path, set_folder=tmp_path / "set")
