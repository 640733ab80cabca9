"""The two files a study begins with, for whatever can be asked of whatever is made."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hit_templates.base import find_paradigms, get_paradigm
from stimuli.recipes import read_any_recipe
from study_server.recruiters.registry import find_starters
from study_server.services.study_files.file import StudyFileError, parse_study_file
from study_server.services.study_files.fitting_recipes import (
    own_settings,
    recipes_for,
    usual_paradigm,
)
from study_server.services.study_files.init import (
    InitError,
    StudyWishes,
    write_study_files,
)

READY = [name for name, one in find_paradigms().items() if not own_settings(one)]
PAIRS = [
    (name, recipe.kind) for name in READY for recipe in recipes_for(get_paradigm(name))
]


def wishes(folder: Path, paradigm: str, **more: str) -> StudyWishes:
    rest = {"recruiter": "lab", **more}
    return StudyWishes(
        images=folder, classifier="demo", weights=None, paradigm=paradigm, **rest
    )


@pytest.mark.parametrize(
    ("paradigm", "kind"), [("relevance", "misclassified"), ("assignment", "criticism")]
)
def test_recipe_and_study_go_together(tmp_path: Path, paradigm: str, kind: str):
    recipe, study = write_study_files(tmp_path / "new", wishes(tmp_path, paradigm))
    assert tomllib.loads(recipe.read_text("utf-8"))["recipe"]["kind"] == kind
    file = parse_study_file(study)
    assert file.study.paradigm == paradigm
    assert file.design.devices == (
        ("any",) if paradigm == "relevance" else ("desktop",)
    )


def test_votes_are_spoken_of_only_where_people_vote(tmp_path: Path):
    _, voting = write_study_files(tmp_path / "a", wishes(tmp_path, "relevance"))
    _, grading = write_study_files(tmp_path / "b", wishes(tmp_path, "assignment"))
    assert "k: yes votes out of n" in voting.read_text("utf-8")
    assert "min_catch_yes_accuracy" in voting.read_text("utf-8")
    assert "nobody votes here" in grading.read_text("utf-8")
    assert "yes" not in grading.read_text("utf-8")


def test_only_what_fits_is_offered():
    assert PAIRS == [
        ("assignment", "criticism"),
        ("categorise", "alternatives"),
        ("categorise", "categorise"),
        ("prefer", "gradients"),
        ("relevance", "misclassified"),
        ("relevance", "predictions"),
        ("relevance", "adversarial"),
        ("relevance", "explanation_path"),
    ]
    assert usual_paradigm() == "relevance"


@pytest.mark.parametrize(("paradigm", "kind"), PAIRS)
def test_everything_offered_reads_back_with_every_recruiter(
    tmp_path: Path, paradigm: str, kind: str
):
    for name, starter in find_starters().items():
        code = {"completion_code": "CODE17"} if starter.needs_code else {}
        wished = wishes(tmp_path, paradigm, recipe=kind, recruiter=name, **code)
        recipe, study = write_study_files(tmp_path / name, wished)
        assert read_any_recipe(recipe).kind == kind
        assert parse_study_file(study).recruiter


def test_a_recipe_that_does_not_fit_is_refused_with_those_that_do(tmp_path: Path):
    with pytest.raises(InitError, match="of criticism, not of misclassified"):
        write_study_files(
            tmp_path / "new", wishes(tmp_path, "assignment", recipe="misclassified")
        )
    assert not (tmp_path / "new").exists()


def test_what_only_a_researcher_can_say_is_nobody_elses_to_write(tmp_path: Path):
    with pytest.raises(InitError, match="only you can say") as refused:
        write_study_files(tmp_path / "new", wishes(tmp_path, "attributes"))
    assert "[attributes] shows_people, perceived" in str(refused.value)
    assert "--like stock-cisse/bias" in str(refused.value)
    assert not (tmp_path / "new").exists()


def test_a_recruiter_that_is_none_is_refused_with_those_there_are(tmp_path: Path):
    with pytest.raises(InitError, match="expected one of lab, lab-personal, prolific"):
        write_study_files(
            tmp_path / "new", wishes(tmp_path, "relevance", recruiter="street")
        )


def test_what_is_wrong_is_said_of_the_file_to_be_and_not_of_a_passing_one(
    tmp_path: Path,
):
    wished = wishes(tmp_path, "relevance", recruiter="prolific", completion_code="ABC")
    with pytest.raises(StudyFileError, match=r"^study\.toml: 1 problem") as refused:
        write_study_files(tmp_path / "new", wished)
    assert "completion_code" in str(refused.value)
    assert not (tmp_path / "new").exists()
