"""What every test folder may use."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browsers import Chromium

REPOSITORY = Path(__file__).parent.parent
# Seconds a test may hold the browser: many times what the longest takes.
_BROWSER_LIMIT_S, _SLOW_BROWSER_LIMIT_S = 120, 1_200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files at the top first: each is one long walk through the product.

    What drives a browser on a busy machine is tried once more before it fails, and
    pytest's summary names each that needed it; a fault of ours fails twice.
    """
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: no search for garbage looks at them again."""
    gc.freeze()


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs and weights; skips where there is none."""
    given = os.environ.get("SECONDLOOK_REAL_DATA")
    folder = Path(given) if given else REPOSITORY.parent / "shared" / "data"
    if not (folder / "photos" / "labels.csv").is_file():
        pytest.skip(
            f"no photographs at {folder}/photos: set SECONDLOOK_REAL_DATA to a "
            "folder with photos/labels.csv and weights/squeezenet1_1.pth"
        )
    return folder


@pytest.fixture(scope="session")
def chromiums() -> Iterator[Chromium]:
    """One browser for every test of a process: Playwright starts but once."""
    path = os.environ.get("SECONDLOOK_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: install chromium or set SECONDLOOK_CHROMIUM")
    with sync_playwright() as playwright:
        found = Chromium(playwright, path)
        yield found
        found.close()


@pytest.fixture
def chromium(chromiums: Chromium, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The browser, which is ended where it holds up its test."""
    is_slow = request.node.get_closest_marker("slow") is not None
    limit = _SLOW_BROWSER_LIMIT_S if is_slow else _BROWSER_LIMIT_S
    with chromiums.at_most(limit) as browser:
        yield browser
