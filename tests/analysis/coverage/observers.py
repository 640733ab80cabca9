"""Simulated observers: how far apart signal and noise lie for them, and their bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

_GRID: Final = ndtri((np.arange(24) + 0.5) / 24)


@dataclass(frozen=True, kw_only=True)
class Observers:
    """People who tell signal from noise.

    Attributes:
        n_people: How many.
        n_trials: Trials of either kind each.
        d_prime: Mean.
        apart: Standard deviation of d′ between people.
        bars: Standard deviation of criteria between people.
        bar: Mean criterion.
        images: Standard deviation of how strong the signal is between trials.
        n_noise: Trials without the signal, where they are others.
        alternatives: 2: people choose between two sides.
    """

    n_people: int = 40
    n_trials: int = 20
    d_prime: float = 1.5
    apart: float = 0.5
    bars: float = 0.5
    bar: float = 0.2
    images: float = 0.0
    n_noise: int | None = None
    alternatives: Literal[1, 2] = 1


def draw(world: Observers, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns participant, signal, says; and the strengths of the signal trials."""
    d = rng.normal(world.d_prime, world.apart, world.n_people)[:, None]
    c = rng.normal(world.bar, world.bars, world.n_people)[:, None]
    strength = rng.normal(0, world.images, world.n_trials)
    n_noise = world.n_trials if world.n_noise is None else world.n_noise
    scale = np.sqrt(world.alternatives)
    is_signal = np.arange(world.n_trials + n_noise) < world.n_trials
    extra = np.concatenate([strength, np.zeros(n_noise)])
    mean = (np.where(is_signal, d, -d) / 2 + extra) * scale
    says = rng.normal(mean, 1.0) > c
    return pd.DataFrame(
        {
            "participant": np.repeat(np.arange(world.n_people), len(is_signal)),
            "signal": np.tile(is_signal, world.n_people),
            "says": says.ravel(),
        }
    ), strength


def truth(world: Observers, strength: np.ndarray) -> tuple[float, float]:
    """Mean d′ and criterion of all such people on these trials."""
    scale = np.sqrt(world.alternatives)
    d = (world.d_prime + world.apart * _GRID)[:, None, None]
    c = (world.bar + world.bars * _GRID)[None, :, None]
    hit = ndtr((d / 2 + strength) * scale - c).mean(axis=-1)
    false = ndtr(-d / 2 * scale - c)[..., 0]
    z_hit, z_false = ndtri(hit), ndtri(false)
    return (
        float(((z_hit - z_false) / scale).mean()),
        float((-(z_hit + z_false) / 2).mean()),
    )
