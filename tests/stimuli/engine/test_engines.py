from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stimuli.engine.judging_stage import LoadJudge
from stimuli.engine.preparing import library_versions
from stimuli.errors import BuildError, StimuliError
from stimuli.recipe_file import read_recipe
from stimuli.recipes import RECIPES
from stimuli.recipes.batches.judging import Judge
from stimuli.records.classes import ClassList
from stimuli.records.storage import Disk
from stimuli.sources.images import Display
from tests.stimuli import engines, toy
from tests.stimuli.recipes import linear


def test_two_processes_one_of_them_killed_give_the_bytes_of_this_process(tmp_path):
    toy.build(engines.write(tmp_path, "threads = 2"), tmp_path / "here")
    (tmp_path / "armed").write_text("once")
    recipe = engines.write(tmp_path, "workers = 2")
    built = toy.build(recipe, tmp_path / "there")
    assert not (tmp_path / "armed").exists()
    done = built.summary["execution"]
    assert (done["engine"], done["workers"], done["threads"]) == ("processes", 2, 1)
    (incident,) = done["incidents"]
    assert "was killed" in incident
    assert "shard 5 (4 images, bee/20.png to bee/23.png) is done again" in incident
    assert engines.content(tmp_path / "there") == engines.content(tmp_path / "here")


def children(pid: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.add(int(stat.parent.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def wait_until(is_so: object, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_killed_build_leaves_no_workers_and_goes_on_elsewhere(tmp_path):
    recipe = engines.write(tmp_path, "workers = 2")
    # Two batches of four at a time, a minute each but for the first shards.
    (tmp_path / "pace").write_text("0.2")
    out = tmp_path / "set"
    code = "from stimuli.cli import stimuli; stimuli()"
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and files
        [sys.executable, "-c", code, "build", str(recipe), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert wait_until(lambda: list((out / ".build").glob("shard-*.json")))
    (tmp_path / "pace").write_text("60")
    workers = children(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    assert wait_until(lambda: not any(map(is_alive, workers)), 20)
    assert not (out / "summary.json").exists()
    (tmp_path / "pace").unlink()
    # Who does the rest is not part of the plan.
    toy.build(engines.write(tmp_path, "threads = 1"), out)
    toy.build(recipe, tmp_path / "whole")
    assert engines.content(out) == engines.content(tmp_path / "whole")


@pytest.mark.slow
def test_attacks_and_explanations_are_the_same_from_worker_processes(tmp_path):
    for seed in range(6):
        path = tmp_path / f"photos/red/{seed}.png"
        linear.paint_patches(path, (230, 100, 4 + seed % 3), seed=seed)
    work = 'kind = "adversarial"\nmax_images = 6\n[recipe.attack]\nstep = 0.02\n'
    work += "[recipe.explanation]\nn_samples = 40\nk = 2\n"
    cut = "[execution]\nshard_size = 2\nbatch_size = 2\n"
    sets = []
    for engine in ("threads = 2", "workers = 2"):
        recipe = linear.write(tmp_path, work, more=cut + engine)
        sets.append(toy.build(recipe, tmp_path / engine[:7]).set)
    methods = {stimulus.method for stimulus in sets[0].stimuli()}
    assert len(methods) >= 2
    assert engines.content(sets[0].folder) == engines.content(sets[1].folder)


@pytest.mark.slow
def test_a_picture_that_kills_every_worker_is_named_and_the_rest_is_kept(tmp_path):
    (tmp_path / "armed").write_text("always")
    recipe = engines.write(tmp_path, "workers = 2")
    with pytest.raises(BuildError, match=r"each of the 3 .*next are bee/20.png"):
        toy.build(recipe, tmp_path / "set")
    kept = {path.name for path in (tmp_path / "set/.build").glob("shard-*.json")}
    assert {f"shard-{n:05d}.json" for n in range(5)} <= kept
    (tmp_path / "armed").unlink()
    assert toy.build(recipe, tmp_path / "set").is_new


@pytest.mark.slow
def test_what_a_worker_process_refuses_is_said_in_words(tmp_path):
    recipe = engines.write(tmp_path, "workers = 1")
    model = tmp_path / "toy.py"
    broken = (
        "\nimport multiprocessing\nif multiprocessing.parent_process():\n    raise "
    )
    model.write_text(model.read_text() + broken + "OSError('no licence')\n")
    with pytest.raises(StimuliError, match="importing it raised OSError: no licence"):
        toy.build(recipe, tmp_path / "set")


def test_a_batch_that_does_not_fit_the_device_is_halved_and_recorded(tmp_path):
    roomy = toy.build(engines.write(tmp_path), tmp_path / "roomy")
    recipe = engines.write(tmp_path, function="build_hungry")
    tight = toy.build(recipe, tmp_path / "tight")
    # Four do not fit, two do.
    assert tight.summary["execution"]["halved_to"] == [2]
    assert roomy.summary["execution"]["halved_to"] == []
    both = [list(built.set.trials()) for built in (roomy, tight)]
    assert both[0] == both[1]


def load_judge(folder: Path) -> LoadJudge:
    """What a worker is told of a build in `folder`."""
    recipe = read_recipe(engines.write(folder), {k: v[0] for k, v in RECIPES.items()})
    plan = folder / "plan.json"
    plan.write_text("{}")
    judge = Judge(
        classifiers=(),
        classes=ClassList(()),
        display=Display(resize=16, crop=16),
        seed=0,
        max_probability=1e-4,
        is_shown=bool,
        images=folder,
        disk=Disk(),
    )
    return LoadJudge(
        judge=judge,
        recipe=recipe,
        device="cpu",
        hashes={"toy": ("?", "?")},
        versions=library_versions(),
        plan_file=plan,
        # SHA-256 of "{}".
        plan_sha256="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    )


def test_a_node_with_other_weights_versions_or_folders_is_refused(tmp_path):
    load = load_judge(tmp_path)
    with pytest.raises(BuildError, match="code or weights of toy are not those"):
        load()
    with pytest.raises(BuildError, match=r"has torch .* instead of 0\.1"):
        replace(load, versions={"torch": "0.1"})()
    with pytest.raises(BuildError, match="every node needs the recipe, the images"):
        replace(load, plan_sha256="0")()
    (tmp_path / "plan.json").unlink()
    with pytest.raises(BuildError, match=r"does not see this build's .*plan\.json"):
        load()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('workers = 2\nray = "local"', "give workers .* or ray"),
        ("actors = 2", "actors goes with ray"),
        ("gpus_per_actor = 0.5", "gpus_per_actor goes with ray"),
        ('ray = "local"\ngpus_per_actor = 1.5', "must be whole, got 1.5"),
        ("workers = 0", "workers: input should be greater than or equal to 1"),
    ],
)
def test_execution_says_one_way(tmp_path, lines, words):
    with pytest.raises(StimuliError, match=words):
        toy.build(engines.write(tmp_path, lines), tmp_path / "set")


@pytest.mark.skipif(
    any((Path(p) / "ray").is_dir() for p in sys.path), reason="Ray is installed here"
)
def test_without_ray_it_is_said_how_to_get_it(tmp_path):
    recipe = engines.write(tmp_path, 'ray = "local"')
    with pytest.raises(BuildError, match=r'pip install "secondlook\[cluster\]"'):
        toy.build(recipe, tmp_path / "set")


@pytest.mark.slow
def test_workers_do_not_mind_the_signal_of_the_keyboard(tmp_path):
    recipe = engines.write(tmp_path, "workers = 1")
    (tmp_path / "pace").write_text("0.5")
    code = "from stimuli.cli import stimuli; stimuli()"
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and files
        [
            sys.executable,
            "-c",
            code,
            "build",
            str(recipe),
            "--out",
            str(tmp_path / "s"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert wait_until(lambda: list((tmp_path / "s/.build").glob("shard-*.json")))
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Aborted!" in said
    assert "Traceback" not in said
    assert wait_until(lambda: not any(map(is_alive, workers)), 20)
