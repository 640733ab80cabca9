"""What every test folder may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


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
