"""Rows for strengths of preference and for the agreement of each person with others.

Every option is worth something, to every person a little more or less, and so is every
picture of it; a choice goes by differences with logistic noise (the largest of Gumbel
draws). What strengths are over all people and pictures is found by drawing very many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import logsumexp

from analysis.statistics.experiments.bradley_terry import bradley_terry
from analysis.statistics.reliability import agreement_with_others
from tests.analysis.coverage.rows import Drawn, Row

Floats = npt.NDArray[np.float64]
_MANY: Final = 300_000


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Who chooses between what.

    Attributes:
        worth: Of the options, in log odds.
        n_people: People.
        n_pictures: Pictures that every option shows.
        n_trials: Of each person, each of another picture.
        n_shown: Options of a trial.
        people: Standard deviation of worth between people, for each option.
        pictures: The same between pictures.
        group: Pictures in a group of near copies, alike in all.
        names_worst: Whether people name the worst too.
        tie: Share of trials in which nobody looks closely and says "no difference".
    """

    worth: tuple[float, ...] = (0.0, 0.5, 1.0)
    n_people: int = 40
    n_pictures: int = 60
    n_trials: int = 20
    n_shown: int = 2
    people: float = 0.5
    pictures: float = 0.5
    group: int = 1
    names_worst: bool = False
    tie: float = 0.0


def _studied(world: Preferences, rng: np.random.Generator) -> pd.DataFrame:
    n_options, n = len(world.worth), world.n_people * world.n_trials
    scene = np.arange(world.n_pictures) // world.group
    own = rng.normal(0, world.people, (world.n_people, n_options))
    seen = rng.normal(0, world.pictures, (scene[-1] + 1, n_options))
    person = np.repeat(np.arange(world.n_people), world.n_trials)
    order = rng.random((world.n_people, world.n_pictures)).argsort(axis=1)
    picture = order[:, : world.n_trials].ravel()
    felt = np.array(world.worth) + own[person] + seen[scene[picture]]
    sets = _sets(world)
    which = rng.integers(len(sets), size=n)
    shown = np.array([[x in of for x in range(n_options)] for of in sets])[which]
    best = np.where(shown, felt + rng.gumbel(size=felt.shape), -np.inf).argmax(axis=1)
    left = shown & (np.arange(n_options) != best[:, None])
    worst = np.where(left, -felt + rng.gumbel(size=felt.shape), -np.inf).argmax(axis=1)
    looked = rng.random(n) >= world.tie
    told = {"person": person, "picture": picture, "scene": scene[picture]}
    names = [tuple(map(str, of)) for of in sets]
    found = pd.DataFrame(
        {**told, "of": [names[at] for at in which], "chosen": best, "worst": False}
    )[looked]
    if world.names_worst:
        again = {"of": _names(left[looked]), "chosen": worst[looked], "worst": True}
        found = pd.concat([found, found.assign(**again)])
    return found.assign(chosen=found["chosen"].astype(str))


def _names(shown: npt.NDArray[np.bool_]) -> list[tuple[str, ...]]:
    return [tuple(str(x) for x in np.flatnonzero(each)) for each in shown]


def _sets(world: Preferences) -> list[tuple[int, ...]]:
    return list(combinations(range(len(world.worth)), world.n_shown))


@cache
def _truth(world: Preferences) -> Floats:
    """Strengths that fit very many draws best, those of one and the same option 0."""
    rng = np.random.default_rng(7)
    spread = np.hypot(world.people, world.pictures)
    n = len(world.worth)
    felt = np.array(world.worth) + rng.normal(0, spread, (_MANY if spread else 1, n))
    shares: dict[tuple[tuple[int, ...], int, float], float] = {}
    for shown in _sets(world):
        odds = np.exp(felt[:, list(shown)])
        chances = odds / odds.sum(axis=1, keepdims=True)
        for place, first in enumerate(shown):
            shares[shown, first, 1.0] = float(chances[:, place].mean())
            rest = tuple(each for each in shown if each != first)
            if world.names_worst:
                against = np.exp(-felt[:, list(rest)])
                against /= against.sum(axis=1, keepdims=True)
                for at, last in enumerate(rest):
                    both = chances[:, place] * against[:, at]
                    shares[rest, last, -1.0] = shares.get(
                        (rest, last, -1.0), 0.0
                    ) + float(both.mean())

    def unlikely(free: Floats) -> float:
        at = np.concatenate([[0.0], free])
        return -float(
            sum(
                share * (sign * at[one] - logsumexp(sign * at[list(of)]))
                for (of, one, sign), share in shares.items()
            )
        )

    found = minimize(unlikely, np.array(world.worth[1:]) - world.worth[0])
    return np.concatenate([[0.0], found.x])


def _fit(world: Preferences, rng: np.random.Generator):
    return bradley_terry(
        _studied(world, rng),
        shown="of",
        chosen="chosen",
        participant="person",
        stimulus="picture",
        is_worst="worst",
        clusters=["scene"] if world.group > 1 else [],
    )


def _difference(world: Preferences, rng: np.random.Generator) -> Drawn:
    at = _truth(world)
    found = _fit(world, rng).difference("2", "0")
    return Drawn.of(found, truth=float(at[2] - at[0]))


def _strength(world: Preferences, rng: np.random.Generator) -> Drawn:
    at = _truth(world)
    found = _fit(world, rng).of("2")
    return Drawn.of(found, truth=float(at[2] - at.mean()))


@dataclass(frozen=True, kw_only=True)
class Triplets:
    """Who chooses the odd one of three.

    Attributes:
        n_trials: Triplets.
        n_people: People; each judges as many as all get `n` responses.
        n: Responses to a triplet.
        clear: Standard deviation of log odds between the three.
        people: Standard deviation, between people, of how closely they look.
    """

    n_trials: int = 120
    n_people: int = 40
    n: int = 5
    clear: float = 1.5
    people: float = 0.4


def _odd(world: Triplets, rng: np.random.Generator) -> pd.DataFrame:
    odds = rng.normal(0, world.clear, (world.n_trials, 3))
    looks = np.exp(rng.normal(0, world.people, world.n_people))
    order = np.concatenate(
        [rng.permutation(world.n_people) for _ in range(1 + world.n_trials * world.n)]
    )[: world.n_trials * world.n]
    # Those next to each other are different people but at a seam, where few are not.
    rows = pd.DataFrame(
        {"trial": np.repeat(np.arange(world.n_trials), world.n), "person": order}
    ).drop_duplicates()
    felt = looks[rows["person"], None] * odds[rows["trial"]]
    return rows.assign(odd=np.argmax(felt + rng.gumbel(size=felt.shape), axis=1))


@cache
def _agreeing(world: Triplets) -> float:
    """The same over very many triplets, each with n other people."""
    rng = np.random.default_rng(11)
    odds = rng.normal(0, world.clear, (_MANY, 1, 3))
    looks = np.exp(rng.normal(0, world.people, (_MANY, world.n, 1)))
    said = np.argmax(looks * odds + rng.gumbel(size=(_MANY, world.n, 3)), axis=2)
    counts = np.stack([(said[:, 1:] == each).sum(axis=1) for each in range(3)], axis=1)
    top = counts == counts.max(axis=1, keepdims=True)
    return float((top[np.arange(_MANY), said[:, 0]] / top.sum(axis=1)).mean())


def _ceiling(world: Triplets, rng: np.random.Generator) -> Drawn:
    found = agreement_with_others(
        _odd(world, rng), unit="trial", value="odd", rater="person"
    )
    return Drawn.of(found, truth=_agreeing(world))


_WORLDS: Final = {
    "40 people, 20 pairs each, 60 pictures": Preferences(),
    "nobody and nothing differs": Preferences(people=0.0, pictures=0.0),
    "8 people, 40 pairs each": Preferences(n_people=8, n_trials=40),
    "people who differ much (1.0)": Preferences(people=1.0),
    "12 pictures, all judged by everybody": Preferences(
        n_pictures=12, n_trials=12, pictures=0.8
    ),
    "far apart (one is chosen in 9 of 10)": Preferences(worth=(0.0, 1.2, 2.4)),
    "one of four": Preferences(worth=(0.0, 0.3, 0.6, 0.9), n_shown=4),
    "groups of 5 near copies": Preferences(n_pictures=150, group=5, pictures=0.8),
    "best and worst of three of four": Preferences(
        worth=(0.0, 0.3, 0.6, 0.9), n_shown=3, names_worst=True
    ),
    "a third says no difference": Preferences(tie=0.33),
}
_TRIPLETS: Final = {
    "40 people, 120 triplets x 5": Triplets(),
    "12 people, 120 triplets x 5": Triplets(n_people=12),
}
_SHOWS: Final = ("analysis.statistics.experiments.bradley_terry.bradley_terry",)
ROWS: Final = [
    *(
        Row(
            place="Difference of two strengths of preference, log odds",
            world=name,
            shows=_SHOWS,
            study=partial(_difference, world),
            scale=1,
        )
        for name, world in _WORLDS.items()
    ),
    Row(
        place="Strength of preference against the mean of all, log odds",
        world="40 people, 20 pairs each, 60 pictures",
        shows=_SHOWS,
        study=partial(_strength, Preferences()),
        scale=1,
        n_quick=60,
    ),
    *(
        Row(
            place="Agreement of each person with the others, odd one out",
            world=name,
            shows=("analysis.statistics.reliability.agreement_with_others",),
            study=partial(_ceiling, world),
        )
        for name, world in _TRIPLETS.items()
    ),
]
