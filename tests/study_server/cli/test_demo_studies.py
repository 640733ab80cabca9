"""The studies of the demo world: files that fit, and the whole path."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from stimuli.recipe_file import read_recipe
from stimuli.recipes import RECIPES
from study_server.cli.demo import DEMOS, FILES
from study_server.services.study_files.file import parse_study_file

KINDS = {
    "relevance": "misclassified",
    "adversarial": "adversarial",
    "criticism": "criticism",
    "bias": "portrait",
    "categorise": "categorise",
}


def test_there_is_a_demo_of_every_published_study():
    assert list(DEMOS) == list(KINDS)


@pytest.mark.parametrize("which", list(KINDS))
def test_the_files_of_a_demo_pass_the_checkers(which, tmp_path):
    demo = DEMOS[which]
    for name in ("recipe.toml", "study.toml"):
        shutil.copyfile(FILES / demo.folder / name, tmp_path / name)
    (tmp_path / "scenes").mkdir()
    models = {kind: model for kind, (model, _) in RECIPES.items()}
    assert read_recipe(tmp_path / "recipe.toml", models).kind == KINDS[which]
    assert parse_study_file(tmp_path / "study.toml").study.name == demo.name


TABLES = {
    "adversarial": {"agreement", "errors_under_attack", "corrected_agreement"},
    "criticism": {"success", "planned_contrasts", "exclusion_by_condition"},
    "bias": {"attribute_shares", "attribute_differences", "rater_agreement"},
    "categorise": {"right_category", "psychometric_thresholds", "error_consistency"},
}


@pytest.mark.slow
@pytest.mark.parametrize("which", list(TABLES))
def test_a_demo_runs_from_scenes_to_report(which, tmp_path):
    out = tmp_path / "demo"
    command = [sys.executable, "-m", "study_server", "demo", "run", "--study", which]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = {path.stem for path in (out / "report" / "tables").glob("*.csv")}
    assert TABLES[which] <= written
    head = json.loads((out / "bundle" / "bundle.json").read_text("utf-8"))
    assert head["is_simulated"]
    page = (out / "report" / "index.html").read_text("utf-8")
    assert "SIMULATED" in page
    if which == "bias":
        assert "a pile of books" in _found(done.stdout)
    if which == "categorise":
        _expect_people_and_observers(out)


def _found(text: str) -> str:
    """The headline's lines on attributes that differ."""
    return text.partition("attributes that differ")[2]


def _expect_people_and_observers(out: Path) -> None:
    """The threshold of simulated people, and three observers beside them."""
    found = pd.read_csv(out / "report" / "tables" / "psychometric_thresholds.csv")
    assert list(found["decider"]) == ["people", "demo", "short-sighted", "upper half"]
    people = found.iloc[0]
    # As the recipe says: half of what can be got at a contrast of 10 %.
    assert people["threshold_low"] < 0.1 < people["threshold_high"]
