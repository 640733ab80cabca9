"""The score of planted faults: what is a text, what is kept, what the table says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mutation import results, workshop
from tests.mutation.areas import AREAS, Area
from tests.mutation.results import Cost, Mutant
from tests.mutation.texts import changed, differences, is_text
from tests.mutation.workshop import Workshop

SOURCE = '''
def pay(amount):
    """Pay."""
    if amount < 0:
        raise ValueError(
            f"got {amount}"
        )
    return amount + 1
'''


def hunk(line: int, old: str, new: str) -> str:
    return f"--- a\n+++ b\n@@ -{line},1 +{line},1 @@\n-{old}\n+{new}\n"


def mutant(name: str, *, is_killed: bool, is_text: bool = False) -> Mutant:
    return Mutant(
        name=f"a.ledger.x_{name}__mutmut_1",
        module="ledger.py",
        is_killed=is_killed,
        change="- a, b / + c",
        is_text=is_text,
    )


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mutation.csv"
    monkeypatch.setattr(results, "RESULTS", path)
    return path


def test_a_change_inside_a_raise_or_of_a_sentence_is_a_text():
    name = "a.x_pay__mutmut_1"
    inside = hunk(5, '            f"got {amount}"', "            None")
    assert is_text(SOURCE, name, inside)
    outside = hunk(7, "    return amount + 1", "    return amount - 1")
    assert not is_text(SOURCE, name, outside)
    assert changed(outside) == ["- return amount + 1", "+ return amount - 1"]
    assert is_text(SOURCE, name, hunk(7, 'say("a b")', 'say("XXa bXX")'))
    # What stands between two words is no sentence.
    between = hunk(7, 'f("a", kind=1)["b"]', 'f("a", kind=2)["b"]')
    assert not is_text(SOURCE, name, between)


def test_what_a_mutant_changes_is_read_from_what_mutmut_writes():
    written = """
def x_pay__mutmut_orig(amount, fee=1):
    return amount + fee

def x_pay__mutmut_1(amount, fee=2):
    return amount + fee

def x_pay__mutmut_2(amount, fee=1):
    return amount - fee
"""
    found = {name: changed(shown) for name, shown in differences(written).items()}
    assert found == {
        "x_pay__mutmut_1": [
            "- def x_pay(amount, fee=1):",
            "+ def x_pay(amount, fee=2):",
        ],
        "x_pay__mutmut_2": ["- return amount + fee", "+ return amount - fee"],
    }


def test_a_reason_stays_while_its_survivor_does(file):
    found = [
        mutant("pay", is_killed=True),
        mutant("refuse", is_killed=False),
        mutant("say", is_killed=False, is_text=True),
    ]
    results.write("money", found, cost=Cost(minutes=2, cpu_minutes=1))
    text = file.read_text(encoding="utf-8")
    assert text.splitlines()[1:] == [
        "money,ledger.py,3,1,1,2.0,1.0,,",
        'money,ledger.py,,,,,,"refuse: - a, b / + c",',
    ]
    file.write_text(text.replace('+ c",', '+ c",no difference'), encoding="utf-8")
    # Tried again: another one is seen, and what the whole took stays as it was.
    found[2] = mutant("say", is_killed=True)
    results.write("money", found, cost=None)
    assert file.read_text(encoding="utf-8").splitlines()[1:] == [
        "money,ledger.py,3,0,2,2.0,1.0,,",
        'money,ledger.py,,,,,,"refuse: - a, b / + c",no difference',
    ]


def test_nine_of_ten_pass_and_the_table_says_who_was_never_run(file):
    for area, n_killed in (("money", 9), ("counting", 8)):
        found = [mutant(f"f{i}", is_killed=i < n_killed) for i in range(10)]
        results.write(area, found, cost=Cost(minutes=1, cpu_minutes=1))
    scores = {score.area: score for score in results.scores()}
    verdicts = {area: score.verdict for area, score in scores.items()}
    assert (verdicts["money"], verdicts["counting"]) == ("passed", "short")
    assert verdicts["signature"] == "not run"
    assert scores["money"].n_unexplained == 1
    line = results.table(list(scores.values())).splitlines()[2]
    assert line.split() == [
        "money",
        "9",
        "of",
        "10",
        "90.0%",
        "1.0",
        "1.0",
        "1",
        "passed",
    ]


def test_what_was_broken_off_is_tried_once_more_and_costs_what_all_of_it_took(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(workshop, "FOLDER", tmp_path)
    shop = Workshop("two words", Area(modules=("ledger.py",), tests=()))
    meta = tmp_path / "two-words" / "mutants" / "ledger.py.meta"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"exit_code_by_key": {"a": 1, "b": 0, "c": null}}')
    assert shop.survivors() == ["b", "c"]
    cost = tmp_path / "two-words" / "mutation-cost.json"
    cost.write_text('{"minutes": 2.0, "cpu_minutes": 1.0}')
    assert shop.cost() + Cost(minutes=1.0) == Cost(minutes=3.0, cpu_minutes=1.0)


def test_trying_survivors_again_keeps_every_other_verdict(tmp_path, monkeypatch):
    monkeypatch.setattr(workshop, "FOLDER", tmp_path)
    shop = Workshop("two words", Area(modules=("ledger.py",), tests=()))
    meta = tmp_path / "two-words" / "mutants" / "ledger.py.meta"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"exit_code_by_key": {"a": 1, "b": 0, "c": 33}}')

    def forget_all_but_those_named(*_arguments: str) -> None:
        meta.write_text('{"exit_code_by_key": {"a": null, "b": 1, "c": 0}}')

    monkeypatch.setattr(shop, "_mutmut", forget_all_but_those_named)
    shop.run("b", "c", n_children=1)
    assert json.loads(meta.read_text())["exit_code_by_key"] == {"a": 1, "b": 1, "c": 0}


@pytest.mark.parametrize("name", AREAS)
def test_every_area_names_files_that_are_there(name, repository):
    area = AREAS[name]
    assert [path for path in area.modules if not (repository / path).is_file()] == []
    assert [path for path in area.tests if not (repository / path).exists()] == []
