"""What every test folder may use."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

REPOSITORY = Path(__file__).parent.parent
_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
def chromium() -> Iterator[Browser]:
    """One browser for every test of a process: Playwright starts but once."""
    path = os.environ.get("SECONDLOOK_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: install chromium or set SECONDLOOK_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_FLAGS)
        yield browser
        browser.close()
