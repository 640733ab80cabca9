"""Example trials of a paradigm, with responses that are right and wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hit_templates.base import Paradigm, Response, TrialView, folder_of
from stimuli.manifest import ClassInfo, Trial, trial_from_json


@dataclass(frozen=True, kw_only=True)
class ExampleResponse:
    """A response, and what the paradigm must say of it."""

    response: Response
    is_right: bool | None
    accepts: bool | None


@dataclass(frozen=True, kw_only=True)
class Example:
    """One line of `examples.jsonl`."""

    trial: Trial
    classes: tuple[ClassInfo, ...]
    responses: tuple[ExampleResponse, ...]

    def view(self) -> TrialView:
        """What a template gets, with made-up addresses for the images."""
        return TrialView(
            question=self.trial.question,
            classes=self.classes,
            images={slot: f"/media/{slot}-token" for slot in self.trial.slots},
            examples={
                info.id: tuple(f"/media/example-{n}" for n in range(len(info.examples)))
                for info in self.classes
            },
        )


def load_examples(paradigm: Paradigm) -> list[Example]:
    """Every example of a paradigm's folder, in file order."""
    path = folder_of(paradigm.name) / "examples.jsonl"
    return [_read(line) for line in path.read_text("utf-8").splitlines() if line]


def configured_example(paradigm: Paradigm) -> Paradigm:
    """The paradigm as its examples expect it, with `example_settings.json`."""
    path = folder_of(paradigm.name) / "example_settings.json"
    if not path.is_file():
        return paradigm
    return paradigm.configure(json.loads(path.read_text("utf-8")))


def _read(line: str) -> Example:
    raw: dict[str, Any] = json.loads(line)
    return Example(
        trial=trial_from_json(json.dumps(raw["trial"])),
        classes=tuple(
            ClassInfo(**{**info, "examples": tuple(info["examples"])})
            for info in raw["classes"]
        ),
        responses=tuple(ExampleResponse(**entry) for entry in raw["responses"]),
    )
