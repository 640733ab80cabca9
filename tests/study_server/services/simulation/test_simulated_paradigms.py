"""Simulated people do studies of assignments and attributes over HTTP."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stimuli.recipes.assignment import CONDITIONS
from study_server.services import Services
from study_server.services.bundles.exporting import export_study
from study_server.services.simulation.simulated_run import run_simulation
from study_server.services.studies import life
from study_server.services.studies.block_composition import recut_missing
from tests.study_server.assignment_set import AssignmentSize, write_assignment_set
from tests.study_server.portrait_set import as_portrait
from tests.study_server.serving import opened, serving
from tests.study_server.web.worlds import write_set

ASSIGNMENT = """
[study]
name = "groups"
title = "Which group is it?"
paradigm = "assignment"
seed = 2
[design]
conditions = "within"
responses_per_trial = {n}
trials_per_block = {per_block}
n_practice = 1
[analysis]
agreement = 1
[quality]
min_catch_accuracy = 0
{quality}
[recruiter.simulated]
mix = {mix}
{simulated}
"""
ATTRIBUTES = """
[study]
name = "portrait"
title = "What is in the picture?"
paradigm = "attributes"
[design]
responses_per_trial = 6
trials_per_block = 3
n_practice = 0
[analysis]
agreement = 3
[attributes]
shows_people = false
[[attributes.perceived]]
id = "teapot"
wording = "a teapot"
simulated_by = "0"
[[attributes.perceived]]
id = "crane"
wording = "a crane"
simulated_by = "1"
[recruiter.simulated]
mix = {careful = 1.0}
"""
Row = dict[str, str]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path) as services:
        yield services


def simulated(services: Services, folder: Path, *, toml: str, stimuli: Path) -> Path:
    """The bundle of the study once simulated people have filled it."""
    name = created(services, folder, toml=toml, stimuli=stimuli)
    with serving(services) as url:
        run_simulation(
            url,
            services,
            name,
            rng=np.random.default_rng(6),
            n=400,
            fetches_images=False,
        )
    out = folder / "bundle"
    export_study(services, name, out=out, environment="simulated", images="none")
    return out


def created(services: Services, folder: Path, *, toml: str, stimuli: Path) -> str:
    """The name of an open study."""
    path = folder / "study.toml"
    path.write_text(toml, "utf-8")
    name = life.create_study(services, path, stimuli=stimuli).name
    life.freeze_study(services, name)
    life.open_study(services, name)
    return name


def rows(bundle: Path, table: str) -> list[Row]:
    with (bundle / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def main_responses(bundle: Path) -> list[Row]:
    """Responses to main trials, each with its trial's condition."""
    trials = {row["trial"]: row for row in rows(bundle, "trials")}
    return [
        {**row, "condition": trials[row["trial"]]["condition"]}
        for row in rows(bundle, "responses")
        if trials[row["trial"]]["role"] == "main"
    ]


def success_of(bundle: Path) -> dict[str, float]:
    found: dict[str, list[bool]] = defaultdict(list)
    for row in main_responses(bundle):
        found[row["condition"]].append(row["is_right"] == "true")
    return {name: float(np.mean(values)) for name, values in found.items()}


def test_planted_success_by_condition_comes_out_of_the_bundle(empty, tmp_path):
    planted = {
        CONDITIONS[2].name: 0.9,
        CONDITIONS[3].name: 0.55,
        CONDITIONS[6].name: 0.2,
    }
    size = AssignmentSize(
        conditions=(CONDITIONS[2], CONDITIONS[3], CONDITIONS[6]),
        success=planted,
        n_catch=1,
    )
    toml = ASSIGNMENT.format(
        n=5, per_block=8, quality="", mix="{careful = 1.0}", simulated=""
    )
    stimuli = write_assignment_set(tmp_path / "set", size)
    bundle = simulated(empty, tmp_path, toml=toml, stimuli=stimuli)
    found = success_of(bundle)
    # 7 items by 5 responses: standard error at most 8.5 points; three fit.
    assert found == pytest.approx(planted, abs=0.26)
    assert sorted(found, key=found.__getitem__) == sorted(
        planted, key=planted.__getitem__
    )
    per_condition: dict[str, int] = defaultdict(int)
    for row in main_responses(bundle):
        per_condition[row["condition"]] += row["is_counted"] == "true"
    assert set(per_condition.values()) == {35}
    assert json.loads((bundle / "bundle.json").read_text())["design"]["conditions"] == (
        "within"
    )
    shown = {
        event["response"]: event["details"]["class_order"]
        for line in (bundle / "events.jsonl").read_text("utf-8").splitlines()
        if (event := json.loads(line))["kind"] == "shown"
    }
    chosen = main_responses(bundle)
    assert all(
        shown[row["response"]][int(row["laid_out"]) - 1] == int(row["value"]) - 1
        for row in chosen
    )
    # Groups are shuffled: no place is as telling as the group itself.
    assert len({row["laid_out"] for row in chosen}) > 1


@pytest.mark.slow
def test_the_planted_order_of_all_seven_conditions_is_recovered(empty, tmp_path):
    planted = {
        condition.name: 0.15 + 0.13 * n for n, condition in enumerate(CONDITIONS)
    }
    size = AssignmentSize(n_items=21, success=planted, n_catch=1)
    toml = ASSIGNMENT.format(
        n=14, per_block=22, quality="", mix="{careful = 1.0}", simulated=""
    )
    stimuli = write_assignment_set(tmp_path / "set", size)
    found = success_of(simulated(empty, tmp_path, toml=toml, stimuli=stimuli))
    # 294 responses each: standard error of a difference at most 4.1 points of 13.
    assert sorted(found, key=found.__getitem__) == list(planted)
    assert found == pytest.approx(planted, abs=0.09)


def test_people_too_fast_and_conditions_too_slow_lose_responses(empty, tmp_path):
    quick, slow = CONDITIONS[0], CONDITIONS[6]
    size = AssignmentSize(
        conditions=(quick, slow),
        median_s={quick.name: 60.0, slow.name: 170.0},
        n_catch=1,
    )
    toml = ASSIGNMENT.format(
        n=4,
        per_block=8,
        quality="response_seconds = [20, 180]",
        mix="{careful = 0.8, random = 0.2}",
        simulated="median_s = {random = 1.0}",
    )
    stimuli = write_assignment_set(tmp_path / "set", size)
    bundle = simulated(empty, tmp_path, toml=toml, stimuli=stimuli)
    competence = {r["session"]: r["competence"] for r in rows(bundle, "sessions")}
    kept: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in main_responses(bundle):
        seconds = float(row["wall_ms"]) / 1000
        is_valid = row["is_valid"] == "true"
        assert is_valid == (20 <= seconds <= 180), row
        kept[(competence[row["session"]], row["condition"])].append(is_valid)
    assert not any(kept[("random", quick.name)])
    # P(ln(20/60) <= 0.5 z <= ln(3)) = 0.972; P(... <= ln(180/170)) = 0.545.
    careful_quick = np.mean(kept[("careful", quick.name)])
    careful_slow = np.mean(kept[("careful", slow.name)])
    assert careful_quick > 0.85
    assert careful_slow < 0.8 < careful_quick


def test_perceived_attributes_come_out_with_their_names(empty, tmp_path):
    stimuli = as_portrait(write_set(tmp_path / "set"))
    bundle = simulated(empty, tmp_path, toml=ATTRIBUTES, stimuli=stimuli)
    design = json.loads((bundle / "bundle.json").read_text("utf-8"))["design"]
    assert design["attributes"] == [
        {"field": "attribute_1", "id": "teapot", "wording": "a teapot"},
        {"field": "attribute_2", "id": "crane", "wording": "a crane"},
    ]
    responses = rows(bundle, "responses")
    trials = {row["trial"]: row["classes"] for row in rows(bundle, "trials")}
    right = []
    for row in responses:
        name = {"attribute_1": "0", "attribute_2": "1"}[row["field"]]
        expected = "present" if trials[row["trial"]] == name else "absent"
        right.append(row["value"] == expected)
        assert row["accepts"] == row["is_right"] == ""
    # Six trials, six people, two attributes: 72 fields, 94 % right (se 2.8 points).
    assert len(right) == 72
    assert np.mean(right) == pytest.approx(0.94, abs=0.085)


def test_topping_up_evens_out_what_slow_conditions_lost(empty, tmp_path):
    quick, slow = CONDITIONS[0], CONDITIONS[6]
    size = AssignmentSize(
        n_items=4,
        conditions=(quick, slow),
        median_s={quick.name: 60.0, slow.name: 170.0},
        n_catch=0,
        n_practice=0,
    )
    toml = ASSIGNMENT.format(
        n=2,
        per_block=4,
        quality="response_seconds = [20, 180]",
        mix="{careful = 1.0}",
        simulated="",
    ).replace("n_practice = 1", "n_practice = 0")
    stimuli = write_assignment_set(tmp_path / "set", size)
    record = created(empty, tmp_path, toml=toml, stimuli=stimuli)
    rng = np.random.default_rng(3)
    lost = []
    with serving(empty) as url:
        for _ in range(12):
            run_simulation(url, empty, record, rng=rng, n=40, fetches_images=False)
            topped = recut_missing(empty, record, environment="simulated")
            lost.append(topped.n_missing)
            if not topped.n_missing:
                break
    assert lost[0] > 0
    assert lost[-1] == 0
    out = tmp_path / "bundle"
    export_study(empty, record, out=out, environment="simulated", images="none")
    counted: dict[str, int] = defaultdict(int)
    given: dict[str, int] = defaultdict(int)
    for row in main_responses(out):
        counted[row["condition"]] += row["is_counted"] == "true"
        given[row["condition"]] += 1
    # Four items by two responses each, whatever it took.
    assert counted == {quick.name: 8, slow.name: 8}
    assert given[slow.name] > 8
