"""Rows of the coverage table: Dawid and Skene's model, and sets of accepted labels.

A prediction is right or wrong; people say yes by a logistic chance of what it is and
of their own lean towards yes, and those who know little mix both up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.statistics.image_clusters import Ways, ways_of
from analysis.statistics.modelled_share import fit_in_groups, modelled_share
from analysis.statistics.set_accuracy import (
    accuracy_on_sets,
    sampled_accuracy,
    sets_difference,
)
from tests.analysis.coverage.rows import Drawn, Row

_FIT = "analysis.statistics.modelled_share.modelled_share"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Errors of a classifier, some of which are right after all, and who judges them.

    Attributes:
        n_images: Every image the classifier saw.
        error: Share of them that are wrong by the label.
        right: Share of those whose prediction is right after all.
        n_people: People.
        per_person: Errors each of them judges.
        lean: Standard deviation of people's log odds of yes.
        skill: Log odds of yes to what is right, and of no to what is wrong.
        skills: Standard deviation of the log of that between people.
        hard: Standard deviation of log odds between images of a kind.
        n_foils: Known wrong ones, which everybody judges.
        group: Near copies, which are wrong together and right after all together.
    """

    n_images: int = 500
    error: float = 0.4
    right: float = 1 / 3
    n_people: int = 40
    per_person: int = 25
    lean: float = 0.6
    skill: float = 1.9
    skills: float = 0.3
    hard: float = 0.0
    n_foils: int = 4
    group: int = 1

    @property
    def truth(self) -> float:
        """Share of images that are wrong indeed."""
        return self.error * (1 - self.right)


def votes_of(
    world: Judged, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Votes (task, worker, label), what is known of foils, and the errors' tasks."""
    n_groups = int(rng.binomial(world.n_images // world.group, world.error))
    n_wrong = n_groups * world.group
    of_groups = rng.random(n_groups) < world.right
    is_right = np.concatenate(
        [np.repeat(of_groups, world.group), [False] * world.n_foils]
    )
    away = rng.normal(0, world.hard, len(is_right))
    lean = rng.normal(0, world.lean, world.n_people)
    skill = world.skill * np.exp(rng.normal(0, world.skills, world.n_people))
    race = rng.random((world.n_people, n_wrong))
    judged = np.argsort(race, axis=1)[:, : world.per_person]
    foils = np.broadcast_to(
        np.arange(n_wrong, len(is_right)), (world.n_people, world.n_foils)
    )
    task = np.hstack([judged, foils]).ravel()
    person = np.repeat(np.arange(world.n_people), len(task) // world.n_people)
    odds = np.where(is_right[task], 1, -1) * skill[person] + lean[person] + away[task]
    says = rng.random(len(task)) < expit(odds)
    votes = pd.DataFrame({"task": task, "worker": person, "label": says})
    known = pd.Series(False, index=np.arange(n_wrong, len(is_right)))
    return votes, known, pd.Series(np.arange(n_wrong))


def rectified(world: Judged, rng: np.random.Generator) -> Drawn:
    """The rectified error as the report gives it, against the share that is wrong."""
    votes, known, trials = votes_of(world, rng)
    fits = fit_in_groups(votes, known, [trials], n_groups=20)
    wrong = trials.map(fits.fit.posteriors[False]).dropna()
    found = modelled_share(
        wrong.to_numpy(),
        fits.left_out[:, 0],
        n_images=world.n_images,
        n_wrong=len(trials),
        ways=_ways(world, wrong.index),
    )
    return Drawn.of(found, truth=world.truth)


def _ways(world: Judged, images: pd.Index) -> Ways | None:
    if world.group == 1:
        return None
    return ways_of(images, pd.DataFrame({"group": images // world.group}, index=images))


@dataclass(frozen=True, kw_only=True)
class Sets:
    """A classifier's images and the sets of labels accepted of them.

    Attributes:
        n_images: Images seen.
        error: Share that are wrong by the label.
        errors_in: Share of errors whose prediction is an accepted label.
        right_in: Share of right predictions whose label is one.
        n_right: Right predictions put up; None for all.
        group: Near copies, of which the same is said and accepted.
    """

    n_images: int = 2000
    error: float = 0.24
    errors_in: float = 0.35
    right_in: float = 0.95
    n_right: int | None = None
    group: int = 1


def of_sets(world: Sets, rng: np.random.Generator) -> Drawn:
    """Accuracy against the sets, of all images or with right ones sampled."""
    truth = world.error * world.errors_in + (1 - world.error) * world.right_in
    n_groups = world.n_images // world.group
    is_error = rng.random(n_groups) < world.error
    chance = np.where(is_error, world.errors_in, world.right_in)
    is_in = np.repeat(rng.random(n_groups) < chance, world.group)
    if world.n_right is None:
        sets = [["said"] if each else ["other"] for each in is_in]
        found = accuracy_on_sets(
            ["said"] * world.n_images,
            sets,
            clusters=_groups(world.n_images, world.group),
        )
        return Drawn.of(found.accuracy, truth=truth)
    is_error = np.repeat(is_error, world.group)
    right = is_in[~is_error]
    drawn = rng.permutation(right)[: world.n_right]
    return Drawn.of(
        sampled_accuracy(
            np.array([is_in[is_error].sum(), drawn.sum()], dtype=float),
            np.array([is_error.sum(), len(drawn)], dtype=float),
            sizes=np.array([is_error.sum(), len(right)], dtype=float),
        ),
        truth=truth,
    )


def _groups(n_images: int, group: int) -> pd.DataFrame | None:
    return pd.DataFrame({"group": np.arange(n_images) // group}) if group > 1 else None


def no_difference(rng: np.random.Generator, *, group: int = 1) -> Drawn:
    """Two classifiers as often right, on 2,000 images of unequal difficulty."""
    hard = rng.beta(4, 1, 2000 // group)
    first, second = (
        np.repeat(np.where(rng.random(len(hard)) < hard, "a", "b"), group)
        for _ in range(2)
    )
    found = sets_difference(
        first.tolist(), second.tolist(), [["a"]] * 2000, clusters=_groups(2000, group)
    )
    return Drawn(truth=0, value=found.estimate, p_value=found.p_value)


_PLACE = "Rectified error by Dawid and Skene's model"
_JACKKNIFE = (
    "variances by leaving people out are on average too large (Efron and Stein, 1981), "
    "more so where the model hangs on few of them"
)
_SETS = "Accuracy against sets of accepted labels"
_MODULE = "analysis.statistics.set_accuracy"
_WORLDS = {
    "40 people, 25 of 200 errors each": Judged(),
    "60 people, 25 of 300 errors in groups of 5 near copies": Judged(
        n_images=750, n_people=60, group=5
    ),
    "40 people who know little (yes to 77 % of what is right), 25 of 200 errors each": (
        Judged(skill=1.2)
    ),
}
ROWS = (
    *(
        Row(
            place=_PLACE,
            world=name,
            shows=(_FIT,),
            study=partial(rectified, world),
            n_quick=20 if number == 0 else 0,
            wider_because=_JACKKNIFE if world.skill < 1.5 else "",
        )
        for number, (name, world) in enumerate(_WORLDS.items())
    ),
    Row(
        place=_SETS,
        world="2,000 images",
        shows=(f"{_MODULE}.accuracy_on_sets",),
        study=partial(of_sets, Sets()),
    ),
    Row(
        place=_SETS,
        world="the same, 100 of the right predictions put up",
        shows=(f"{_MODULE}.sampled_accuracy",),
        study=partial(of_sets, Sets(n_right=100)),
        n_quick=150,
    ),
    Row(
        place=_SETS,
        world="200 images, 30 of the right predictions put up",
        shows=(f"{_MODULE}.sampled_accuracy",),
        study=partial(of_sets, Sets(n_images=200, n_right=30)),
    ),
    Row(
        place="Two classifiers against sets of accepted labels",
        world="2,000 images, as often right",
        shows=(f"{_MODULE}.sets_difference",),
        study=no_difference,
        kind="test",
    ),
    Row(
        place=_SETS,
        world="2,000 images in groups of 5 near copies",
        shows=(f"{_MODULE}.accuracy_on_sets",),
        study=partial(of_sets, Sets(group=5)),
    ),
    Row(
        place="Two classifiers against sets of accepted labels",
        world="2,000 images in groups of 5 near copies, as often right",
        shows=(f"{_MODULE}.sets_difference",),
        study=partial(no_difference, group=5),
        kind="test",
    ),
)
