"""Worlds of raters who say what images show, and what most of them say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.majority_shares import (
    MajorityJudgments,
    majority_difference,
    majority_judgments,
    majority_share,
)
from tests.analysis.coverage.people import (
    Images,
    Population,
    answers,
    chance_of_yes,
    draw_images,
    meetings,
)
from tests.analysis.coverage.rows import Drawn, Row

_POINTS: Final = 4000


@dataclass(frozen=True, kw_only=True)
class World:
    """Images of two kinds that the same raters judge.

    Attributes:
        raters: How raters and images are; `n_images` of each kind.
        gap: How far the first kind's log odds of yes lie above the second's.
        in_both: Images of the first kind that are of the second as well.
    """

    raters: Population
    gap: float = 1.0
    in_both: int = 0

    def truths(self) -> tuple[float, float]:
        """Share that most of a panel says yes to, of the first and second kind."""
        first, second = (_truth(self.raters, shift) for shift in (self.gap, 0.0))
        common = self.in_both / self.raters.n_images
        return first, common * first + (1 - common) * second


@cache
def _truth(raters: Population, shift: float) -> float:
    points = stats.norm.ppf((np.arange(_POINTS) + 0.5) / _POINTS)
    spread = np.hypot(raters.images, raters.classes)
    yes = chance_of_yes(raters, raters.mean + shift + spread * points)
    half = raters.n / 2
    above = stats.binom.sf(np.floor(half), raters.n, yes)
    split = stats.binom.pmf(half, raters.n, yes) if raters.n % 2 == 0 else 0.0
    return float((above + split / 2).mean())


@dataclass(frozen=True, kw_only=True)
class Rated:
    """Majorities of all images, and which are of the first and of the second kind.

    Attributes:
        judgments: By the majority.
        first: Images of the first kind.
        second: Images of the second.
        clusters: Groups of near copies; None where there are none.
    """

    judgments: MajorityJudgments
    first: pd.Index
    second: pd.Index
    clusters: pd.DataFrame | None


def draw(world: World, rng: np.random.Generator) -> Rated:
    """One study."""
    n = world.raters.n_images
    first = draw_images(world.raters, rng)
    second = draw_images(world.raters, rng)
    own = slice(world.in_both, None)
    images = Images(
        log_odds=np.concatenate([first.log_odds + world.gap, second.log_odds[own]]),
        of_class=np.concatenate([first.of_class, second.of_class[own]]),
        group=np.concatenate([first.group, second.group[own] + n]),
    )
    image, person = meetings(world.raters, len(images.log_odds), rng=rng)
    says = answers(world.raters, images, image=image, person=person, rng=rng)
    votes = pd.DataFrame({"image": image, "participant": person, "says": says})
    of_second = np.r_[np.arange(world.in_both), np.arange(n, len(images.log_odds))]
    clusters = None
    if world.raters.group > 1:
        clusters = pd.DataFrame({"group": images.group})
    return Rated(
        judgments=majority_judgments(votes),
        first=pd.Index(range(n)),
        second=pd.Index(of_second),
        clusters=clusters,
    )


def _share(world: World, rng: np.random.Generator) -> Drawn:
    rated = draw(world, rng)
    found = majority_share(rated.judgments, rated.first, clusters=rated.clusters)
    return Drawn.of(found, truth=world.truths()[0])


def _difference(world: World, rng: np.random.Generator) -> Drawn:
    rated = draw(world, rng)
    one, two = world.truths()
    found = majority_difference(
        rated.judgments, rated.first, rated.second, clusters=rated.clusters
    )
    return Drawn.of(found, truth=one - two)


_FLOOR: Final = (
    "what raters add is never taken as less than a part of what chance adds, because "
    "with few raters an estimate of zero is luck"
)
_PLAIN: Final = Population(
    n_images=30, mean=-0.3, images=1.6, lean=0.8, n=5, n_people=20
)


def _everything(n: int, *, lean: float = 0.8, n_images: int = 100) -> World:
    people = replace(_PLAIN, n=n, n_people=n, lean=lean, n_images=n_images)
    return World(raters=people)


_ODD: Final = replace(
    _PLAIN, n_people=40, yes_sayers=0.1, no_sayers=0.1, guessers=0.1, n_images=60
)
_OF_ODD: Final = "60 images a kind, 5 of 40 raters each, 3 in 10 raters odd"
_WORLDS: Final = {
    "6 raters judge 100 images a kind": _everything(6),
    "the same, raters differ much (1.6)": _everything(6, lean=1.6),
    "18 images a kind, 4 of 20 raters each (ties)": World(
        raters=replace(_PLAIN, n_images=18, n=4)
    ),
    _OF_ODD: World(raters=_ODD),
    "60 images a kind, 5 of 12 raters of unequal zeal": World(
        raters=replace(_PLAIN, n_images=60, n_people=12, dominance=1.0)
    ),
    "60 images a kind, yes is rare": World(
        raters=replace(_PLAIN, n_images=60, mean=-2.5), gap=0.5
    ),
    "100 images a kind in groups of 5 near copies": World(
        raters=replace(_PLAIN, n_images=100, n_people=40, group=5)
    ),
    "30 a kind, 15 in both": World(raters=_PLAIN, in_both=15),
}
ROWS: Final = (
    *(
        Row(
            place="share of images that most raters say yes to",
            world=name,
            shows=("analysis.statistics.majority_shares.majority_share",),
            study=partial(_share, world),
            wider_because=_FLOOR if world.raters.n_people in (6, 12) else "",
        )
        for name, world in _WORLDS.items()
        if not world.in_both
    ),
    *(
        Row(
            place="difference of two shares by majority",
            world=name,
            shows=("analysis.statistics.majority_shares.majority_difference",),
            study=partial(_difference, world),
            wider_because=_FLOOR,
        )
        for name, world in list(_WORLDS.items())[1:]
        if "unequal" not in name and "ties" not in name and "rare" not in name
    ),
)
