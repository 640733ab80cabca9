"""The targets that start everything say what is wrong before they begin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def make(
    repository: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - fixed arguments
        ["make", "--no-print-directory", *arguments],  # noqa: S607
        cwd=repository, env={**os.environ, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def write_python(path: Path, *, version: str, is_new: bool) -> Path:
    """A program that says it is that Python, and whether it is new enough."""
    code = 0 if is_new else 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\n[ "$1" = -V ] && echo "Python {version}" && exit\nexit {code}\n'
    )
    path.chmod(0o755)
    return path


def test_an_old_python_is_refused_with_its_version(repository, tmp_path):
    old = write_python(tmp_path / "old", version="3.10.4", is_new=False)
    ran = make(repository, "setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert ran.returncode == 2
    assert f"needs Python 3.11 or newer; {old} is Python 3.10.4" in ran.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_that_is_not_there_is_said(repository, tmp_path):
    gone = tmp_path / "python3.13"
    ran = make(repository, "setup", f"PYTHON={gone}", f"VENV={tmp_path / 'venv'}")
    assert ran.returncode == 2
    assert f"{gone} does not start here" in ran.stderr


@pytest.mark.parametrize(("asked", "is_refused"), [("3.13.0", True), ("3.11.7", False)])
def test_no_other_python_runs_than_the_one_asked_for(
    repository, tmp_path, asked, is_refused
):
    venv = tmp_path / "venv"
    write_python(venv / "bin" / "python", version="3.11.7", is_new=True)
    python = write_python(tmp_path / "asked", version=asked, is_new=True)
    ran = make(repository, "-n", "test", f"PYTHON={python}", f"VENV={venv}")
    assert (ran.returncode == 2) is is_refused
    said = f'{venv} holds Python 3.11.7, and {python} is "Python {asked}"'
    assert (said in ran.stderr) is is_refused


def test_modules_stay_compiled_between_starts_of_python(repository):
    shown = f"show: ; @{sys.executable} -c 'import sys; print(sys.dont_write_bytecode)'"
    ran = make(repository, "--eval", shown, "show", PYTHONDONTWRITEBYTECODE="1")
    assert ran.stdout == "False\n", ran.stderr
