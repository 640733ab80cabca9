"""Simulated studies with known truth: people crossed with images.

Image i has an acceptability θ_i ~ N(mean, spread²), person p a bias b_p ~
N(0, bias²) and a skill a_p = exp(skill · N(0, 1)); p accepts i with probability
Φ(a_p θ_i + b_p). A few people say yes to everything or answer at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtr, ndtri

from analysis.statistics.k_of_n import Stratum

YES_SAYER_ACCEPTS = 0.97


@dataclass(frozen=True, kw_only=True)
class World:
    """What people and images are like, and how they meet.

    `composition`: "shared" blocks are judged by the same n people, "fresh"
    blocks are composed anew for everybody, an integer is that many people who
    judge as many images as it takes (in a lab). `unequal` is the standard
    deviation of the log of how much each of them does.
    """

    n_images: int = 1000
    error: float = 0.39
    mean: float = 0.5
    spread: float = 1.0
    bias: float = 0.5
    skill: float = 0.2
    yes_sayers: float = 0.0
    random_people: float = 0.0
    n: int = 5
    k: int = 4
    block: int = 20
    composition: Literal["shared", "fresh"] | int = "fresh"
    unequal: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Study:
    """One simulated study: the images one classifier got wrong, and the votes."""

    world: World
    wrong: pd.DataFrame
    votes: pd.DataFrame
    acceptability: np.ndarray

    def strata(self) -> list[Stratum]:
        n_wrong = len(self.wrong)
        return [
            Stratum(n_images=n_wrong, judged=self.wrong),
            Stratum(n_images=self.world.n_images - n_wrong, judged=None),
        ]


def accept_probability(world: World, theta: np.ndarray) -> np.ndarray:
    """Chance that a person drawn at random accepts, shape as theta."""
    reach, on_reach = _accept_curve(world)
    like_the_rest = 1 - world.yes_sayers - world.random_people
    others = world.yes_sayers * YES_SAYER_ACCEPTS + world.random_people * 0.5
    return np.asarray(like_the_rest * np.interp(theta, reach, on_reach) + others)


@cache
def _accept_curve(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Acceptability, and the chance that an ordinary person accepts it."""
    reach = world.mean + world.spread * np.linspace(-5, 5, 401)
    grid = ndtri((np.arange(60) + 0.5) / 60)
    skill = np.exp(world.skill * grid)[:, None, None]
    return reach, ndtr(skill * reach + world.bias * grid[None, :, None]).mean((0, 1))


def true_rejection(world: World) -> float:
    """P(fewer than k of n fresh people accept) for an image like these."""
    theta = world.mean + world.spread * ndtri((np.arange(2000) + 0.5) / 2000)
    accept = accept_probability(world, theta)
    return float(stats.binom.cdf(world.k - 1, world.n, accept).mean())


def rejection_of_these(study: Study) -> float:
    """The share of all images that n fresh people would reject, on average."""
    accept = accept_probability(study.world, study.acceptability)
    rejected = stats.binom.cdf(study.world.k - 1, study.world.n, accept).sum()
    return float(rejected / study.world.n_images)


def simulate(world: World, rng: np.random.Generator) -> Study:
    """One study of that world."""
    n_wrong = int(rng.binomial(world.n_images, world.error))
    theta = rng.normal(world.mean, world.spread, n_wrong)
    image, person = assign(world, n_wrong, rng=rng)
    accepts = vote(world, theta[image], person, rng=rng)
    names = np.array([f"t{i}" for i in range(n_wrong)], dtype=object)
    votes = pd.DataFrame(
        {"trial": names[image], "participant": person, "accepts": accepts}
    )
    wrong = pd.DataFrame({"image": names, "trial": names})
    return Study(world=world, wrong=wrong, votes=votes, acceptability=theta)


def assign(
    world: World, n_trials: int, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which person judges which trial: two arrays of n_trials * n indices."""
    trial = np.tile(np.arange(n_trials), world.n)
    n_blocks = -(-n_trials // world.block)
    if isinstance(world.composition, int):
        draws = rng.exponential(size=(n_trials, world.composition))
        if world.unequal:
            # The eager tend to be among the first n.
            draws /= np.exp(rng.normal(0, world.unequal, world.composition))
        return trial, np.argsort(draws, axis=1)[:, : world.n].T.ravel()
    rounds = np.empty((world.n, n_trials), dtype=int)
    order = rng.permutation(n_trials)
    for turn in range(world.n):
        if world.composition == "fresh":
            order = rng.permutation(n_trials)
        rounds[turn, order] = turn * n_blocks + np.arange(n_trials) // world.block
    return trial, rounds.ravel()


def vote(
    world: World, theta: np.ndarray, person: np.ndarray, *, rng: np.random.Generator
) -> np.ndarray:
    """Votes of these people on these acceptabilities, bool."""
    n_people = int(person.max(initial=-1)) + 1
    bias = rng.normal(0, world.bias, n_people)
    skill = np.exp(rng.normal(0, world.skill, n_people))
    accept = ndtr(skill[person] * theta + bias[person])
    kind = rng.random(n_people)[person]
    accept = np.where(kind < world.yes_sayers, YES_SAYER_ACCEPTS, accept)
    accept = np.where(kind > 1 - world.random_people, 0.5, accept)
    return rng.random(len(person)) < accept


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two classifiers on the same images; half of their common errors agree."""

    first: pd.DataFrame
    second: pd.DataFrame
    votes: pd.DataFrame


def simulate_pair(
    world: World, second_error: float, *, rng: np.random.Generator
) -> Pair:
    """One study of two classifiers whose errors come from the same world.

    Difficulty is shared: an image is hard for both or easy for both more often
    than by chance. Where both err and predict the same class, one trial serves
    both.
    """
    difficulty = rng.random(world.n_images)
    is_own = rng.random(world.n_images) < 0.4
    other = np.where(is_own, rng.random(world.n_images), difficulty)
    first = np.flatnonzero(difficulty < world.error)
    second = np.flatnonzero(other < second_error)
    agrees = rng.random(world.n_images) < 0.5
    names = [f"a{image}" for image in first]
    in_first = set(first.tolist())
    second_names = [
        f"a{image}" if image in in_first and agrees[image] else f"b{image}"
        for image in second
    ]
    trials = np.array(sorted(set(names) | set(second_names)), dtype=object)
    theta = rng.normal(world.mean, world.spread, len(trials))
    trial, person = assign(world, len(trials), rng=rng)
    accepts = vote(world, theta[trial], person, rng=rng)
    return Pair(
        first=pd.DataFrame({"image": first.astype(str), "trial": names}),
        second=pd.DataFrame({"image": second.astype(str), "trial": second_names}),
        votes=pd.DataFrame(
            {"trial": trials[trial], "participant": person, "accepts": accepts}
        ),
    )
