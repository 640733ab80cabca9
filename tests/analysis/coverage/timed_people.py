"""Simulated response times: people, images and conditions slow down by factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import digamma


@dataclass(frozen=True, kw_only=True)
class Times:
    """Who responds to what, and how their logarithms spread.

    Attributes:
        n_people: People.
        n_images: Images.
        n: Responses to an image, in each condition.
        factor: Times in the second condition over those in the first.
        people: Standard deviation between people.
        images: Standard deviation between images.
        apart: Standard deviation between people of what the condition does.
        eager: Standard deviation of the log of how much people do.
    """

    n_people: int = 30
    n_images: int = 60
    n: int = 5
    factor: float = 1.2
    people: float = 0.35
    images: float = 0.2
    apart: float = 0.1
    eager: float = 0.0


def draw(world: Times, rng: np.random.Generator) -> pd.DataFrame:
    """Columns participant, image, condition, rt_ms; skewed beyond the logarithm."""
    eager = np.exp(rng.normal(0, world.eager, world.n_people))
    race = rng.exponential(size=(world.n_images, world.n_people)) / eager
    person = np.argsort(race, axis=1)[:, : 2 * world.n]
    order = rng.permuted(np.tile(np.arange(2 * world.n), (world.n_images, 1)), axis=1)
    second = order >= world.n
    image = np.repeat(np.arange(world.n_images), 2 * world.n).reshape(person.shape)
    slow = rng.normal(0, world.people, world.n_people)[person]
    slow += rng.normal(0, world.images, world.n_images)[image]
    slow += (
        second
        * (np.log(world.factor) + rng.normal(0, world.apart, world.n_people))[person]
    )
    # A gamma variable's logarithm is skewed; its mean is taken off.
    noise = np.log(rng.gamma(4.0, size=person.shape)) - digamma(4.0)
    return pd.DataFrame(
        {
            "participant": person.ravel(),
            "image": image.ravel(),
            "condition": np.where(second, "b", "a").ravel(),
            "rt_ms": 900 * np.exp(slow + noise).ravel(),
        }
    )
