"""Simulated responses under conditions that share nothing with the estimators.

Log odds of yes (or of an answer above each step of a scale) are the condition's, plus
the person's, plus the stimulus's, plus how the condition works on either, all normal;
some people say yes to everything, and stimuli may come in groups of near copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]

_POINTS: Final = 2000
_ALWAYS: Final = 0.97


@dataclass(frozen=True, kw_only=True)
class ConditionWorld:
    """What people and stimuli are like, and who meets what.

    Attributes:
        n_people: People; in each condition where these are between people.
        n_stimuli: Stimuli; all of them come in every condition.
        n: Responses per stimulus and condition; None: everybody meets everything
            (within people: half of it in either condition).
        is_within: Whether everybody meets both conditions.
        log_odds: Of yes of a typical person and stimulus, by condition.
        people, stimuli: Standard deviations of their log odds.
        slopes: Standard deviation of what a condition adds, for people and stimuli.
        group: Stimuli in a group of near copies; 1: none are alike.
        yes_sayers: Share of people who nearly always say yes.
        unequal: Standard deviation of the log of how much people do, where `n` is
            given.
        steps: Thresholds of an ordered answer; none for yes and no.
    """

    n_people: int = 8
    n_stimuli: int = 40
    n: int | None = None
    is_within: bool = False
    log_odds: tuple[float, ...] = (0.8, 0.8)
    people: float = 0.8
    stimuli: float = 1.0
    slopes: float = 0.0
    group: int = 1
    yes_sayers: float = 0.0
    unequal: float = 0.0
    steps: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Responses, and the effects that they came from.

    Attributes:
        frame: Columns person, image, scene, shown (a, b), says (0 and 1, or the
            number of an ordered answer from 0).
        people: Effect of each person, shape (people,).
        stimuli: Effect of each stimulus, shape (stimuli,).
    """

    frame: pd.DataFrame
    people: Floats
    stimuli: Floats


def simulate(world: ConditionWorld, rng: np.random.Generator) -> Simulated:
    """One study."""
    person, stimulus, condition = _meetings(world, rng)
    n_people, n_conditions = int(person.max()) + 1, len(world.log_odds)
    people = rng.normal(0, world.people, n_people)
    scene = np.arange(world.n_stimuli) // world.group
    stimuli = rng.normal(0, world.stimuli, scene.max() + 1)[scene]
    by_person = rng.normal(0, world.slopes, (n_people, n_conditions))
    by_scene = rng.normal(0, world.slopes, (scene.max() + 1, n_conditions))
    tendency = np.array(world.log_odds)[condition] + people[person] + stimuli[stimulus]
    tendency += by_person[person, condition] + by_scene[scene[stimulus], condition]
    says = _answers(world, tendency, person=person, rng=rng)
    frame = pd.DataFrame(
        {
            "person": person,
            "image": stimulus,
            "scene": scene[stimulus],
            "shown": np.array(list("abcdefgh"))[condition],
            "says": says,
        }
    )
    return Simulated(frame=frame, people=people, stimuli=stimuli)


def _answers(
    world: ConditionWorld, tendency: Floats, *, person: Ints, rng: np.random.Generator
) -> Ints:
    draw = rng.random(len(tendency))
    if world.steps:
        above = expit(tendency[:, None] - np.array(world.steps))
        return np.asarray((draw[:, None] < above).sum(axis=1))
    is_odd = rng.random(int(person.max()) + 1) < world.yes_sayers
    return np.asarray(
        draw < np.where(is_odd[person], _ALWAYS, expit(tendency)), dtype=int
    )


def _meetings(
    world: ConditionWorld, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Person, stimulus and condition of every response."""
    n_conditions = len(world.log_odds)
    if world.n is None and world.is_within:
        person, stimulus = _all(world)
        return person, stimulus, (person + stimulus) % n_conditions
    parts = []
    for condition in range(n_conditions):
        met = _all(world) if world.n is None else _some(world, rng)
        shift = 0 if world.is_within else condition * world.n_people
        parts.append((met[0] + shift, met[1], np.full(len(met[0]), condition)))
    person, stimulus, conditions = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    return np.unique(person, return_inverse=True)[1], stimulus, conditions


def _all(world: ConditionWorld) -> tuple[Ints, Ints]:
    person, stimulus = np.divmod(
        np.arange(world.n_people * world.n_stimuli), world.n_stimuli
    )
    return person, stimulus


def _some(world: ConditionWorld, rng: np.random.Generator) -> tuple[Ints, Ints]:
    eager = rng.normal(0, world.unequal, world.n_people)
    rank = rng.gumbel(size=(world.n_stimuli, world.n_people)) + eager
    chosen = np.argsort(-rank, axis=1)[:, : world.n]
    return chosen.ravel(), np.repeat(np.arange(world.n_stimuli), world.n or 0)


@cache
def shares(world: ConditionWorld) -> tuple[float, ...]:
    """Share of yes over all people and stimuli, by condition."""
    return tuple(float(_spread_out(world, each).mean()) for each in world.log_odds)


def _spread_out(world: ConditionWorld, log_odds: float) -> Floats:
    """Chances of yes of so many equally likely people and stimuli."""
    spread = np.sqrt(world.people**2 + world.stimuli**2 + 2 * world.slopes**2)
    points = stats.norm.ppf((np.arange(_POINTS) + 0.5) / _POINTS)
    chance = expit(log_odds + spread * points)
    return np.asarray((1 - world.yes_sayers) * chance + world.yes_sayers * _ALWAYS)


@cache
def ordinal_difference(world: ConditionWorld) -> float:
    """What a cumulative logit model of both conditions says of all responses.

    Over people and stimuli odds are not quite proportional any more: the truth is
    the difference of the likeliest model of infinitely many responses.
    """
    chances = []
    for log_odds in world.log_odds:
        above = [_spread_out(world, log_odds - step).mean() for step in world.steps]
        chances.append(-np.diff([1.0, *above, 0.0]))
    known = np.array(chances)

    def loss(place: Floats) -> float:
        steps = np.cumsum([place[0], *np.exp(place[1:-1])])
        total = 0.0
        for row, shift in zip(known, (0.0, place[-1]), strict=True):
            above = np.array([1.0, *expit(shift - steps), 0.0])
            total -= float(row @ np.log(-np.diff(above)))
        return total

    start = np.array([-1.0, *np.zeros(len(world.steps) - 1), 0.0])
    return float(minimize(loss, start, tol=1e-9).x[-1])
