"""The demo world's planted bias is found, and nothing else is.

In training, piles of books stand beside lamps. Portraits of lamps are built from
scenes where they do not, described by simulated raters, and analysed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.measures.representation.numbers import (
    attribute_differences,
    differing_attributes,
)
from hit_templates.base import get_paradigm
from stimuli.manifest import StimulusSet, Trial
from stimuli.scenes import BIAS, CLASSES, write_dataset
from tests.stimuli import toy

PLANTED = "books"
# Five things that a scene of a lamp may show, and the companion.
OTHERS = ("candle", "mug", "clock", "bottle", "teapot")
RECIPE = """
[recipe]
kind = "portrait"
classes = ["lamp"]
selection = "adversarial"
n_prototypes = 40
n_criticisms = 40
n_random = 120

[recipe.attack]
step = 0.002
stop = "flip"

[dataset]
path = "scenes"

[classifier]
demo = true
"""


def portrait(folder: Path, *, seed: int, n: int = 640) -> list[Trial]:
    """Trials of a portrait of lamps drawn from `seed`."""
    folder.mkdir(parents=True)
    write_dataset(
        folder / "scenes",
        n=n,
        seed=seed,
        split="validation",
        workers=2,
        label=BIAS.class_index,
    )
    (folder / "recipe.toml").write_text(RECIPE, "utf-8")
    toy.build(folder / "recipe.toml", folder / "set")
    return list(StimulusSet.open(folder / "set").trials())


def describe(trials: list[Trial], rng: np.random.Generator) -> pd.DataFrame:
    """Five of twenty-four simulated raters per image; one in six is hasty."""
    classes = {spec.name: str(place) for place, spec in enumerate(CLASSES)}
    asked = [{"id": PLANTED, "wording": "a pile of books"}]
    asked += [
        {"id": name, "wording": f"a {name}", "simulated_by": classes[name]}
        for name in OTHERS
    ]
    paradigm = get_paradigm("attributes").configure(
        {"shows_people": False, "perceived": asked}
    )
    ids = {f"attribute_{n}": each["id"] for n, each in enumerate(asked, start=1)}
    competence = ["hasty" if rater < 4 else "careful" for rater in range(24)]
    return pd.DataFrame(
        [
            {
                "image": trial.id,
                "participant": rater,
                "attribute": ids[field],
                "value": value,
            }
            for trial in trials
            for rater in rng.choice(24, 5, replace=False)
            for field, value in paradigm.simulate(
                trial, competence=competence[rater], rng=rng
            ).items()
        ]
    )


def images_of(trials: list[Trial]) -> pd.DataFrame:
    """Columns class, role, image."""
    rows = [
        {"class": trial.classes[0], "role": use.shows, "image": trial.id}
        for trial in trials
        for use in trial.uses
    ]
    return pd.DataFrame(rows).drop_duplicates()


def found_in(trials: list[Trial], rng: np.random.Generator) -> set[str]:
    """Attributes named at the family-wise level of 5 %."""
    rated = describe(trials, rng)
    return {
        each.attribute
        for each in differing_attributes(
            attribute_differences(rated, images_of(trials))
        )
    }


@pytest.mark.slow
def test_the_planted_bias_is_named_and_hardly_anything_else(tmp_path):
    hits = others = 0
    for seed in range(20):
        trials = portrait(tmp_path / str(seed), seed=seed)
        found = found_in(trials, np.random.default_rng(seed))
        hits += PLANTED in found
        others += bool(found - {PLANTED})
    assert hits >= 19
    assert others <= 3


def test_a_portrait_without_the_companion_names_nothing():
    """The same raters and tests on portraits in which nothing differs."""
    rng = np.random.default_rng(1)
    roles = ["prototype"] * 30 + ["criticism"] * 30 + ["random"] * 60
    trials = [_trial(place, role, rng) for place, role in enumerate(roles)]
    assert found_in(trials, rng) == set()
    with_books = [
        replace(trial, truth={"present": [*present(trial), PLANTED]})
        if trial.uses[0].shows == "prototype" and place % 2
        else trial
        for place, trial in enumerate(trials)
    ]
    assert found_in(with_books, rng) == {PLANTED}


def present(trial: Trial) -> list[str]:
    """What the trial's picture shows."""
    return list((trial.truth or {})["present"])


def _trial(place: int, role: str, rng: np.random.Generator) -> Trial:
    """A picture of a lamp, now and then with something else."""
    from stimuli.manifest import Use

    there = [str(c) for c in range(len(CLASSES)) if rng.random() < 0.05]
    use = Use(
        classifier="demo",
        shows=role,
        source_sha256=str(place),
        label="10",
        predicted=("10",),
    )
    return Trial(
        id=f"t{place}",
        slots={"target": f"s{place}"},
        question="attributes",
        classes=("10",),
        role="main",
        sources=(str(place),),
        uses=(use,),
        truth={"present": there},
    )
