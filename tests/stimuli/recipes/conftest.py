from __future__ import annotations

from pathlib import Path

import pytest

from . import linear

N_PER_CLASS = 14


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patchy pictures of three classes, with the truth, that the model gets right.

    Their distance to the next class grows with their number.
    """
    folder = tmp_path_factory.mktemp("colours")
    base = {"red": (160, 130, 3), "green": (140, 160, 4), "blue": (150, 90, 215)}
    for number, (name, (r, g, b)) in enumerate(base.items()):
        for i in range(N_PER_CLASS):
            colour = {
                "red": (r + 3 * i, g, b),
                "green": (r, g + 3 * i, b),
                "blue": (r, g, b + i),
            }[name]
            linear.paint_patches(
                folder / f"photos/{name}/{i:02}.png", colour, seed=100 * number + i
            )
    lines = [
        f"{p.parent.name}/{p.name},{p.parent.name}"
        for p in sorted(folder.glob("photos/*/*.png"))
    ]
    (folder / "photos/truth.csv").write_text("\n".join(["file,present", *lines]) + "\n")
    return folder
