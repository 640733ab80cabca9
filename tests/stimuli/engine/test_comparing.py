from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from stimuli.cli import stimuli
from stimuli.engine.comparing import ComparedSets, compare_sets


def edit(folder: Path, change: object) -> None:
    """Apply `change` to the records of the manifest that it takes."""
    path = folder / "manifest.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    change(records)  # type: ignore[operator]
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))


@pytest.fixture
def other_folder(built_folder: Path) -> Path:
    other = built_folder.with_name("other")
    shutil.copytree(built_folder, other)
    return other


def test_a_set_agrees_with_its_copy(built_folder, other_folder):
    n = len((built_folder / "manifest.jsonl").read_text().splitlines())
    compared = compare_sets(built_folder, other_folder)
    assert (compared.n_stimuli, compared.n_same, compared.n_alike) == (n, n, n)
    assert compared.is_enough
    assert compared.differences == []


def test_other_bytes_with_the_same_label_are_alike(built_folder, other_folder):
    edit(other_folder, lambda records: records[0].update(id="0" * 64))
    compared = compare_sets(built_folder, other_folder)
    assert compared.n_same == compared.n_stimuli - 1
    assert compared.n_alike == compared.n_stimuli


def test_another_label_is_listed_with_its_margin(built_folder, other_folder):
    def relabel(records):
        records[0]["predictions"][0]["classes"][0] = "8"

    edit(other_folder, relabel)
    compared = compare_sets(built_folder, other_folder)
    assert compared.n_alike == compared.n_stimuli - 1
    (difference,) = compared.differences
    assert "bee/" in difference
    assert "in the one, 8 in the other (margin " in difference


def test_other_steps_and_missing_pictures_are_listed(built_folder, other_folder):
    def attack(records):
        records[0]["facts"] = {"attack": {"steps_to_flip": 3}, "margin": 2}

    def attack_otherwise(records):
        records[0]["facts"] = {"attack": {"steps_to_flip": 4}, "margin": 1}
        records.pop()

    edit(built_folder, attack)
    edit(other_folder, attack_otherwise)
    compared = compare_sets(built_folder, other_folder)
    assert compared.n_alike == compared.n_stimuli - 2
    said = sorted(d.partition(": ")[2] for d in compared.differences)
    assert said == [
        "attack.steps_to_flip 3 in the one, 4 in the other",
        f"not in {other_folder}",
    ]


# 199 of 200 are 99.5 %; 1 of 200 more is not.
@pytest.mark.parametrize(("n_alike", "is_enough"), [(199, True), (198, False)])
def test_half_a_percent_may_differ(n_alike, is_enough):
    assert ComparedSets(n_stimuli=200, n_alike=n_alike).is_enough is is_enough


def test_two_empty_sets_agree_in_nothing():
    assert ComparedSets().to_raw()["share"] is None
    assert not ComparedSets().is_enough


def test_check_against_exits_with_one_when_too_much_differs(built_folder, other_folder):
    command = ["check", str(built_folder), "--against", str(other_folder)]
    fine = CliRunner().invoke(stimuli, [*command, "--no-predictions"])
    assert fine.exit_code == 0
    assert "(100.00 %, wanted 99.50 %)" in fine.stdout
    edit(other_folder, lambda records: records.pop())
    worse = CliRunner().invoke(stimuli, [*command, "--no-predictions", "--json"])
    assert worse.exit_code == 1
    found = json.loads(worse.stdout)["against"]
    assert len(found["differences"]) == found["n_stimuli"] - found["n_alike"] == 1
