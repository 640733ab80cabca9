"""What docs/ draws and lists is what the code is, and the ways through it are short."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner


@pytest.fixture(scope="module")
def docs(repository: Path) -> Iterator[Path]:
    """The folder of the pages' scripts, to import from."""
    folder = repository / "docs"
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def ways(docs: Path) -> ModuleType:
    return import_module("ways")


@pytest.mark.usefixtures("docs")
def test_the_generated_pages_are_current():
    said = CliRunner().invoke(import_module("generate").main, ["--check"])
    assert said.exit_code == 0, said.output


SMALL_TREE = {
    "study_server/__init__.py": "",
    "study_server/web.py": """
from study_server.work import begin, finish
from study_server.work import Desk

def open_page(desk: Desk):
    begin(1)
    desk.clear()
    finish()
""",
    "study_server/work.py": """
from study_server import store

class Desk:
    def clear(self):
        store.forget()

def begin(n):
    store.keep(n)
    _note()

def finish():
    for _ in map(store.keep, [2]):
        pass

def _note():
    finish()
""",
    "study_server/store/__init__.py": "from study_server.store.rows import forget, keep",
    "study_server/store/rows.py": "def keep(n): ...\n\ndef forget(): ...\n",
}


def test_a_way_is_what_the_source_says(ways: ModuleType, tmp_path: Path):
    for name, source in SMALL_TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    way = ways.Code(tmp_path).walk(
        "study_server.web.open_page", ("study_server",), ("study_server.errors",)
    )
    rows = "study_server.store.rows"
    assert way.files == ("study_server.web", "study_server.work", rows)
    # begin enters the work, its keep the rows; finish, handed keep, and the desk, asked
    # in hand and so not counted, come into the rows again; finish is the work again.
    assert [(call.called, call.depth, call.is_return) for call in way.calls] == [
        ("study_server.work.begin", 1, False),
        (f"{rows}.keep", 2, False),
        (f"{rows}.keep", 2, True),
        (f"{rows}.forget", 1, True),
        ("study_server.work.finish", 1, True),
    ]
    assert way.n_returns == 3


def test_what_lies_below_a_way_is_not_counted(ways: ModuleType, tmp_path: Path):
    test_a_way_is_what_the_source_says(ways, tmp_path)
    way = ways.Code(tmp_path).walk(
        "study_server.web.open_page", ("study_server",), ("study_server.store",)
    )
    assert way.files == ("study_server.web", "study_server.work")
    assert way.n_returns == 1


def test_ways_have_half_the_returns_they_had(repository: Path, ways: ModuleType):
    architecture = import_module("architecture")
    code = ways.read_code(repository)
    returns = {
        route.title: (code.walk(route.entry, route.within, route.without).n_returns, at)
        for route in architecture.ROUTES
        if (at := route.before[2]) and route.is_halved
    }
    assert len(returns) == 4
    assert {way: n for way, n in returns.items() if n[0] > n[1] / 2} == {}
