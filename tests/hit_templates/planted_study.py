"""A study by the stranger's paradigm with planted responses; prints what its report says.

Run in a process of its own, where that paradigm lies among the others: see
`test_strangers_paradigm`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from analysis.bundles.reading import read_bundle
from analysis.reporting.method_sections import method_paragraph
from analysis.reporting.report import headline_table
from hit_templates.base import Competence, UsualParadigm, get_paradigm
from stimuli.manifest import Role, Trial, trial_id
from study_server.services import Services
from study_server.services.bundles.exporting import export_study
from study_server.services.simulation.simulated_person import (
    SimulatedPerson,
    Surroundings,
)
from study_server.services.studies import life
from study_server.services.study_files.init import StudyWishes, write_study_files
from study_server.store.trials import trials_behind
from tests.study_server.serving import opened, serving
from tests.study_server.tiny_set import TinySet

NAME = "planted"
PARADIGM = "which_class"
ASKS = {"alternatives": {"slots": ["target"], "holds": ["alternatives"]}}


@dataclass(frozen=True, kw_only=True)
class Planted(UsualParadigm):
    """People who are wrong, and unsure, where the key of a main trial is among these."""

    is_wrong_at: tuple[str, ...] = ()

    def simulate(
        self, trial: Trial, *, competence: Competence, rng: np.random.Generator
    ) -> dict[str, Any]:
        right = str((trial.key or {})["fits"])
        if trial.role == "main" and right in self.is_wrong_at:
            return {"fits": {"1": "2", "2": "1"}[right], "confidence": "1"}
        return {"fits": right, "confidence": "3"}


def planted(is_wrong_at: tuple[str, ...]) -> Planted:
    found = get_paradigm(PARADIGM)
    assert isinstance(found, UsualParadigm)
    told = {each.name: getattr(found, each.name) for each in fields(found)}
    return Planted(**told, is_wrong_at=is_wrong_at)


def write_alternatives(folder: Path) -> Path:
    """Four main trials and a catch in the recipe's own words, each class right in turn."""
    tiny = TinySet()
    roles: tuple[Role, ...] = ("main",) * 4 + ("catch",)
    for role in roles:
        tiny.add(role, is_yes=True, control="known_yes" if role == "catch" else "")
    asked = "alternatives"
    tiny.trials = [
        replace(
            trial,
            id=trial_id(trial.slots, asked, classes=("0", "1")),
            question=asked,
            classes=("0", "1"),
            key={"right": str(1 + number % 2)},
        )
        for number, trial in enumerate(tiny.trials)
    ]
    tiny.write(folder, per_block={"known_yes": 1})
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    told = {**summary, "kind": asked, "shows": "beside-label", "asks": ASKS}
    (folder / "summary.json").write_text(json.dumps(told), "utf-8")
    return folder


def take_part(
    services: Services, client: httpx.Client, number: int, paradigm: Planted
) -> None:
    def look_up(tokens):
        with services.store.read() as tx:
            return trials_behind(tx, tokens)

    record = life.get_study(services, NAME)
    link = next(each.url for each in record.recruitments if each.recruiter == "link")
    path = "/" + link.split("/", 3)[3]
    ids = {"participantId": f"P{number}", "sessionId": f"V{number}"}
    assert client.get(path, params=ids).status_code == 200
    entered = client.post(path, params=ids)
    questions = record.file.comprehension.questions
    asked = paradigm.default_comprehension if questions is None else questions
    world = Surroundings(
        client=client,
        paradigm=paradigm,
        right_choices=tuple(question.right for question in asked),
        trials_behind=look_up,
    )
    person = SimulatedPerson(
        name=f"P{number}",
        competence="careful",
        rng=np.random.default_rng(number),
        world=world,
        home=entered.headers["location"],
    )
    assert person.go_through() == "completed"


def run(folder: Path) -> str:
    """From `study init` to the numbers of the report."""
    (folder / "photos" / "red").mkdir(parents=True)
    wishes = StudyWishes(
        images=folder / "photos",
        classifier="demo",
        weights=None,
        paradigm=PARADIGM,
        recruiter="link",
        completion_code="CODE17",
        name=NAME,
    )
    recipe, file = write_study_files(folder, wishes)
    assert 'kind = "alternatives"' in recipe.read_text("utf-8")
    with opened(folder) as services:
        stimuli = write_alternatives(folder / "set")
        life.create_study(services, file, stimuli=stimuli)
        life.freeze_study(services, NAME)
        life.open_study(services, NAME)
        with serving(services) as url:
            for number, is_wrong_at in enumerate((("1", "2"), ("2",), (), (), ())):
                with httpx.Client(base_url=url) as client:
                    take_part(services, client, number, planted(is_wrong_at))
        bundle = read_bundle(export_study(services, NAME, out=folder / "bundle"))
    return f"{headline_table(bundle)}\n{method_paragraph(bundle)}"


if __name__ == "__main__":
    print(run(Path(sys.argv[1])))  # noqa: T201 - read by the test
