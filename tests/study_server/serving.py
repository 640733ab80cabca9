"""A study's server in a thread, and a study that simulated participants have done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from hit_templates.base import get_paradigm
from study_server.app import create_app
from study_server.config import Settings, complete_settings
from study_server.services import Services, open_services
from study_server.services.simulation.simulated_person import (
    SimulatedPerson,
    Surroundings,
)
from study_server.services.simulation.simulated_run import (
    SimulationSummary,
    run_simulation,
)
from study_server.services.studies import life
from study_server.store.trials import trials_behind
from tests.local_server import served
from tests.study_server.tiny_set import write_tiny_set

NAME = "tiny"
PLANTED_WORKER = "PLANTEDWORKER77"
PLANTED_VISIT = "PLANTEDVISIT88"
PLANTED_BROWSER = "PlantedBrowser/9.9"

STUDY = """
[study]
name = "tiny"
title = "Is this class relevant for the image?"
paradigm = "relevance"
seed = 3
[design]
trials_per_block = 8
responses_per_trial = 3
n_practice = 2
[analysis]
agreement = 2
[quality]
min_catch_accuracy = 1.0
[recruiter.lab]
link = "open"
[recruiter.link]
id_parameter = "pid"
session_parameter = "visit_id"
completion_code = "C0DE1"
[recruiter.simulated]
mix = {careful = 0.7, yes-sayer = 0.1, random = 0.1, robot = 0.1}
"""


def settings_in(folder: Path) -> Settings:
    return complete_settings(
        {"data_dir": str(folder), "secret_key": "s" * 40}, folder=folder
    )


def create_tiny_study(services: Services, folder: Path, *, text: str = STUDY) -> None:
    """Write set and study file into the folder and create the study."""
    write_tiny_set(folder / "set")
    (folder / "study.toml").write_text(text, "utf-8")
    life.create_study(services, folder / "study.toml", stimuli=folder / "set")


@contextmanager
def opened(folder: Path) -> Iterator[Services]:
    """Services on the database in the folder."""
    services = open_services(settings_in(folder))
    try:
        yield services
    finally:
        services.store.close()


@contextmanager
def serving(services: Services) -> Iterator[str]:
    """The address of a server of these services, in a thread of this process."""
    app = create_app(services.settings, services=services)
    with served(app) as url:
        yield url


@dataclass(frozen=True, kw_only=True)
class RanStudy:
    """A study in a folder, done by simulated participants and one live one."""

    folder: Path
    summary: SimulationSummary


def run_tiny_study(folder: Path) -> RanStudy:
    """The tiny study, filled, on a database in the folder."""
    with opened(folder) as services:
        return fill_tiny_study(services, folder)


def fill_tiny_study(services: Services, folder: Path) -> RanStudy:
    """Create, freeze, open and simulate; then one live participant by link."""
    create_tiny_study(services, folder)
    life.freeze_study(services, NAME)
    life.open_study(services, NAME)
    with serving(services) as url:
        rng = np.random.default_rng(11)
        summary = run_simulation(url, services, NAME, rng=rng, n=60)
        come_by_link(services, url)
    return RanStudy(folder=folder, summary=summary)


def come_by_link(services: Services, url: str) -> None:
    """One live participant whom a market names, from consent to the end."""
    record = life.get_study(services, NAME)
    link = next(r.url for r in record.recruitments if r.recruiter == "link")
    path = "/" + link.split("/", 3)[3]
    ids = {"pid": PLANTED_WORKER, "visit_id": PLANTED_VISIT}
    headers = {"User-Agent": PLANTED_BROWSER}
    with httpx.Client(base_url=url, headers=headers) as client:
        landing = client.get(path, params=ids)
        assert landing.status_code == 200
        entered = client.post(path, params=ids)
        assert entered.status_code == 303, entered.text
        person = SimulatedPerson(
            name="live",
            competence="careful",
            rng=np.random.default_rng(5),
            world=_world(services, client),
            home=entered.headers["location"],
        )
        assert person.go_through() == "completed"


def _world(services: Services, client: httpx.Client) -> Surroundings:
    def look_up(tokens):
        with services.store.read() as tx:
            return trials_behind(tx, tokens)

    questions = life.get_study(services, NAME).file.comprehension.questions or ()
    return Surroundings(
        client=client,
        paradigm=get_paradigm("relevance"),
        right_choices=tuple(question.right for question in questions),
        trials_behind=look_up,
    )
