"""Simulated people and images that share nothing with the estimators.

Votes are logistic. Images have a class and may come in groups of near copies;
people lean towards yes, lean otherwise for every class, are careful, say yes or
no to everything or guess, and some do most of the work. The truth is that of
panels of people drawn from the same population, by quadrature over people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]

# Points of the standard normal that truth is averaged over.
_POINTS: Final = 64
# Images that stand for all images like these.
_IMAGES: Final = 4000
_ALWAYS: Final = 0.97


@dataclass(frozen=True, kw_only=True)
class Population:
    """What people and images are like, and who meets what.

    Attributes:
        n_images: Images that are judged.
        n_classes: Classes they belong to.
        mean: Mean log odds of yes.
        images: Standard deviation between images of a class.
        classes: Standard deviation between classes (images that cluster, then).
        group: Images in a group of near copies (scene, video); 1: none are alike.
        alike: Share of the variance between images that groups have in common.
        lean: Standard deviation of people's log odds.
        lean_by_class: Standard deviation of a person's log odds between classes.
        yes_sayers: Share of people who nearly always say yes.
        no_sayers: Share of people who nearly always say no.
        guessers: Share of people who toss a coin.
        n: Votes per image, all of different people.
        n_people: People, or None for as many as blocks of `block` images take.
        block: Images per person, where `n_people` is None.
        dominance: Standard deviation of the log of how much people do.
    """

    n_images: int = 300
    n_classes: int = 20
    mean: float = 0.8
    images: float = 1.6
    classes: float = 0.0
    group: int = 1
    alike: float = 0.95
    lean: float = 0.8
    lean_by_class: float = 0.3
    yes_sayers: float = 0.0
    no_sayers: float = 0.0
    guessers: float = 0.0
    n: int = 5
    n_people: int | None = None
    block: int = 20
    dominance: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images of a study: log odds of yes, class and group of each, shape (images,)."""

    log_odds: Floats
    of_class: Ints
    group: Ints


@dataclass(frozen=True, kw_only=True)
class Votes:
    """Who said yes to what: shapes (votes,), and the images they are about."""

    image: Ints
    person: Ints
    says: npt.NDArray[np.bool_]
    images: Images

    def frame(self, *, trial: str = "trial", says: str = "accepts") -> pd.DataFrame:
        """Columns trial, participant, accepts, or named otherwise."""
        return pd.DataFrame(
            {
                trial: [f"i{i}" for i in self.image],
                "participant": [f"p{p}" for p in self.person],
                says: self.says,
            }
        )

    def judged(self) -> pd.DataFrame:
        """Columns image, trial, class and group, one row per image."""
        names = [f"i{i}" for i in range(len(self.images.log_odds))]
        return pd.DataFrame(
            {
                "image": names,
                "trial": names,
                "class": [f"c{c}" for c in self.images.of_class],
                "group": [f"g{g}" for g in self.images.group],
            }
        )


def draw_images(population: Population, rng: np.random.Generator) -> Images:
    """Images like these."""
    n = population.n_images
    n_groups = -(-n // population.group)
    group = np.arange(n) // population.group
    of_class = rng.integers(population.n_classes, size=n_groups)[group]
    common = population.alike if population.group > 1 else 0.0
    own = rng.normal(0, population.images, n) * np.sqrt(1 - common)
    shared = rng.normal(0, population.images, n_groups)[group] * np.sqrt(common)
    by_class = rng.normal(0, population.classes, population.n_classes)[of_class]
    return Images(
        log_odds=population.mean + own + shared + by_class,
        of_class=of_class,
        group=group,
    )


def draw_votes(
    population: Population, rng: np.random.Generator, *, images: Images | None = None
) -> Votes:
    """A study: images (or those given) judged by n people each."""
    images = images or draw_images(population, rng)
    image, person = meetings(population, len(images.log_odds), rng=rng)
    says = answers(population, images, image=image, person=person, rng=rng)
    return Votes(image=image, person=person, says=says, images=images)


def meetings(
    population: Population, n_images: int, *, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Image and person of every vote."""
    n = population.n
    if population.n_people is None:
        n_blocks = -(-n_images // population.block)
        rounds = [
            rng.permutation(n_images) // population.block + turn * n_blocks
            for turn in range(n)
        ]
        return np.tile(np.arange(n_images), n), np.concatenate(rounds)
    eager = rng.normal(0, population.dominance, population.n_people)
    rank = rng.gumbel(size=(n_images, population.n_people)) + eager
    chosen = np.argsort(-rank, axis=1)[:, :n]
    return np.repeat(np.arange(n_images), n), chosen.ravel()


@dataclass(frozen=True, kw_only=True)
class People:
    """Who takes part: lean, shape (people,); by class, shape (people, classes).

    Attributes:
        lean: How much each leans towards yes.
        by_class: The same again for every class.
        fixed: Chance of yes of those who do not look, NaN for the others.
    """

    lean: Floats
    by_class: Floats
    fixed: Floats


def draw_people(
    population: Population, n_people: int, *, rng: np.random.Generator
) -> People:
    """People of the population."""
    lean = rng.normal(0, population.lean, n_people)
    by_class = rng.normal(0, population.lean_by_class, (n_people, population.n_classes))
    kind = rng.random(n_people)
    edges = np.cumsum(
        [population.yes_sayers, population.no_sayers, population.guessers]
    )
    fixed = np.where(kind < edges[2], 0.5, np.nan)
    fixed = np.where(kind < edges[1], 1 - _ALWAYS, fixed)
    fixed = np.where(kind < edges[0], _ALWAYS, fixed)
    return People(lean=lean, by_class=by_class, fixed=fixed)


def answers(
    population: Population,
    images: Images,
    *,
    image: Ints,
    person: Ints,
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Yes or no of each vote."""
    people = draw_people(population, int(person.max(initial=-1)) + 1, rng=rng)
    chance = chances(people, images, image=image, person=person)
    return np.asarray(rng.random(len(image)) < chance)


def chances(people: People, images: Images, *, image: Ints, person: Ints) -> Floats:
    """Chance of yes of each of these people on each of these images."""
    log_odds = images.log_odds[image] + people.lean[person]
    log_odds += people.by_class[person, images.of_class[image]]
    fixed = people.fixed[person]
    return np.asarray(np.where(np.isnan(fixed), expit(log_odds), fixed))


def chance_of_yes(population: Population, log_odds: Floats) -> Floats:
    """Chance that somebody drawn from the population says yes, shape as `log_odds`."""
    away = np.hypot(population.lean, population.lean_by_class)
    points = stats.norm.ppf((np.arange(_POINTS) + 0.5) / _POINTS) * away
    usual = expit(np.asarray(log_odds)[..., None] + points).mean(axis=-1)
    odd = population.yes_sayers + population.no_sayers + population.guessers
    of_odd = (
        population.yes_sayers * _ALWAYS
        + population.no_sayers * (1 - _ALWAYS)
        + population.guessers * 0.5
    )
    return np.asarray((1 - odd) * usual + of_odd)


def chance_of_rejection(population: Population, log_odds: Floats, *, k: int) -> Floats:
    """Chance that fewer than k of n such people say yes."""
    yes = chance_of_yes(population, log_odds)
    return np.asarray(stats.binom.cdf(k - 1, population.n, yes))


@cache
def true_rejection(population: Population, *, k: int) -> float:
    """Share of images like these that fewer than k of n such people accept."""
    return float(chance_of_rejection(population, _all_like(population), k=k).mean())


@cache
def true_share(population: Population) -> float:
    """Share of yes of people and images like these."""
    return float(chance_of_yes(population, _all_like(population)).mean())


def _all_like(population: Population) -> Floats:
    spread = np.hypot(population.images, population.classes)
    points = stats.norm.ppf((np.arange(_IMAGES) + 0.5) / _IMAGES)
    return np.asarray(population.mean + spread * points)


def without_people(population: Population) -> Population:
    """The same images, judged by people who are all alike."""
    return replace(
        population,
        lean=0.0,
        lean_by_class=0.0,
        yes_sayers=0.0,
        no_sayers=0.0,
        guessers=0.0,
    )
