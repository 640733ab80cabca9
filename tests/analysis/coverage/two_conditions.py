"""The same images in two conditions, judged by other people in each or by the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from tests.analysis.coverage.people import (
    Images,
    Population,
    answers,
    draw_images,
    meetings,
    true_rejection,
)


@dataclass(frozen=True, kw_only=True)
class TwoConditions:
    """Who judges what, and how far the second condition is from the first.

    Attributes:
        population: Images and people of either condition.
        effect: Log odds of yes that the second condition adds.
        are_same_people: Whether everybody judges images in both conditions, each
            image in one of them; otherwise other people judge each.
    """

    population: Population = field(default_factory=Population)
    effect: float = 0.0
    are_same_people: bool = False

    def accepted_difference(self, *, k: int) -> float:
        """Share of images accepted in the first less that in the second, in truth."""
        second = replace(self.population, mean=self.population.mean + self.effect)
        return true_rejection(second, k=k) - true_rejection(self.population, k=k)


def draw_two(world: TwoConditions, rng: np.random.Generator) -> pd.DataFrame:
    """Columns condition (a, b), image, participant (numbers), accepts (bool)."""
    population = world.population
    images = draw_images(population, rng)
    n_images = len(images.log_odds)
    image, person, second = _meetings(world, n_images, rng=rng)
    both = Images(
        log_odds=np.concatenate([images.log_odds, images.log_odds + world.effect]),
        of_class=np.tile(images.of_class, 2),
        group=np.tile(images.group, 2),
    )
    says = answers(
        population, both, image=image + n_images * second, person=person, rng=rng
    )
    return pd.DataFrame(
        {
            "condition": np.array(["a", "b"])[second],
            "image": image,
            "participant": person,
            "accepts": says,
        }
    )


def _meetings(
    world: TwoConditions, n_images: int, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, person and condition (0, 1) of every vote."""
    population = world.population
    if not world.are_same_people:
        parts = [meetings(population, n_images, rng=rng) for _ in range(2)]
        n_people = int(parts[0][1].max()) + 1
        image = np.concatenate([image for image, _ in parts])
        person = np.concatenate([parts[0][1], parts[1][1] + n_people])
        return image, person, np.repeat([0, 1], [len(part[0]) for part in parts])
    twice = replace(population, n=2 * population.n)
    image, person = meetings(twice, n_images, rng=rng)
    # Half of an image's people, drawn at random, judge it in either condition.
    order = np.lexsort((rng.random(len(image)), image))
    second = np.empty(len(image), dtype=int)
    second[order] = np.arange(len(image)) % twice.n >= population.n
    return image, person, second
