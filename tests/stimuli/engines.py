"""Forty pictures, a network that may kill its process, and what sets are compared by."""

from __future__ import annotations

import json
from pathlib import Path

from . import toy

# The picture of this confidence is deadly while the file "armed" is there; one that
# says "once" is disarmed by the first death.
DEADLY = 170
DEADLY_NAME = "bee/20.png"

_MODEL = f"""
import os
import pathlib
import signal
import time


class Deadly(Reader):
    def forward(self, images):
        flag = pathlib.Path(__file__).with_name("armed")
        if flag.exists() and bool((images.amax(dim=(2, 3))[:, 2] == {DEADLY}).any()):
            if flag.read_text() == "once":
                flag.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        pace = pathlib.Path(__file__).with_name("pace")
        if pace.exists() and len(images) == 4:
            time.sleep(float(pace.read_text()))
        return super().forward(images)


def build_deadly():
    module, preprocessing = build()
    module.__class__ = Deadly
    return module, preprocessing


class Hungry(Reader):
    def forward(self, images):
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
        return super().forward(images)


def build_hungry():
    module, preprocessing = build()
    module.__class__ = Hungry
    return module, preprocessing
"""


def write(folder: Path, execution: str = "", *, function: str = "build_deadly") -> Path:
    """A recipe over ten shards of four pictures, `[execution]` as given."""
    for i in range(40):
        path = folder / f"photos/bee/{i:02}.png"
        if not path.exists():
            toy.paint(path, i % 9, i % 7, confidence=150 + i)
    recipe = toy.write_recipe(
        folder,
        classifier=f'[classifier]\nfunction = "toy.py:{function}"',
        more=f"[execution]\nshard_size = 4\nbatch_size = 4\n{execution}",
    )
    model = folder / "toy.py"
    model.write_text(model.read_text() + _MODEL)
    return recipe


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a set, but for who did the work, when, and by which recipe text."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("recipe.toml", ".origin.json")
    }
    summary = json.loads(found.pop("summary.json"))
    for key in ("created_at", "recipe_sha256"):
        summary.pop(key)
    for key in ("engine", "workers", "threads", "incidents"):
        summary["execution"].pop(key)
    summary["settings"].pop("execution")
    found["summary.json"] = json.dumps(summary).encode()
    return found
