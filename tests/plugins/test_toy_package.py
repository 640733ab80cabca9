"""Another package brings one of everything, installed as a stranger would install it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from stimuli.plugins import GROUPS
from study_server.cli._processes import free_port, secondlook_command, serving
from study_server.errors import IdentityError
from study_server.recruiters.base import Visit

TOY = Path(__file__).parent / "toy"
BROKEN = {
    "METADATA": "Metadata-Version: 2.1\nName: crumbling\nVersion: 0.3\n",
    "entry_points.txt": "[secondlook.paradigms]\nruin = crumbling_ruin:paradigm\n"
    "relevance = json:loads\n[secondlook.recruiters]\nruin = crumbling_ruin:gate\n",
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages that holds the toy package alone."""
    source = tmp_path_factory.mktemp("source") / "toy"
    shutil.copytree(TOY, source)
    target = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target"]
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pip", "install", "-q", *options, target, source],
        check=True,
        capture_output=True,
        text=True,
    )
    return target


def runner(site: Path, folder: Path) -> Run:
    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            secondlook_command(*arguments),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    return runner(site, tmp_path)


def test_every_registry_finds_what_the_package_brings(run: Run):
    lines = run("--version").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        [f"secondlook.{group}:", name]
        for group, name in zip(
            GROUPS,
            ("'sides'", "'sureness'", "'nudged'", "'nudge'", "'centre'", "'in_order'", "'kiosk'"),
            strict=True,
        )
    ]  # fmt: skip
    assert all(line.endswith("of secondlook-toy 1.0") for line in lines[1:])


def test_a_broken_package_takes_nothing_with_it(tmp_path: Path):
    info = tmp_path / "site" / "crumbling-0.3.dist-info"
    info.mkdir(parents=True)
    for name, text in BROKEN.items():
        (info / name).write_text(text)
    run = runner(info.parent, tmp_path)
    assert "Commands" in run("--help").stdout
    assert "study" in run("study", "init", "--help").stdout
    said = run("--version").stdout
    assert said.count("crumbling 0.3 is not used: ") == 3
    assert "crumbling_ruin:paradigm cannot be loaded (ModuleNotFoundError" in said
    assert "'relevance' is the name of one of our own paradigms" in said
    (tmp_path / "photos").mkdir()
    refused = run(
        "study", "init", "new", "--images", "photos", "--classifier", "demo",
        "--paradigm", "relevance", "--recruiter", "ruin", code=2,
    )  # fmt: skip
    assert "'ruin' is not one of 'lab'" in refused.stderr


def test_its_recruiter_lets_nobody_in_without_a_ticket(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(TOY)
    recruiter = import_module("secondlook_toy.recruiter")
    section = recruiter.KioskSection(hall="entrance")
    with pytest.raises(IdentityError, match="ticket in the address is missing"):
        recruiter.kiosk.identify(section, Visit(parameters={}))


@pytest.mark.slow
def test_the_pages_describe_only_what_is_ours(site: Path, repository: Path):
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": f"{site}:{repository}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_what_it_brings_keeps_what_all_promise(site: Path, repository: Path):
    rooms = ("stimuli/attacks", "stimuli/explanations", "stimuli/selection")
    tests = [
        f"tests/{room}/test_conformance.py"
        for room in (*rooms, "hit_templates", "analysis/measures")
    ]
    mine = "nudge or centre or in_order or sides or sureness or listed"
    options = ("-q", "-p", "no:cacheprovider", "-k", mine)
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_study_goes_from_init_to_report_with_everything_of_the_package(
    run: Run, site: Path, tmp_path: Path
):
    run("demo", "draw", "scenes", "--n", "96")
    run(
        "study", "init", ".", "--images", "scenes", "--classifier", "demo",
        "--paradigm", "sides", "--recipe", "nudged", "--recruiter", "kiosk",
    )  # fmt: skip
    run("stimuli", "build", "recipe.toml", "--out", "set")
    run("stimuli", "check", "set")
    run("study", "create", "study.toml", "--stimuli", "set")
    run("study", "freeze", "sides-demo")
    port = free_port()
    serve = secondlook_command("server", "start", "--port", str(port))
    there = {"PYTHONPATH": str(site)}
    with serving(serve, folder=tmp_path, port=port, more=there) as url:
        run("study", "simulate", "sides-demo", "--n", "20", "--server", url)
    bundle = ("--environment", "simulated", "--out", "bundle")
    run("study", "export", "sides-demo", *bundle)
    said = run("report", "make", "bundle", "--out", "report").stdout
    assert "toy: mean confidence" in said
    head = json.loads((tmp_path / "bundle/bundle.json").read_text("utf-8"))
    assert head["study"]["paradigm"] == "sides"
    assert "which-side" in json.dumps(head["questions"])
    page = (tmp_path / "report/index.html").read_text("utf-8")
    assert "How sure people are" in page
    assert "said yes" not in page
