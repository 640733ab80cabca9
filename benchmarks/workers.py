"""A recipe on two worker processes, against the same recipe on one.

Both build the same set of photographs from the same plan, the model on one thread in
each worker; whole builds are timed, with starting the workers and what only one
process does (listing, hashing, choosing trials, writing).
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.harness import Row, Skipped, time_pairs
from stimuli.engine.building import Builder
from stimuli.engine.running.cores import count_cores

# 1.7 times faster.
BAR = 1 / 1.7
# Every photograph is there this often: work enough that starting two workers
# (about five seconds of importing torch) is not what is measured.
N_COPIES = 3
N_PAIRS = 2


def measure() -> list[Row]:
    """One row: seconds with two workers over seconds with one."""
    if count_cores() < 2:
        raise Skipped("two workers need two cores")
    data = _find_photographs()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n_images = _link(folder / "photos", data)
        recipes = {n: _write(folder, data, n_workers=n) for n in (1, 2)}
        paired = time_pairs(
            lambda: _build(recipes[2]), lambda: _build(recipes[1]), n_pairs=N_PAIRS
        )
    two, one = np.median(paired.ours), np.median(paired.peer)
    return [
        Row(
            name="recipe on 2 workers against 1",
            ours=f"{two:.1f} s",
            peer=f"{one:.1f} s with one worker process",
            ratio=paired.ratio,
            bar=BAR,
            note=f"{1 / paired.ratio:.2f} times faster; {n_images} photographs, "
            f"squeezenet1_1 on one thread, {count_cores()} cores; {paired.note}",
        )
    ]


def _find_photographs() -> Path:
    given = os.environ.get("SECONDLOOK_REAL_DATA")
    data = Path(given) if given else Path(__file__).parents[2] / "shared" / "data"
    if not (data / "photos" / "labels.csv").is_file():
        raise Skipped("no photographs: set SECONDLOOK_REAL_DATA to the folder of them")
    return data


def _link(folder: Path, data: Path) -> int:
    """Every photograph several times under other names; how many there are."""
    folder.mkdir()
    with (data / "photos" / "labels.csv").open(encoding="utf-8") as handle:
        rows = [(row["file"], row["label"]) for row in csv.DictReader(handle)]
    lines = ["file,label"]
    for copy in range(N_COPIES):
        for file, label in rows:
            (folder / f"{copy}-{file}").symlink_to(data / "photos" / file)
            lines.append(f"{copy}-{file},{label}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return len(lines) - 1


def _write(folder: Path, data: Path, *, n_workers: int) -> Path:
    recipe = folder / f"{n_workers}.toml"
    weights = (data / "weights" / "squeezenet1_1.pth").resolve()
    recipe.write_text(
        '[recipe]\nkind = "misclassified"\n[dataset]\npath = "photos"\n'
        f'[classifier]\ntorchvision = "squeezenet1_1"\nweights = "{weights}"\n'
        f"[execution]\nworkers = {n_workers}\n"
    )
    return recipe


class _Silent:
    """A progress that nobody watches."""

    def skip(self, n: int) -> None:
        """Nothing."""

    def update(self, n: int) -> None:
        """Nothing."""


@contextmanager
def _no_bar(_n_images: int) -> Iterator[_Silent]:
    yield _Silent()


def _build(recipe: Path) -> None:
    out = recipe.with_suffix("")
    shutil.rmtree(out, ignore_errors=True)
    Builder(open_progress=_no_bar).build(recipe, out)
