"""Whatever `study init` offers builds, freezes and runs, recipe by recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from hit_templates.base import find_paradigms, get_paradigm
from study_server.cli._processes import run_secondlook, serve_folder
from study_server.recruiters.registry import find_starters
from study_server.services import Services
from study_server.services.studies.life import create_study, freeze_study
from study_server.services.study_files.fitting_recipes import own_settings, recipes_for
from study_server.services.study_files.init import StudyWishes, write_study_files

PAIRS = [
    (name, recipe.kind)
    for name, one in find_paradigms().own.items()
    if not own_settings(one)
    for recipe in recipes_for(get_paradigm(name))
]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    run_secondlook(folder, "demo", "draw", "scenes", "--n", "320", is_quiet=True)
    return folder / "scenes"


@pytest.mark.slow
@pytest.mark.parametrize(("paradigm", "kind"), PAIRS)
def test_a_pair_that_is_offered_runs_from_its_files_to_a_report(
    paradigm: str, kind: str, scenes: Path, tmp_path: Path, services: Services
):
    def run(*arguments: str) -> str:
        return run_secondlook(tmp_path, *arguments, is_quiet=True)

    for name, starter in find_starters().items():
        wishes = StudyWishes(
            images=scenes,
            classifier="demo",
            weights=None,
            paradigm=paradigm,
            recipe=kind,
            recruiter=name,
            completion_code="CODE17" if starter.needs_code else None,
            name=name,
        )
        write_study_files(tmp_path / name, wishes)
    first = next(iter(find_starters()))
    run("stimuli", "build", f"{first}/recipe.toml", "--out", "set")
    for name in find_starters():
        study = tmp_path / name / "study.toml"
        create_study(services, study, stimuli=tmp_path / "set")
        assert freeze_study(services, name).state == "frozen"
    run("study", "create", f"{first}/study.toml", "--stimuli", "set")
    run("study", "freeze", first)
    with serve_folder(tmp_path) as url:
        run("study", "simulate", first, "--n", "12", "--server", url)
    run("study", "export", first, "--environment", "simulated", "--out", "bundle")
    assert run("report", "make", "bundle", "--out", "report")
