from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stimuli.errors import BuildError
from stimuli.records.storage import Disk, only_writer
from tests.stimuli import toy

SMALL_SHARDS = "[execution]\nshard_size = 4\nbatch_size = 2\nthreads = 2"


def paint_many(folder: Path, n: int = 40) -> Path:
    for i in range(n):
        toy.paint(folder / f"photos/bee/{i:02}.png", i % 9, i % 7, confidence=150 + i)
    return toy.write_recipe(folder, more=SMALL_SHARDS)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a set; the time of the build is left out."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    summary = json.loads(found.pop("summary.json"))
    summary.pop("created_at")
    found["summary.json"] = json.dumps(summary).encode()
    return found


@dataclass
class FillingDisk(Disk):
    """Takes `room` files, then is full."""

    room: int = 5
    written: list[str] = field(default_factory=list)

    def put(self, path: Path, content: bytes) -> None:
        if len(self.written) >= self.room:
            path.write_bytes(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().put(path, content)
        self.written.append(path.name)


SLOW = """
import time

class Slow(Reader):
    def forward(self, images):
        time.sleep(0.05)
        return super().forward(images)

def build_slow():
    module, preprocessing = build()
    module.__class__ = Slow
    return module, preprocessing
"""


def start(recipe: Path, out: Path) -> subprocess.Popen[str]:
    code = "from stimuli.cli import stimuli; stimuli()"
    return subprocess.Popen(  # noqa: S603 - our own interpreter and files
        [sys.executable, "-c", code, "build", str(recipe), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if path.exists() or process.poll() is not None:
            return
        time.sleep(0.05)


def test_a_killed_build_goes_on_to_the_same_bytes(tmp_path):
    recipe = paint_many(tmp_path)
    model = tmp_path / "toy.py"
    model.write_text(model.read_text() + SLOW)
    recipe.write_text(recipe.read_text().replace(":build", ":build_slow"))
    out = tmp_path / "set"
    process = start(recipe, out)
    wait_for(out / ".build/shard-00002.json", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    finished = sorted(path.name for path in (out / ".build").glob("shard-*.json"))
    assert 3 <= len(finished) < 10
    assert not (out / "summary.json").exists()
    toy.build(recipe, out)
    toy.build(recipe, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_finished_shards_are_not_run_again(tmp_path):
    recipe = paint_many(tmp_path)
    disk = FillingDisk(room=30)
    with pytest.raises(BuildError):
        toy.build(recipe, tmp_path / "set", disk=disk)
    shards = sorted((tmp_path / "set/.build").glob("shard-*.json"))
    assert shards
    # What a shard says is believed: a changed file shows in the result.
    edited = (
        shards[0]
        .read_text()
        .replace('"bee/00.png"', '"bee/00.png"')
        .replace('"notes":[]', '"notes":["from the first run"]')
    )
    shards[0].write_text(edited)
    built = toy.build(recipe, tmp_path / "set")
    kept = [s for s in built.set.stimuli() if s.facts]
    assert kept
    assert {s.facts["conversions"][0] for s in kept} == {"from the first run"}


def test_a_full_disk_is_said_and_loses_nothing(tmp_path):
    recipe = paint_many(tmp_path)
    out = tmp_path / "set"
    with pytest.raises(BuildError, match=r"no space left while writing .*kept: make"):
        toy.build(recipe, out, disk=FillingDisk(room=20))
    assert not [path for path in out.rglob(".*.*-*") if path.is_file()]
    toy.build(recipe, out)
    toy.build(recipe, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


# In all: the plan, 35 pictures, 10 shards and 6 files of the set.
@pytest.mark.parametrize("room", [0, 1, 45, 48, 51])
def test_a_disk_that_fills_at_any_moment_can_be_emptied_and_gone_on(tmp_path, room):
    recipe = paint_many(tmp_path)
    out = tmp_path / "set"
    with pytest.raises(BuildError, match="no space left"):
        toy.build(recipe, out, disk=FillingDisk(room=room))
    assert toy.build(recipe, out).summary["trials"]["main"] == 35


def interrupt(tmp_path: Path) -> Path:
    recipe = paint_many(tmp_path)
    with pytest.raises(BuildError):
        toy.build(recipe, tmp_path / "set", disk=FillingDisk(room=20))
    return recipe


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.write_text("# a remark\n" + r.read_text()), None),
        (
            lambda r: r.write_text(
                r.read_text().replace('kind = "mis', 'seed = 7\nkind = "mis')
            ),
            "the recipe changed",
        ),
        (
            lambda r: (r.parent / "toy.py").write_text(
                toy.MODEL.replace("20.0", "21.0")
            ),
            "the classifier or its weights changed",
        ),
        (
            lambda r: toy.paint(r.parent / "photos/bee/00.png", 5, 5, size=31),
            "the image files changed",
        ),
        (
            lambda r: (r.parent / "photos/bee/39.png").unlink(),
            "the labels, the image files changed",
        ),
    ],
)
def test_unfinished_work_is_not_mixed_with_other_work(tmp_path, change, words):
    recipe = interrupt(tmp_path)
    change(recipe)
    if words is None:
        assert toy.build(recipe, tmp_path / "set").is_new
        return
    with pytest.raises(BuildError, match=words):
        toy.build(recipe, tmp_path / "set")
    assert toy.build(recipe, tmp_path / "set", is_fresh=True).is_new


def test_the_number_of_threads_changes_no_byte_of_a_stimulus(tmp_path):
    recipe = paint_many(tmp_path)
    one = recipe.with_name("one.toml")
    one.write_text(recipe.read_text().replace("threads = 2", "threads = 1"))
    sets = [toy.build(r, tmp_path / r.stem) for r in (recipe, one)]
    for name in ("manifest.jsonl", "trials.jsonl"):
        texts = {(s.set.folder / name).read_bytes() for s in sets}
        assert len(texts) == 1


def test_two_builds_into_one_folder_are_refused(tmp_path):
    recipe = paint_many(tmp_path)
    out = tmp_path / "set"
    out.mkdir()
    with (
        only_writer(out),
        pytest.raises(BuildError, match=rf"another build \(process {os.getpid()}\)"),
    ):
        toy.build(recipe, out)
    assert toy.build(recipe, out).is_new


@pytest.mark.parametrize("way", ["a folder", "a device"])
def test_a_lock_that_cannot_be_taken_says_what_to_do(tmp_path, way):
    lock = tmp_path / ".lock"
    if way == "a folder":
        lock.mkdir()
    else:
        # Opens and locks like a file, and refuses to be cut to length.
        lock.symlink_to("/dev/null")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(BuildError, match=r"cannot lock .*remove what is in the way"):
        only_writer(tmp_path).__enter__()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_lock_on_a_full_disk_says_so(tmp_path):
    code = (
        "import pathlib, resource, sys\n"
        "from stimuli.errors import BuildError\n"
        "from stimuli.records.storage import only_writer\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try:\n"
        "    only_writer(pathlib.Path(sys.argv[1])).__enter__()\n"
        "except BuildError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert "no space left while writing" in ran.stdout
    assert "make room and run the same command again" in ran.stdout


def test_a_lock_dies_with_its_process(tmp_path):
    code = (
        "import os, sys, pathlib\n"
        "from stimuli.records.storage import only_writer\n"
        "with only_writer(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)  # noqa: S603
    assert (tmp_path / ".lock").exists()
    with only_writer(tmp_path):
        pass
    assert not (tmp_path / ".lock").exists()
