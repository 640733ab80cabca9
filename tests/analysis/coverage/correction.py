"""Worlds of yes-bias: errors of which some are right after all, foils, right ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.statistics.correction import (
    PanelRate,
    corrected_error,
    error_at_most,
    panel_rate,
)
from analysis.statistics.k_of_n import Stratum
from tests.analysis.coverage.people import Images, Ints, Population, answers, meetings
from tests.analysis.coverage.rows import Drawn, Row

_K: Final = 4
_N: Final = 5
_PLAIN: Final = Population(images=1.0, lean=0.8, lean_by_class=0.3)
_MIXED: Final = replace(_PLAIN, yes_sayers=0.1, no_sayers=0.05, guessers=0.05)

Kind = Literal["error", "foil", "right", "catch"]


@dataclass(frozen=True, kw_only=True)
class World:
    """Images that a classifier saw, and trials whose truth is known.

    Attributes:
        people: How people are, and how often an image is judged.
        n_seen: Images the classifier saw.
        wrong: Share of them it got wrong.
        right_after_all: Share of those whose prediction is right.
        yes: Mean log odds of yes to what is right.
        no: The same to what is wrong.
        catches: The same to the obvious images of catches.
        n_foils: Hard foils.
        n_right: Right predictions put up as well, and catches.
        each: Foils, right predictions and catches that every person judges.
    """

    people: Population = _PLAIN
    n_seen: int = 600
    wrong: float = 0.4
    right_after_all: float = 1 / 3
    yes: float = 3.0
    no: float = -1.2
    catches: float = 3.0
    n_foils: int = 40
    n_right: int = 40
    each: int = 4

    @property
    def truth(self) -> float:
        """Share of images that are wrong indeed."""
        return self.wrong * (1 - self.right_after_all)

    def mean(self, kind: Kind) -> float:
        """Mean log odds of trials of a kind whose truth is known."""
        means = {"foil": self.no, "right": self.yes, "catch": self.catches}
        return means[kind]


@dataclass(frozen=True, kw_only=True)
class Study:
    """Votes by kind of trial, and how many images are errors."""

    votes: dict[str, pd.DataFrame]
    n_wrong: int
    clusters: pd.DataFrame | None = None

    def rate(self, kind: Kind) -> PanelRate:
        return panel_rate(self.votes[kind], k=_K, n=_N, clusters=self.clusters)

    def stratum(self) -> Stratum:
        trials = self.votes["error"]["trial"].unique()
        judged = pd.DataFrame({"image": trials, "trial": trials})
        return Stratum(n_images=self.n_wrong, judged=judged)


def draw(world: World, rng: np.random.Generator) -> Study:
    """A study of such errors, foils, right predictions and catches.

    Near copies are wrong together, and right after all together.
    """
    size = world.people.group
    n_wrong = int(rng.binomial(world.n_seen // size, world.wrong)) * size
    is_right = np.repeat(rng.random(n_wrong // size) < world.right_after_all, size)
    means = [np.where(is_right, world.yes, world.no)]
    image, person = meetings(world.people, n_wrong, rng=rng)
    n_people = int(person.max()) + 1
    met, kinds = [image], ["error"] * n_wrong
    by = [person]
    pools: tuple[tuple[Kind, int], ...] = (
        ("foil", world.n_foils),
        ("right", world.n_right),
        ("catch", world.n_right),
    )
    for kind, n in pools:
        shown, viewer = _shown(n, n_people, each=world.each, rng=rng)
        met.append(shown + len(kinds))
        by.append(viewer)
        means.append(np.full(n, world.mean(kind)))
        kinds += [kind] * n
    group = np.arange(len(kinds)) // size
    spread = rng.normal(0, world.people.images, int(group.max()) + 1)[group]
    tendency = np.concatenate(means) + spread
    nowhere = rng.integers(world.people.n_classes, size=len(kinds))
    images = Images(log_odds=tendency, of_class=nowhere, group=nowhere)
    trial, who = np.concatenate(met), np.concatenate(by)
    says = answers(world.people, images, image=trial, person=who, rng=rng)
    frame = pd.DataFrame({"trial": trial, "participant": who, "accepts": says})
    of_kind = np.array(kinds)[trial]
    votes = {
        kind: frame[of_kind == kind] for kind in ("error", "foil", "right", "catch")
    }
    clusters = pd.DataFrame({"group": group}) if size > 1 else None
    return Study(votes=votes, n_wrong=n_wrong, clusters=clusters)


def _shown(
    n: int, n_people: int, *, each: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Trials of a pool that every person sees, all about equally often."""
    each = min(each, n)
    order = np.argsort(rng.random((n_people, n)), axis=1)[:, :each]
    return order.ravel(), np.repeat(np.arange(n_people), each)


def _estimated(world: World, rng: np.random.Generator) -> Drawn:
    """Corrected by right predictions that were put up as well."""
    study = draw(world, rng)
    found = corrected_error(
        study.stratum(),
        study.votes["error"],
        n_images=world.n_seen,
        k=_K,
        false_yes=study.rate("foil"),
        true_yes=study.rate("right"),
        clusters=study.clusters,
    )
    drawn = Drawn.of(found.corrected, truth=world.truth)
    return replace(drawn, refusal=found.refused)


def _bounded(world: World, rng: np.random.Generator, *, by_catches: bool) -> Drawn:
    """What the corrected error is at most."""
    study = draw(world, rng)
    found = error_at_most(
        study.stratum(),
        study.votes["error"],
        n_images=world.n_seen,
        k=_K,
        false_yes=study.rate("foil"),
        true_yes=study.rate("catch") if by_catches else None,
        clusters=study.clusters,
    )
    drawn = Drawn.of(found.corrected, truth=world.truth)
    return replace(drawn, refusal=found.refused)


_FLOOR: Final = (
    "what people add is never taken as less than a part of what chance adds, because "
    "with few people an estimate of zero is luck"
)
_WORLDS: Final = {
    "600 images, 40 % wrong, a third of those right after all": World(),
    "the same, strong lean (1.6)": World(people=replace(_PLAIN, lean=1.6)),
    "1 in 10 says yes to all, 1 in 20 no, 1 in 20 guesses": World(people=_MIXED),
    "12 foils, 12 right predictions, which people often miss": World(
        n_foils=12, n_right=12, yes=1.5
    ),
    "1,200 images and 100 foils, in groups of 5 near copies": World(
        people=replace(_PLAIN, group=5), n_seen=1200, n_foils=100, n_right=100, each=8
    ),
    "12 people": World(people=replace(_PLAIN, n_people=12), each=20),
}

_WIDER: Final = {
    "1 in 10 says yes to all, 1 in 20 no, 1 in 20 guesses": _FLOOR,
    "12 people": _FLOOR,
    "12 foils, 12 right predictions, which people often miss": (
        "how much so few foils differ is known poorly, and Student's t allows for it"
    ),
}

ROWS: Final = (
    *(
        Row(
            place="rectified error corrected for yes-bias",
            world=name,
            shows=("analysis.statistics.correction.corrected_error",),
            study=partial(_estimated, world),
            wider_because=_WIDER.get(name, ""),
        )
        for name, world in _WORLDS.items()
    ),
    *(
        Row(
            place="corrected error at most, what is right taken as always accepted",
            world=name,
            shows=("analysis.statistics.correction.error_at_most",),
            study=partial(_bounded, world, by_catches=False),
            wider_because=reason,
        )
        for name, world, reason in (
            ("it is always accepted", World(yes=9.0), ""),
            (
                "it is often missed",
                World(yes=1.5),
                "true yes below 100 % leaves room below the bound",
            ),
        )
    ),
    *(
        Row(
            place="corrected error at most, true yes from catches",
            world=name,
            shows=("analysis.statistics.correction.error_at_most",),
            study=partial(_bounded, world, by_catches=True),
            wider_because=reason,
        )
        for name, world, reason in (
            ("catches as obvious as what is right", World(), ""),
            (
                "catches are more obvious",
                World(yes=1.5),
                "catches are accepted more often than what is right, so this is a bound",
            ),
        )
    ),
)
