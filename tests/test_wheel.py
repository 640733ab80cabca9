"""The wheel carries everything that runs, and runs from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(  # noqa: S603 - our own interpreter, fixed arguments
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_migrations_templates_and_the_demo_weights(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "study_server/_migrations/env.py",
        "study_server/templates/base.html",
        "study_server/templates/marketplace/groups.html",
        "study_server/marketplace/store/migrations/versions/2",
        "study_server/static/",
        "hit_templates/relevance/trial.html",
        "hit_templates/_shared/runner.js",
        "analysis/templates/",
        "stimuli/scenes/",
    ):
        assert any(name.startswith(wanted) for name in names), wanted
    assert any(name.startswith("study_server/_migrations/versions/2") for name in names)
    assert not [name for name in names if name.startswith("tests/")]


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path, repository: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(repository).as_posix()
        for package in ("study_server", "hit_templates", "stimuli", "analysis")
        for path in (repository / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    migrations = repository / "migrations"
    wanted |= {
        f"study_server/_migrations/{path.relative_to(migrations).as_posix()}"
        for path in migrations.rglob("*.py")
    }
    assert len(wanted) > 700
    assert sorted(wanted - names) == []


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An environment with the wheel, and a folder away from the sources."""

    python: Path
    site: Path
    folder: Path

    def run(self, *arguments: str) -> str:
        """What a program of it prints."""
        ran = subprocess.run(  # noqa: S603 - our own interpreter
            [str(self.python), *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "venv", with_pip=False, symlinks=True)
    site = next((home / "venv" / "lib").glob("python*")) / "site-packages"
    # The fresh environment sees the parent's packages, except the editable
    # install of this repository, which would hide what the wheel lacks.
    parents = [p for p in sys.path if p.endswith("site-packages")]
    (site / "parent.pth").write_text("".join(f"{p}\n" for p in parents))
    python = home / "venv" / "bin" / "python"
    subprocess.run(  # noqa: S603
        [
            sys.executable, "-m", "pip", "--python", str(python), "install",
            "--quiet", "--no-deps", "--no-index", "--force-reinstall", "--no-compile",
            "--disable-pip-version-check", "--target", str(site), str(wheel),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    (home / "elsewhere").mkdir()
    return Installed(python=python, site=site, folder=home / "elsewhere")


def test_the_installed_wheel_finds_its_own_migrations_and_weights(
    installed: Installed,
):
    where = installed.run("-c", "import study_server; print(study_server.__file__)")
    assert Path(where.strip()).is_relative_to(installed.site), where
    installed.run("-m", "study_server", "db", "upgrade")
    installed.run("-m", "study_server", "demo", "draw", "scenes", "--n", "2")
    weighed = installed.run(
        "-c",
        "from stimuli.scenes.classifier import load_network; print(load_network())",
    )
    assert "Conv2d" in weighed


@pytest.mark.slow
def test_the_demo_runs_from_the_installed_wheel_in_another_folder(
    installed: Installed,
):
    where = installed.run("-c", "import study_server; print(study_server.__file__)")
    assert Path(where.strip()).is_relative_to(installed.site), where
    said = installed.run(
        "-m", "study_server", "demo", "run",
        "--out", "demo", "--scenes", "64", "--people", "40",
    )  # fmt: skip
    assert "rectified" in said.lower()
    assert (installed.folder / "demo" / "report" / "index.html").is_file()
