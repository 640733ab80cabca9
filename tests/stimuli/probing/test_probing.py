from __future__ import annotations

import csv
import doctest
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import stimuli.records.proportions
from stimuli.cli import stimuli as command
from stimuli.files.images import open_image
from stimuli.records.proportions import proportion
from tests.stimuli import toy


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["probe", *map(str, arguments)])


def _pairs(
    folder: Path, lines: list[str], *, header: str = "pair,first,second"
) -> Path:
    path = folder / "pairs.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Four pictures: ant, ant, bee, cat first; the second class is dog or ant."""
    toy.paint(tmp_path / "ant.png", 0, 3)
    toy.paint(tmp_path / "ant2.png", 0, 4)
    toy.paint(tmp_path / "bee.png", 1, 3)
    toy.paint(tmp_path / "cat.png", 2, 3)
    (tmp_path / "toy.py").write_text(toy.MODEL)
    return tmp_path


def test_the_example_is_true():
    assert doctest.testmod(stimuli.records.proportions).failed == 0


def test_how_often_a_label_changes(images):
    pairs = _pairs(
        images, ["one,ant.png,ant2.png", "two,ant.png,bee.png", "three,bee.png,cat.png"]
    )
    model = f"{images}/toy.py:build"
    result = run("--pairs", pairs, "--classifier", model, "--out", images / "out")
    assert result.exit_code == 0, result.output
    # Two of three change: Clopper-Pearson [9.4, 99.2].
    assert "2 of 3: 66.7 % [9.4, 99.2]" in result.stdout
    with (images / "out/predictions.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    first = [r for r in rows if r["pair"] == "two" and r["rank"] == "1"]
    assert [(r["image"], r["name"]) for r in first] == [
        ("first", "ant"),
        ("second", "bee"),
    ]
    assert {r["is_changed"] for r in rows if r["pair"] == "one"} == {"false"}
    with open_image(images / "out/pairs.png") as sheet:
        assert sheet.width > 400
    page = (images / "out/pairs.html").read_text("utf-8")
    assert page.index("two: the label changes") < page.index("one: same label")


def test_several_classifiers_are_counted_apart(images):
    pairs = _pairs(images, ["one,ant.png,ant2.png"])
    result = run(
        *("--pairs", pairs, "--out", images / "out", "--json"),
        *("--classifier", f"{images}/toy.py:build"),
    )
    assert json.loads(result.stdout)["changes"]["toy"]["n_hits"] == 0
    recipe = toy.write_recipe(
        images,
        dataset='path = "."',
        classifier='[[classifier]]\nfunction = "toy.py:build"\n[[classifier]]\n'
        'function = "toy.py:build_swapped"\nname = "swapped"',
    )
    result = run(
        *("--pairs", pairs, "--out", images / "out", "--json", "--recipe", recipe)
    )
    assert result.exit_code == 0, result.output
    changes = json.loads(result.stdout)["changes"]
    # The swapped one reads the second class: dog, then eel.
    assert {name: each["n_hits"] for name, each in changes.items()} == {
        "toy": 0,
        "swapped": 1,
    }


def test_every_problem_of_the_list_is_named_at_once(images):
    lines = ["one,ant.png,", "two,ant.png,ant.png", "two,ant.png,gone.png", ",,"]
    pairs = _pairs(images, lines)
    result = run("--pairs", pairs, "--classifier", "demo", "--out", images / "out")
    assert result.exit_code == 1
    for words in (
        "line 2: pair 'one' has one image: second is empty",
        "line 3: both images of pair 'two' are ant.png",
        "line 4: pair 'two' came before, in line 3",
        "line 4: second: no file",
        "line 5: the pair has no name",
    ):
        assert words in result.output
    assert "Traceback" not in result.output


def test_missing_columns_and_damaged_images_are_said_in_words(images):
    without = _pairs(images, ["one,ant.png"], header="pair,first")
    result = run("--pairs", without, "--classifier", "demo", "--out", images / "out")
    assert result.exit_code == 1
    assert "no column second" in result.output
    (images / "broken.png").write_bytes(b"no picture")
    pairs = _pairs(images, ["one,ant.png,broken.png"])
    model = f"{images}/toy.py:build"
    result = run("--pairs", pairs, "--classifier", model, "--out", images / "out")
    assert result.exit_code == 1
    assert "pair 'one'" in result.output
    assert "not an image of a known kind" in result.output


def test_a_classifier_must_be_named_in_one_way(images):
    pairs = _pairs(images, ["one,ant.png,bee.png"])
    neither = run("--pairs", pairs, "--out", images / "out")
    assert "either --recipe or --classifier" in neither.output
    bare = run("--pairs", pairs, "--classifier", "resnet101", "--out", images / "out")
    assert "needs --weights" in bare.output


def test_clusters_widen_the_interval():
    hits = [True] * 10 + [False] * 10
    alone = proportion(hits)
    grouped = proportion(hits, clusters=[place // 5 for place in range(20)])
    assert alone.share == grouped.share == 0.5
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)
    assert grouped.n_clusters == 4


@pytest.mark.parametrize("n_studies", [300, pytest.param(2000, marks=pytest.mark.slow)])
def test_clustered_shares_are_covered(n_studies):
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(n_studies):
        # Thirty scenes of four pairs; scenes differ, the mean is 0.4.
        scene = rng.beta(0.4 * 4, 0.6 * 4, 30)
        hits = (rng.random((30, 4)) < scene[:, None]).ravel().tolist()
        found = proportion(hits, clusters=[place // 4 for place in range(120)])
        covered += found.low <= 0.4 <= found.high
    assert covered / n_studies >= 0.95 - 3 * (0.95 * 0.05 / n_studies) ** 0.5
