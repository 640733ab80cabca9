"""Rows for thresholds: people and images have thresholds of their own about a middle.

A response at place x of the scale is right with probability
g + (1 - g - l) Λ(b_p (x - m - u_p - v_i)), Λ the logistic function, u_p and v_i normal
and b_p log-normal. All of it is symmetric about m, so the share of everybody's
responses is halfway at m, whatever the spreads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.statistics.experiments.psychometric import psychometric_curve
from tests.analysis.coverage.rows import Drawn, Row


@dataclass(frozen=True, kw_only=True)
class LevelWorld:
    """Who meets which images at which levels.

    Attributes:
        places: Levels, on the scale (log10 of them where that is "log").
        scale: As in `psychometric_curve`.
        n_people: People.
        n_images: Images.
        n_each: Images a person meets, each at one level.
        middle: The threshold m.
        slope: b of a typical person; below zero where shares fall.
        lapse: l.
        guess: g.
        people, images: Standard deviations of u_p and v_i.
        slopes: Standard deviation of the log of b_p.
        group: Images in a group of near copies, which share v_i.
        is_observer: Whether one observer sees every image at every level.
    """

    places: tuple[float, ...] = (-1.5, -1.125, -0.75, -0.375, 0.0)
    scale: Literal["log", "linear"] = "log"
    n_people: int = 20
    n_images: int = 60
    n_each: int = 60
    middle: float = -0.75
    slope: float = 5.3
    lapse: float = 0.02
    guess: float = 0.25
    people: float = 0.11
    images: float = 0.11
    slopes: float = 0.2
    group: int = 1
    is_observer: bool = False

    @property
    def truth(self) -> float:
        """The threshold in the level's own unit."""
        return 10**self.middle if self.scale == "log" else self.middle


def draw(world: LevelWorld, rng: np.random.Generator) -> pd.DataFrame:
    """Columns participant, image, scene (its group), level, right."""
    person, image, level = _meetings(world, rng)
    n_groups = -(-world.n_images // world.group)
    scene = image // world.group
    away = rng.normal(0, world.people, world.n_people)[person]
    if world.is_observer:
        away[:] = 0.0
    away += rng.normal(0, world.images, n_groups)[scene]
    steep = world.slope * np.exp(rng.normal(0, world.slopes, world.n_people))[person]
    place = np.array(world.places)[level]
    rise = expit(steep * (place - world.middle - away))
    chance = world.guess + (1 - world.guess - world.lapse) * rise
    return pd.DataFrame(
        {
            "participant": person,
            "image": image,
            "scene": scene,
            "level": 10**place if world.scale == "log" else place,
            "right": rng.random(len(person)) < chance,
        }
    )


def _meetings(
    world: LevelWorld, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_levels = len(world.places)
    if world.is_observer:
        image = np.repeat(np.arange(world.n_images), n_levels)
        level = np.tile(np.arange(n_levels), world.n_images)
        return np.zeros(len(image), int), image, level
    order = np.tile(np.arange(world.n_images), (world.n_people, 1))
    image = rng.permuted(order, axis=1)[:, : world.n_each]
    levels = np.tile(np.arange(world.n_each) % n_levels, (world.n_people, 1))
    person = np.repeat(np.arange(world.n_people), world.n_each)
    return person, image.ravel(), rng.permuted(levels, axis=1).ravel()


def _threshold(world: LevelWorld, rng: np.random.Generator) -> Drawn:
    found = psychometric_curve(
        draw(world, rng),
        level="level",
        right="right",
        guess=world.guess,
        stimulus="image",
        scale=world.scale,
        participant=None if world.is_observer else "participant",
        clusters=["scene"] if world.group > 1 else [],
    )
    return Drawn.of(found.threshold, truth=world.truth)


_USUAL: Final = LevelWorld()
_PEOPLE: Final = "Psychometric threshold of people, times 100"
_WORLDS: Final[dict[str, LevelWorld]] = {
    "20 people, 60 images, five contrasts, 4 choices": _USUAL,
    "8 people, 60 images": replace(_USUAL, n_people=8),
    "three contrasts (1, 0.3, 0.05), 16 choices": replace(
        _USUAL,
        places=(-1.301, -0.523, 0.0),
        guess=1 / 16,
        middle=-0.7,
        slope=4.0,
    ),
    "groups of 5 near copies": replace(
        _USUAL, group=5, images=0.25, n_images=150, n_each=75
    ),
    "noise, a linear scale: shares fall": LevelWorld(
        places=(0.0, 0.1, 0.2, 0.35, 0.6),
        scale="linear",
        middle=0.25,
        slope=-14.0,
        people=0.05,
        images=0.05,
    ),
}
ROWS: Final = [
    *(
        Row(
            place=_PEOPLE,
            world=name,
            shows=("analysis.statistics.experiments.psychometric.psychometric_curve",),
            study=partial(_threshold, world),
            n_quick=60 if world is _USUAL else 0,
        )
        for name, world in _WORLDS.items()
    ),
    Row(
        place="Psychometric threshold of one observer, times 100",
        world="100 images at each of five contrasts, 16 choices",
        shows=("analysis.statistics.experiments.psychometric.psychometric_curve",),
        study=partial(
            _threshold,
            replace(_USUAL, n_people=1, n_images=100, is_observer=True, guess=1 / 16),
        ),
    ),
]
