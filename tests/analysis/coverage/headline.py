"""How often intervals cover the truth, over simulated studies.

`python -m tests.analysis.coverage.headline` prints the tables of `docs/statistics.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import click
import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.statistics.clustered import clustered_mean
from analysis.statistics.intervals import Estimate, wilson
from analysis.statistics.k_of_n import Stratum, rejected_difference, rejected_share
from tests.analysis.coverage.crossed_raters import (
    Study,
    World,
    accept_probability,
    assign,
    rejection_of_these,
    simulate,
    simulate_pair,
    true_rejection,
    vote,
)

SEED: Final = 20180911

WORLDS: Final[Mapping[str, World]] = {
    "1,000 images, 39 % wrong, fresh blocks": World(),
    "the same, shared blocks": World(composition="shared"),
    "the same, strong bias (1.0)": World(bias=1.0),
    "strong bias, shared blocks": World(bias=1.0, composition="shared"),
    "nobody differs (bias 0, skill 0)": World(bias=0.0, skill=0.0),
    "1 in 10 says yes to all, 1 in 10 at random": World(
        yes_sayers=0.1, random_people=0.1
    ),
    "the same, shared blocks ": World(
        yes_sayers=0.1, random_people=0.1, composition="shared"
    ),
    "2,000 images, 10 % wrong": World(n_images=2000, error=0.10),
    "300 images, 30 % wrong, most rejected": World(n_images=300, error=0.3, mean=-0.7),
    "200 images, 20 % wrong, most accepted": World(
        n_images=200, error=0.2, mean=1.5, bias=0.7
    ),
    "the same, shared blocks  ": World(
        n_images=200, error=0.2, mean=1.5, bias=0.7, composition="shared"
    ),
    "12 people in a lab": World(error=0.3, composition=12),
    "5 people judge everything": World(error=0.3, composition=5),
    "40 people, some do much more": World(composition=40, unequal=1.0),
    "15 people, some do much more": World(error=0.3, composition=15, unequal=0.8),
    "1,000 images, 4 % wrong, shared blocks": World(error=0.04, composition="shared"),
    "n = 3, k = 2": World(n=3, k=2),
}


_FOILS: Final = World(n_images=60, mean=-1.0, spread=0.6, n=15, block=6)
CONTROLS: Final[Mapping[str, World]] = {
    "60 foils, 15 votes each": _FOILS,
    "the same, strong bias (1.0)": replace(_FOILS, bias=1.0),
    "the same, yes is rare": replace(_FOILS, mean=-2.0),
}


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What a run of simulated studies showed.

    Attributes:
        truth: The true share.
        mean: Mean estimate, to see bias.
        covered: Share of studies whose interval holds the truth.
        too_low: Share whose interval lies wholly below the truth.
        width: Mean width.
        n_studies: How many.
    """

    truth: float
    mean: float
    covered: float
    too_low: float
    width: float
    n_studies: int


Interval = Callable[[Study], Estimate]


def images_like_these(study: Study) -> Estimate:
    return rejected_share(study.strata(), study.votes, k=study.world.k)


def these_images(study: Study) -> Estimate:
    return rejected_share(
        study.strata(), study.votes, k=study.world.k, target="these images"
    )


def ignoring_people(study: Study) -> Estimate:
    n_yes = study.votes.groupby("trial")["accepts"].sum()
    return wilson(int((n_yes < study.world.k).sum()), study.world.n_images)


def headline_coverage(
    world: World, n_studies: int, *, seed: int, interval: Interval = images_like_these
) -> Coverage:
    """Coverage of the true rectified error of images like these."""
    return headline_coverages(world, n_studies, seed=seed, intervals=[interval])[0]


def headline_coverages(
    world: World, n_studies: int, *, seed: int, intervals: Sequence[Interval]
) -> list[Coverage]:
    """The same of several intervals, on the same studies."""
    rng = np.random.default_rng(seed)
    truth = true_rejection(world) * world.error
    estimates: list[list[Estimate]] = [[] for _ in intervals]
    for _ in range(n_studies):
        study = simulate(world, rng)
        for found, interval in zip(estimates, intervals, strict=True):
            found.append(interval(study))
    return [_coverage(found, [truth] * n_studies) for found in estimates]


def these_images_coverage(world: World, n_studies: int, *, seed: int) -> Coverage:
    """Coverage of what fresh people would say of these very images."""
    rng = np.random.default_rng(seed)
    studies = [simulate(world, rng) for _ in range(n_studies)]
    truths = [rejection_of_these(study) for study in studies]
    return _coverage([these_images(study) for study in studies], truths)


def difference_coverage(
    world: World, second_error: float, *, n_studies: int, seed: int
) -> Coverage:
    """Coverage of the true difference between two classifiers."""
    rng = np.random.default_rng(seed)
    truth = true_rejection(world) * (world.error - second_error)
    estimates = []
    for _ in range(n_studies):
        pair = simulate_pair(world, second_error, rng=rng)
        first, second = (
            Stratum(n_images=len(judged), judged=judged)
            for judged in (pair.first, pair.second)
        )
        estimates.append(
            rejected_difference(
                first, second, pair.votes, n_images=world.n_images, k=world.k
            )
        )
    return _coverage(estimates, [truth] * n_studies)


def control_coverage(world: World, n_studies: int, *, seed: int) -> Coverage:
    """Coverage of the share of yes on controls; `n_images` control trials."""
    rng = np.random.default_rng(seed)
    grid = world.mean + world.spread * ndtri((np.arange(2000) + 0.5) / 2000)
    truth = float(accept_probability(world, grid).mean())
    estimates = []
    for _ in range(n_studies):
        theta = rng.normal(world.mean, world.spread, world.n_images)
        trial, person = assign(world, world.n_images, rng=rng)
        accepts = vote(world, theta[trial], person, rng=rng)
        votes = pd.DataFrame({"a": accepts, "participant": person, "trial": trial})
        estimates.append(clustered_mean(votes, value="a", stimulus="trial"))
    return _coverage(estimates, [truth] * n_studies)


def _coverage(estimates: list[Estimate], truths: list[float]) -> Coverage:
    low = np.array([each.low for each in estimates])
    high = np.array([each.high for each in estimates])
    truth = np.array(truths)
    return Coverage(
        truth=float(truth.mean()),
        mean=float(np.mean([each.value for each in estimates])),
        covered=float(((low <= truth) & (truth <= high)).mean()),
        too_low=float((high < truth).mean()),
        width=float((high - low).mean()),
        n_studies=len(estimates),
    )


@click.command()
@click.option("--studies", default=2000, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
def main(studies: int, seed: int) -> None:
    """Print the coverage tables."""
    click.echo("| world | truth | mean | covered | too low / too high | Wilson |")
    click.echo("|---|---|---|---|---|---|")
    for name, world in WORLDS.items():
        click.echo(_headline_row(name, world, studies=studies, seed=seed))
    click.echo("\n| world | covered |\n|---|---|")
    for name in list(WORLDS)[:4]:
        found = these_images_coverage(WORLDS[name], studies, seed=seed)
        click.echo(f"| {name.strip()} | {100 * found.covered:.1f} % |")
    click.echo("\n| world | truth | mean | covered |\n|---|---|---|---|")
    for name in [*list(WORLDS)[:4], *list(WORLDS)[8:10]]:
        world = WORLDS[name]
        second = round(world.error * 0.85, 3)
        found = difference_coverage(world, second, n_studies=studies, seed=seed)
        click.echo(
            f"| {name.strip()} | {100 * found.truth:+.2f} | {100 * found.mean:+.2f} | "
            f"{100 * found.covered:.1f} % |"
        )
    click.echo("\n| controls | truth | covered |\n|---|---|---|")
    for name, world in CONTROLS.items():
        found = control_coverage(world, studies, seed=seed)
        click.echo(
            f"| {name} | {100 * found.truth:.1f} % | {100 * found.covered:.1f} % |"
        )


def _headline_row(name: str, world: World, *, studies: int, seed: int) -> str:
    ours, wilsons = headline_coverages(
        world, studies, seed=seed, intervals=[images_like_these, ignoring_people]
    )
    too_high = 1 - ours.covered - ours.too_low
    return (
        f"| {name.strip()} | {100 * ours.truth:.2f} % | {100 * ours.mean:.2f} % | "
        f"**{100 * ours.covered:.1f} %** | {100 * ours.too_low:.1f} / "
        f"{100 * too_high:.1f} % | {100 * wilsons.covered:.1f} % |"
    )


if __name__ == "__main__":
    main()
