"""A study's server in a thread, and a study that simulated participants have done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from werkzeug.serving import WSGIRequestHandler, make_server

from hit_templates.base import get_paradigm
from study_server.app import create_app
from study_server.config import Settings, complete_settings
from study_server.services import Services, open_services, studies
from study_server.services.simulate import SimulationSummary, run_simulation
from study_server.services.simulated_person import SimulatedPerson, Surroundings
from study_server.store.truths import trials_behind
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
    studies.create_study(services, folder / "study.toml", stimuli=folder / "set")


@contextmanager
def opened(folder: Path) -> Iterator[Services]:
    """Services on the database in the folder."""
    services = open_services(settings_in(folder))
    try:
        yield services
    finally:
        services.store.close()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(services: Services) -> Iterator[str]:
    """The address of a server of these services, in a thread of this process."""
    app = create_app(services.settings, services=services)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


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
    studies.freeze_study(services, NAME)
    studies.open_study(services, NAME)
    with serving(services) as url:
        rng = np.random.default_rng(11)
        summary = run_simulation(url, services, NAME, rng=rng, n=60)
        come_by_link(services, url)
    return RanStudy(folder=folder, summary=summary)


def come_by_link(services: Services, url: str) -> None:
    """One live participant whom a market names, from consent to the end."""
    record = studies.get_study(services, NAME)
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

    questions = studies.get_study(services, NAME).file.comprehension.questions or ()
    return Surroundings(
        client=client,
        paradigm=get_paradigm("relevance"),
        right_choices=tuple(question.right for question in questions),
        trials_behind=look_up,
    )
