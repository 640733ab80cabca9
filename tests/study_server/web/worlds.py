"""A small study on drawn pictures, for tests of pages: nothing downloaded."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from werkzeug.test import TestResponse

from stimuli.manifest import (
    ClassInfo,
    Role,
    Stimulus,
    Trial,
    Use,
    stimulus_to_json,
    trial_id,
    trial_to_json,
)
from study_server.app import create_app
from study_server.config import Settings
from study_server.services import Services, open_services
from study_server.services.studies.life import (
    create_study,
    freeze_study,
    get_study,
    open_study,
)
from study_server.services.studies.records import StudyRecord
from study_server.store import open_store

_ADDRESSES = count()
NAMES = ("teapot", "crane", "street sign", "dining table", "mug", "lantern")
PASSWORD = "correct horse battery"  # noqa: S105
DATABASE = "study.sqlite3"
SECRET = "a secret of at least thirty-two characters"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class TrialPlan:
    """What one trial of the set is to be."""

    role: Role
    control: str = ""
    key: str | None = None
    question: str = "relevant"


@dataclass
class SetWriter:
    """Writes a finished stimulus set, one drawn picture per trial."""

    folder: Path
    stimuli: list[Stimulus] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)

    def add(self, plan: TrialPlan) -> None:
        number = len(self.trials)
        stimulus = self._draw(number)
        classes = _classes(plan.question, number)
        slots = {"target": stimulus.id}
        present = classes[:1] if plan.key != "no" else ("5",)
        use = Use(
            classifier="net",
            shows="top1",
            source_sha256=stimulus.source_sha256,
            label="5",
            predicted=classes,
        )
        self.stimuli.append(stimulus)
        self.trials.append(
            Trial(
                id=trial_id(slots, plan.question, classes=classes),
                slots=slots,
                question=plan.question,
                classes=classes,
                role=plan.role,
                sources=(stimulus.source_sha256,),
                control=plan.control,
                key=_key(plan),
                uses=(use,) if plan.role == "main" else (),
                truth={"present": list(present)},
            )
        )

    def finish(self) -> Path:
        (self.folder / "recipe.toml").write_text('[recipe]\nkind = "misclassified"\n')
        (self.folder / "manifest.jsonl").write_text(
            "".join(f"{stimulus_to_json(entry)}\n" for entry in self.stimuli)
        )
        (self.folder / "trials.jsonl").write_text(
            "".join(f"{trial_to_json(entry)}\n" for entry in self.trials)
        )
        infos = [
            ClassInfo(id=str(index), name=name, gloss="what is meant" if index else "")
            for index, name in enumerate(NAMES)
        ]
        infos[1] = ClassInfo(
            id="1", name=NAMES[1], gloss="a bird", examples=(self.stimuli[0].id,)
        )
        (self.folder / "classes.json").write_text(
            json.dumps([asdict(info) for info in infos])
        )
        (self.folder / "summary.json").write_text(json.dumps(_summary(self.trials)))
        return self.folder

    def _draw(self, number: int) -> Stimulus:
        picture = Image.new("RGB", (96, 96), (40 + 5 * number % 200, 120, 160))
        pen = ImageDraw.Draw(picture)
        pen.ellipse((10 + number, 20, 60 + number, 70), fill=(220, 180, 30 + number))
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        images = self.folder / "images"
        images.mkdir(parents=True, exist_ok=True)
        (images / f"{digest}.png").write_bytes(buffer.getvalue())
        return Stimulus(
            id=digest,
            file=f"images/{digest}.png",
            width=96,
            height=96,
            source=f"photos/{number}.jpg",
            source_sha256=hashlib.sha256(f"source {number}".encode()).hexdigest(),
            label="5",
            predictions=(),
            method="crop",
        )


def _key(plan: TrialPlan) -> dict[str, str] | None:
    """Of five rows only the first can be there."""
    if plan.key is None or plan.question != "each":
        return None if plan.key is None else {"relevant": plan.key}
    rows = [f"relevant_{index}" for index in range(5)]
    return {row: plan.key if row == rows[0] else "no" for row in rows}


def _classes(question: str, number: int) -> tuple[str, ...]:
    if question == "relevant":
        return (str(number % 5),)
    return tuple(sorted(str(index) for index in range(5)))


def _summary(trials: list[Trial]) -> dict[str, Any]:
    roles = [trial.role for trial in trials]
    return {
        "format_version": 1,
        "kind": "misclassified",
        "shows": "top1",
        "ask": None,
        "created_at": "2026-01-01T00:00:00+00:00",
        "seed": 0,
        "recipe_sha256": "0" * 64,
        "is_finished": True,
        "dataset": {"n_images": len(trials), "n_unreadable": 0, "unreadable": []},
        "classifiers": [{"name": "net", "n_seen": len(trials), "n_top1_wrong": 6}],
        "trials": {role: roles.count(role) for role in set(roles)},
        "controls": {"known_yes": 1, "known_no": 1},
        "is_demo_world": False,
    }


def write_set(
    folder: Path,
    *,
    n_main: int = 6,
    question: str = "relevant",
    practice: str = "relevant",
) -> Path:
    """Six main trials, five catch trials of each kind, four for practice."""
    writer = SetWriter(folder)
    for _ in range(n_main):
        writer.add(TrialPlan(role="main", question=question))
    for key in ("yes", "no"):
        for _ in range(5):
            writer.add(TrialPlan(role="catch", control=f"known_{key}", key=key))
        for _ in range(2):
            writer.add(
                TrialPlan(
                    role="practice",
                    control=f"known_{key}",
                    key=key,
                    question=practice,
                )
            )
    return writer.finish()


STUDY_TOML = """
[study]
name = "small"
title = "What do you see?"
paradigm = "relevance"
[design]
responses_per_trial = 2
trials_per_block = 5
n_practice = 2
[quality]
min_catch_accuracy = 0.5
[analysis]
agreement = 2
[consent]
version = "3"
ethics_body = "the Board of Examples"
protocol_number = "EX-7"
contact = "lab@example.org"
[texts]
content_warning = "Some pictures show **insects**."
[recruiter.lab]
link = "open"
[recruiter.link]
id_parameter = "WHO"
completion_code = "DONE-42"
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """A server with one open study."""

    app: Flask
    services: Services
    study: StudyRecord

    def link(self, recruiter: str = "lab", environment: str = "live") -> str:
        """The path people come in by."""
        url = next(
            entry.url
            for entry in self.study.recruitments
            if (entry.recruiter, entry.environment) == (recruiter, environment)
        )
        return url.removeprefix(self.services.settings.base_url)

    def visitor(self, recruiter: str = "lab", **parameters: str) -> Visitor:
        """Somebody new, in a browser and at an address of their own."""
        client = self.app.test_client()
        number = next(_ADDRESSES)
        client.environ_base["REMOTE_ADDR"] = f"10.{number >> 8}.{number & 255}.1"
        return Visitor(client, self.link(recruiter), parameters)


def make_world(
    folder: Path, *, toml: str = STUDY_TOML, set_folder: Path | None = None
) -> World:
    """A database, a stimulus set and an open study in an empty folder."""
    services = open_services(_settings(folder))
    (folder / "study.toml").write_text(toml)
    stimuli = set_folder or write_set(folder / "set")
    study = create_study(services, folder / "study.toml", stimuli=stimuli)
    freeze_study(services, study.name)
    open_study(services, study.name)
    services.store.close()
    return open_world(folder)


def open_world(folder: Path, *, name: str = "small") -> World:
    """The world whose database lies in a folder."""
    settings = _settings(folder)
    # The tables are there already: no need to look at every migration again.
    services = Services(settings=settings, store=open_store(settings.database_url))
    app = create_app(settings, services=services)
    app.config.update(TESTING=True)
    return World(app=app, services=services, study=get_study(services, name))


def _settings(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / DATABASE}",
        base_url="http://127.0.0.1:8000",
        secret_key=SECRET,
    )


@dataclass
class Visitor:
    """A participant who walks through the pages as a browser would."""

    client: FlaskClient
    link: str
    parameters: dict[str, str]
    home: str = ""

    def come_in(self) -> TestResponse:
        answer = self.client.post(self.link, query_string=self.parameters)
        self.home = answer.headers.get("Location", "")
        return answer

    def page(self) -> str:
        return self.client.get(self.home).get_data(as_text=True)

    def post(self, step: str, **fields: str) -> TestResponse:
        return self.client.post(f"{self.home}{step}", data=fields)

    def walk_to_practice(self) -> Visitor:
        self.come_in()
        self.post("consent", agree="yes")
        self.post("warning")
        self.post("instructions")
        self.post("comprehension", question_0="0", question_1="1")
        return self

    def walk_to_trials(self) -> Visitor:
        self.walk_to_practice()
        self.respond_to_all()
        return self

    def walk_to_survey(self) -> Visitor:
        self.walk_to_trials()
        self.respond_to_all()
        return self

    def block(self) -> dict[str, Any]:
        loaded: dict[str, Any] = self.client.get(f"{self.home}block.json").get_json()
        return loaded

    def open_trials(self) -> Iterator[dict[str, Any]]:
        return (
            trial for trial in self.block().get("trials", []) if not trial["is_done"]
        )

    def payload(self, token: str, /, **changes: Any) -> dict[str, Any]:
        return {
            "key": str(uuid.uuid4()),
            "trial": token,
            "response": {"relevant": "yes"},
            "rt_ms": 812.5,
            "events": [{"kind": "onset", "at_ms": 16.7}],
            "context": {"css_width": 480, "device_pixel_ratio": 2},
            **changes,
        }

    def send(self, payload: Any) -> TestResponse:
        return self.client.post(f"{self.home}responses", json=payload)

    def respond_to_all(self) -> None:
        for trial in self.open_trials():
            answer = self.send(self.payload(trial["token"]))
            if answer.status_code != 200:
                raise AssertionError(answer.get_data(as_text=True))
