from __future__ import annotations

from pathlib import Path

import pytest

from . import toy


@pytest.fixture
def built_folder(tmp_path: Path) -> Path:
    """A finished set: six errors, catches and practice on sixty right pictures."""
    for i in range(60):
        toy.paint(
            tmp_path / f"photos/bee/r{i:02}.png", 1, 2 + i % 3, confidence=160 + i
        )
    for i in range(6):
        toy.paint(tmp_path / f"photos/bee/w{i:02}.png", 5, 6, confidence=160 + i)
    recipe = toy.write_recipe(tmp_path, controls="known_yes = 2\nknown_no = 2")
    return toy.build(recipe, tmp_path / "set").set.folder
