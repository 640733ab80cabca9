"""A set of whatever recipe in the terms of the way of asking that it fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stimuli.manifest import trial_id
from study_server.errors import StudyDesignError
from study_server.services import Services
from study_server.services.studies.ingest import load_set
from study_server.services.studies.life import create_study
from study_server.services.study_files.file import parse_study_file
from study_server.services.study_files.paradigm import paradigm_of
from tests.study_server.conftest import write_study


def reword(folder: Path, *, holds: str, has_keys: bool = True) -> None:
    """The set as a recipe would write it that has a word of its own."""
    path = folder / "trials.jsonl"
    trials = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for trial in trials:
        trial["question"] = "is-it-there"
        if trial["key"] is not None:
            values = [{"there": word} for word in trial["key"].values()]
            trial["key"] = values[0] if has_keys else None
    path.write_text("".join(f"{json.dumps(trial)}\n" for trial in trials))
    path = folder / "summary.json"
    summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
    summary["asks"] = {"is-it-there": {"slots": ["target"], "holds": [holds]}}
    path.write_text(json.dumps(summary))


def test_trials_are_put_in_the_paradigms_terms(stimuli: Path, tmp_path: Path):
    before = {t.id: t for t in load_set(stimuli).trials}
    reword(stimuli, holds="class")
    file = parse_study_file(write_study(tmp_path))
    fitted = load_set(stimuli).fitted_to(paradigm_of(file)).trials
    # As if the recipe had had the paradigm's word: ids are of what is asked.
    assert {t.question for t in fitted} == {"relevant"}
    assert {t.id for t in fitted} == {
        trial_id(t.slots, "relevant", classes=t.classes) for t in before.values()
    }
    keys = [t.key for t in fitted if t.role == "catch"]
    assert keys
    assert {tuple(key or ()) for key in keys} == {("relevant",)}


def test_a_study_is_created_of_what_fits(
    services: Services, stimuli: Path, tmp_path: Path
):
    reword(stimuli, holds="class")
    study = create_study(services, write_study(tmp_path), stimuli=stimuli)
    assert study.state == "draft"


def test_what_does_not_fit_is_refused_as_before(
    services: Services, stimuli: Path, tmp_path: Path
):
    reword(stimuli, holds="alternatives")
    with pytest.raises(StudyDesignError, match="question 'is-it-there' is not one of"):
        create_study(services, write_study(tmp_path), stimuli=stimuli)


def test_catches_that_nobody_can_be_right_about_are_refused(
    services: Services, stimuli: Path, tmp_path: Path
):
    reword(stimuli, holds="class", has_keys=False)
    with pytest.raises(StudyDesignError, match="catch trials have no right response"):
        create_study(services, write_study(tmp_path), stimuli=stimuli)
