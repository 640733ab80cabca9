"""Studies of a classifier's errors, and of right predictions put up as well.

People, images and votes are those of `people.py`; here images are wrong or right,
some of the right ones are judged, and the truth is a share of all images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.k_of_n import Stratum
from tests.analysis.coverage.people import (
    Floats,
    Images,
    People,
    Population,
    chance_of_rejection,
    chances,
    draw_images,
    draw_people,
    meetings,
    true_rejection,
)

# Images that stand for all images like these, where the people are given.
_IMAGES = 4000


@dataclass(frozen=True, kw_only=True)
class Errors:
    """A classifier, its errors, and who judges them.

    Attributes:
        people: Who judges what is wrong; `n_images` is how many errors to expect.
        error: Share of all images that are wrong; near copies are wrong together.
        k: Yes votes an image needs.
        n_right: How many right predictions are judged as well.
        mean_right: Mean log odds of yes of those.
    """

    people: Population
    error: float = 0.39
    k: int = 4
    n_right: int = 0
    mean_right: float = 4.0

    @property
    def n_seen(self) -> int:
        """Every image the classifier saw, in whole groups."""
        group = self.people.group
        return round(self.people.n_images / self.error / group) * group

    def right(self) -> Population:
        """The population, for right predictions."""
        return replace(self.people, mean=self.mean_right)

    def truth(self) -> float:
        """Share of images like these that panels of such people reject."""
        rejected = self.error * true_rejection(self.people, k=self.k)
        if self.n_right:
            rejected += (1 - self.error) * true_rejection(self.right(), k=self.k)
        return rejected


@dataclass(frozen=True, kw_only=True)
class JudgedErrors:
    """One study: rows of images in order, the wrong ones first.

    Attributes:
        world: Where it is from.
        images: Every image that is wrong, and every right one where any is judged.
        n_wrong: How many are wrong.
        votes: Columns trial, participant, accepts; trials are numbered as images.
        people: Who they are.
    """

    world: Errors
    images: Images
    n_wrong: int
    votes: pd.DataFrame
    people: People | None = None

    def strata(self) -> list[Stratum]:
        """The wrong images, and the right ones."""
        judged = self.votes["trial"].unique()
        wrong, right = (
            pd.DataFrame({"image": part, "trial": part})
            for part in (judged[judged < self.n_wrong], judged[judged >= self.n_wrong])
        )
        others = self.world.n_seen - self.n_wrong
        return [
            Stratum(n_images=self.n_wrong, judged=wrong),
            Stratum(n_images=others, judged=right if self.world.n_right else None),
        ]

    def groups(self) -> pd.DataFrame:
        """Groups of near copies, of every error."""
        return pd.DataFrame(
            {"group": np.arange(self.n_wrong) // self.world.people.group}
        )

    def of_classes(self) -> pd.DataFrame:
        """Classes of every error."""
        return pd.DataFrame({"of_class": self.images.of_class[: self.n_wrong]})

    def classes(self) -> pd.DataFrame:
        """Groups, and classes that hold several groups."""
        return self.groups().join(self.of_classes())

    def rejected_of_these(self) -> float:
        """Share of these images that a new panel rejects, on average."""
        chance = chance_of_rejection(
            self.world.people, self.images.log_odds, k=self.world.k
        )
        return float(chance.sum() / self.world.n_seen)


def draw_errors(world: Errors, rng: np.random.Generator) -> JudgedErrors:
    """One study."""
    group = world.people.group
    n_wrong = int(rng.binomial(world.n_seen // group, world.error)) * group
    wrong = draw_images(replace(world.people, n_images=n_wrong), rng)
    images = wrong
    judged = np.arange(n_wrong)
    if world.n_right:
        n_right = world.n_seen - n_wrong
        right = draw_images(replace(world.right(), n_images=n_right), rng)
        images = _both(wrong, right)
        sample = rng.choice(n_right, min(world.n_right, n_right), replace=False)
        judged = np.concatenate([judged, n_wrong + sample])
    place, person = meetings(world.people, len(judged), rng=rng)
    n_people = int(person.max(initial=-1)) + 1
    people = draw_people(world.people, n_people, rng=rng)
    image = judged[place]
    chance = chances(people, images, image=image, person=person)
    votes = pd.DataFrame(
        {
            "trial": image,
            "participant": person,
            "accepts": rng.random(len(image)) < chance,
        }
    )
    return JudgedErrors(
        world=world, images=images, n_wrong=n_wrong, votes=votes, people=people
    )


def _both(wrong: Images, right: Images) -> Images:
    return Images(
        log_odds=np.concatenate([wrong.log_odds, right.log_odds]),
        of_class=np.concatenate([wrong.of_class, right.of_class]),
        group=np.concatenate([wrong.group, right.group + len(wrong.group)]),
    )


def rejected_by_these_people(study: JudgedErrors) -> float:
    """Share of images like these that these very people reject, all of them judging.

    The chance that fewer than k of them say yes, over images and classes.
    """
    population, people = study.world.people, study.people
    assert people is not None
    points = stats.norm.ppf((np.arange(_IMAGES) + 0.5) / _IMAGES)
    like = Images(
        log_odds=population.mean + population.images * points,
        of_class=np.arange(_IMAGES) % population.n_classes,
        group=np.arange(_IMAGES),
    )
    n = len(people.lean)
    chance = np.stack(
        [
            chances(people, like, image=like.group, person=np.full(_IMAGES, person))
            for person in range(n)
        ]
    )
    return study.world.error * float(_fewer_than(chance, study.world.k).mean())


def _fewer_than(chance: Floats, k: int) -> Floats:
    """Chance of fewer than k yes of independent votes; shape (votes, images)."""
    n_yes = np.zeros((len(chance) + 1, chance.shape[1]))
    n_yes[0] = 1
    for each in chance:
        n_yes[1:] = n_yes[1:] * (1 - each) + n_yes[:-1] * each
        n_yes[0] *= 1 - each
    return np.asarray(n_yes[:k].sum(axis=0))
