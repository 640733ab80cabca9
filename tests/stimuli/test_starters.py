"""How recipe files begin, kind by kind."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from stimuli.manifest import HOLDINGS, Posed
from stimuli.recipes import RECIPES, read_any_recipe
from stimuli.starters import FOLDER, Starter, broken_starters, find_starters

STARTERS = find_starters()
REST = """
[dataset]
path = "photos"
[classifier]
demo = true
"""


def test_every_recipe_has_a_beginning():
    assert {starter.kind for starter in STARTERS} == set(RECIPES.own)
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(RECIPES.own)


@pytest.mark.parametrize("starter", STARTERS, ids=lambda s: f"{s.kind}-{s.rank}")
def test_what_a_beginning_promises_is_what_its_recipe_asks(
    starter: Starter, tmp_path: Path
):
    (tmp_path / "photos").mkdir()
    path = tmp_path / "recipe.toml"
    path.write_text(
        f"{starter.recipe}{starter.controls}{REST}".replace("$label", "ant")
    )
    file = read_any_recipe(path)
    asks = RECIPES[file.kind].make(file.parameters).asks
    assert file.kind == starter.kind
    assert starter.posed in asks.values()
    assert set(starter.posed.holds) <= set(HOLDINGS)


def test_the_first_offered_is_a_classifiers_errors_class_by_class():
    first = STARTERS[0]
    assert (first.kind, first.posed) == (
        "misclassified",
        Posed(slots=("target",), holds=("class",)),
    )
    assert replace(first, rank=2) != first


def test_they_are_read_without_torch():
    code = (
        "import sys, stimuli.starters as s; s.find_starters(); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603
    assert done.returncode == 0


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group="secondlook.recipes")


def test_a_beginning_that_cannot_be_read_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "crumbling_recipe.py").write_text("")
    (tmp_path / "crumbling_recipe.toml").write_text("[[starter]]\nslots = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    others = [
        entry("ruin", "crumbling_recipe:ruin"),
        entry("gone", "no_such_package_of_anybody.recipe:kind"),
        entry("misclassified", "crumbling_recipe:ruin"),
    ]
    assert find_starters(lambda _group: others) == find_starters(lambda _group: [])
    said = broken_starters(lambda _group: others)
    assert len(said) == 2
    assert "the beginning of 'ruin'" in said[0]
    assert "ModuleNotFoundError" in said[1]
