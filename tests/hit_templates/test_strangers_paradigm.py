"""A paradigm written from `hit_templates/README.md` alone, among the others.

It lies in `tests/fixtures/paradigms` and is put into a copy of the folder, which other
processes then import; nothing in this one sees it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hit_templates.base import FOLDER
from study_server.cli._processes import (
    environment,
    free_port,
    secondlook_command,
    serving,
)

ROOT = FOLDER.parent
NAME = "which_class"
STRANGERS = ROOT / "tests" / "fixtures" / "paradigms"
CONFORMS = (
    "import sys, hit_templates.base, pytest; "
    "sys.exit(pytest.main(sys.argv[1:]))"
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What finds the folder with the stranger's paradigm in it."""
    site = tmp_path_factory.mktemp("site")
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FOLDER, site / "hit_templates", ignore=unwanted)
    shutil.copytree(STRANGERS / NAME, site / "hit_templates" / NAME, ignore=unwanted)
    return os.pathsep.join((str(site), str(ROOT)))


def run(path: str, folder: Path, *command: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command,
        cwd=folder,
        env={**environment(), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_conforms(path: str):
    suite = "tests/hit_templates/test_conformance.py"
    options = ("-q", "-n", "0", "-p", "no:cacheprovider", "-k", NAME, suite)
    said = run(path, ROOT, sys.executable, "-P", "-c", CONFORMS, *options)
    assert " passed" in said


def test_its_report_says_what_people_said(path: str, tmp_path: Path):
    """Four images, five people: one is wrong at all four, one at the two whose key is 2.

    Right: 20 - 4 - 2 = 14 of 20, 70 %; guessing gives 1 / 2. The first class is chosen
    by four people at the two images whose key is 1, and by two at the others:
    8 + 4 = 12 of 20. Sure (3) where right, guessing (1) where wrong: 48 / 20 = 2.4.
    """
    said = run(
        path, tmp_path, sys.executable, "-m", "tests.hit_templates.planted_study", "."
    )
    lines = [" ".join(line.split()) for line in said.splitlines()]
    right = next(line for line in lines if line.startswith("right"))
    assert right.startswith("right 70.0 % [")
    assert right.endswith("] chance 50.0 % n = 20")
    assert [line[:8] for line in lines if line[:2] in ("1 ", "2 ")] == [
        "1 60.0 %",
        "2 40.0 %",
    ]
    sure = next(line for line in lines if line.startswith("confidence"))
    assert sure.startswith("confidence, mean 2.40 [")
    assert sure.endswith("] n = 20")
    assert "5 of them gave the 20 responses that count" in said
    wrong = ("yes", "group", "relevan", "accepted when")
    assert [words for words in wrong if words in said] == []


@pytest.mark.slow
def test_it_goes_from_init_to_a_report_by_its_folder_alone(path: str, tmp_path: Path):
    def secondlook(*arguments: str) -> str:
        return run(path, tmp_path, *secondlook_command(*arguments))

    secondlook("demo", "draw", "scenes", "--n", "96")
    secondlook(
        "study", "init", ".", "--images", "scenes", "--classifier", "demo",
        "--paradigm", NAME, "--recruiter", "simulated", "--name", "which",
    )  # fmt: skip
    secondlook("stimuli", "build", "recipe.toml", "--out", "set")
    secondlook("study", "create", "study.toml", "--stimuli", "set")
    secondlook("study", "freeze", "which")
    port = free_port()
    serve = secondlook_command("server", "start", "--port", str(port))
    with serving(serve, folder=tmp_path, port=port, more={"PYTHONPATH": path}) as url:
        secondlook("study", "simulate", "which", "--n", "20", "--server", url)
    secondlook("study", "export", "which", "--out", "bundle")
    said = secondlook("report", "make", "bundle", "--out", "report")
    assert places(tmp_path / "bundle") == {"1", "2"}
    n_right, n = counted(tmp_path / "bundle")
    assert f"{100 * n_right / n:.1f} %" in said
    assert f"n = {n}" in said
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    wrong = ("said yes", "relevant", "right group", "None", "votes that count")
    assert [words for words in wrong if words in page] == []
    head = json.loads((tmp_path / "bundle" / "bundle.json").read_text("utf-8"))
    assert head["study"]["paradigm"] == NAME


def places(bundle: Path) -> set[str]:
    """Where on the page the choices lay, as the export says."""
    with (bundle / "responses.csv").open(encoding="utf-8", newline="") as file:
        return {row["laid_out"] for row in csv.DictReader(file)}


def counted(bundle: Path) -> tuple[int, int]:
    """Counted responses that are right by the key, and all, worked out anew."""
    with (bundle / "trials.csv").open(encoding="utf-8", newline="") as file:
        keys = {
            row["trial"]: json.loads(row["key"])["fits"]
            for row in csv.DictReader(file)
            if row["role"] == "main"
        }
    with (bundle / "responses.csv").open(encoding="utf-8", newline="") as file:
        said = [
            row["value"] == keys[row["trial"]]
            for row in csv.DictReader(file)
            if row["is_counted"] == "true" and row["field"] == "fits"
        ]
    return sum(said), len(said)
