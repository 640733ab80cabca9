"""The example in the folder's README is a paradigm that works."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from hit_templates.base import COMPETENCES, FOLDER, Paradigm, TrialView, check_trials
from hit_templates.rendering import _environment, texts_of
from stimuli.manifest import trial_from_json
from tests.hit_templates.markup import Markup

PAGE = (FOLDER / "README.md").read_text("utf-8")


def block(language: str, *, having: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (text,) = [each for each in found if having in each]
    return str(text)


@pytest.fixture(scope="module")
def paradigm() -> Paradigm:
    made: dict[str, object] = {}
    exec(block("python", having="UsualParadigm("), made)  # noqa: S102 - our own page
    found = made["paradigm"]
    assert isinstance(found, Paradigm)
    return found


@pytest.fixture(scope="module")
def example() -> dict[str, object]:
    line = block("json", having='"responses"')
    read: dict[str, object] = json.loads(line.replace("<64 hex digits>", "a" * 64))
    return read


def test_its_trial_can_be_asked_graded_and_simulated(paradigm, example):
    trial = trial_from_json(json.dumps(example["trial"]))
    assert check_trials(paradigm, [trial]) == []
    for entry in example["responses"]:
        assert paradigm.read_response(trial, entry["response"]) == entry["response"]
        assert paradigm.grade(trial, entry["response"]) is entry["is_right"]
        assert paradigm.accepts(trial, entry["response"]) is entry["accepts"]
    rng = np.random.default_rng(1)
    for competence in COMPETENCES:
        said = paradigm.simulate(trial, competence=competence, rng=rng)
        assert paradigm.read_response(trial, said) == said
    assert paradigm.guess_rate(trial, "random") == 0.5
    assert paradigm.guess_rate(replace(trial, key={"side": "right"}), "yes-saying") == 0
    assert paradigm.one_sided == "always choose “Left”"


def test_its_page_shows_both_images_and_offers_the_first_field(paradigm):
    html = block("html", having="sl-pair")
    view = TrialView(
        question="original",
        classes=(),
        images={slot: f"/{slot}" for slot in paradigm.slots},
    )
    page = Markup(
        _environment().from_string(html).render(view=view, texts=texts_of(paradigm, {}))
    )
    assert {image["data-slot"] for image in page.all("img")} == set(paradigm.slots)
    offered = {b.get("data-value") for b in page.all("button") if "data-field" in b}
    assert offered == {"left", "right"}
