"""Simulated studies for means and differences, their truth in closed form.

Person p meets stimulus s in condition c with the tendency
μ_c + u_p + u_pc + v_s + v_sc + w_pg (all normal); the response is 1 with probability
Φ(tendency), so its mean is Φ(μ_c / sqrt(1 + sum of variances)). Stimuli may come in
groups g of near copies, which have most of v_s and all of w_pg in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

Design = Literal["between", "within", "disjoint stimuli"]


@dataclass(frozen=True, kw_only=True)
class ClusteredWorld:
    """What people and stimuli are like, and who meets what.

    Attributes:
        n_stimuli: Stimuli (per condition, where these are disjoint).
        n_people: People, or None for as many as `n` responses per stimulus in
            blocks of `block` take.
        n: Responses per stimulus.
        block: Stimuli per person.
        is_shared: Whether the people of a block all judge the same stimuli.
        unequal: Standard deviation of the log of how much people do.
        means: μ of the conditions; one for a mean.
        people, stimuli: Standard deviations of u_p and v_s.
        slopes: Standard deviation of u_pc and of v_sc.
        design: How conditions are dealt out.
        group: Stimuli in a group of near copies; 1: none are alike.
        alike: Share of the variance of v_s that groups have in common.
        meetings: Standard deviation of w_pg.
    """

    n_stimuli: int = 300
    n_people: int | None = None
    n: int = 5
    block: int = 20
    is_shared: bool = False
    unequal: float = 0.0
    means: tuple[float, ...] = (0.5,)
    people: float = 0.5
    stimuli: float = 0.8
    slopes: float = 0.0
    design: Design = "between"
    group: int = 1
    alike: float = 0.95
    meetings: float = 0.0

    def shares(self) -> tuple[float, ...]:
        """The true share of each condition."""
        spread = 1 + self.people**2 + self.stimuli**2 + 2 * self.slopes**2
        spread += self.meetings**2
        return tuple(float(ndtr(mean / np.sqrt(spread))) for mean in self.means)


def responses(world: ClusteredWorld, rng: np.random.Generator) -> pd.DataFrame:
    """Columns participant, stimulus, scene (its group), condition (a, b, …), right."""
    person, stimulus, condition = _meetings(world, rng)
    n_people, n_stimuli = int(person.max()) + 1, int(stimulus.max()) + 1
    n_conditions = len(world.means)
    by_person = rng.normal(0, world.slopes, (n_people, n_conditions))
    by_person += rng.normal(0, world.people, (n_people, 1))
    by_stimulus = rng.normal(0, world.slopes, (n_stimuli, n_conditions))
    scene = stimulus // world.group
    by_stimulus += _stimuli(world, n_stimuli, rng)[:, None]
    tendency = np.array(world.means)[condition]
    tendency += by_person[person, condition] + by_stimulus[stimulus, condition]
    if world.meetings:
        n_scenes = int(scene.max()) + 1
        tendency += rng.normal(0, world.meetings, (n_people, n_scenes))[person, scene]
    return pd.DataFrame(
        {
            "participant": person,
            "stimulus": stimulus,
            "scene": scene,
            "condition": np.array(list("abcdefgh"))[condition],
            "right": rng.random(len(person)) < ndtr(tendency),
        }
    )


def _stimuli(world: ClusteredWorld, n: int, rng: np.random.Generator) -> np.ndarray:
    """v_s, shape (stimuli,)."""
    if world.group == 1:
        return rng.normal(0, world.stimuli, n)
    common = rng.normal(0, world.stimuli, -(-n // world.group))
    own = rng.normal(0, world.stimuli, n)
    scene = np.arange(n) // world.group
    return np.asarray(
        np.sqrt(world.alike) * common[scene] + np.sqrt(1 - world.alike) * own
    )


def _meetings(
    world: ClusteredWorld, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if len(world.means) == 1:
        person, stimulus = _one_part(world, rng)
        return person, stimulus, np.zeros(len(person), int)
    if world.design == "within":
        person, stimulus = _one_part(world, rng)
        # A Latin square: as many of everybody's stimuli in every condition.
        return person, stimulus, (person + stimulus) % len(world.means)
    parts = [_one_part(world, rng) for _ in world.means]
    n_people = int(parts[0][0].max()) + 1
    person_shift, stimulus_shift = (
        (n_people, 0) if world.design == "between" else (0, world.n_stimuli)
    )
    person = np.concatenate(
        [part[0] + i * person_shift for i, part in enumerate(parts)]
    )
    stimulus = np.concatenate(
        [part[1] + i * stimulus_shift for i, part in enumerate(parts)]
    )
    sizes = [len(part[0]) for part in parts]
    return person, stimulus, np.repeat([0, 1], sizes)


def _one_part(
    world: ClusteredWorld, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Who meets which stimulus, in one condition."""
    stimulus = np.tile(np.arange(world.n_stimuli), world.n)
    if world.n_people is not None:
        eager = np.exp(rng.normal(0, world.unequal, world.n_people))
        # The n first of everybody in a race that the eager tend to win.
        race = rng.exponential(size=(world.n_stimuli, world.n_people)) / eager
        return np.argsort(race, axis=1)[:, : world.n].T.ravel(), stimulus
    n_blocks = -(-world.n_stimuli // world.block)
    person = np.empty((world.n, world.n_stimuli), dtype=int)
    order = rng.permutation(world.n_stimuli)
    for turn in range(world.n):
        if not world.is_shared:
            order = rng.permutation(world.n_stimuli)
        place = np.arange(world.n_stimuli) // world.block
        person[turn, order] = turn * n_blocks + place
    return person.ravel(), stimulus
