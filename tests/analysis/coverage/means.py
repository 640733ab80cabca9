"""How often intervals of means and differences cover the truth.

`python -m tests.analysis.coverage.means` prints the tables of
`docs/statistics.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import click
import numpy as np

from analysis.statistics.clustered import (
    clustered_difference,
    clustered_mean,
)
from analysis.statistics.intervals import Estimate
from tests.analysis.coverage.clustered_worlds import ClusteredWorld, responses

SEED: Final = 20180911

_FEW: Final = ClusteredWorld(n_stimuli=150, n_people=8, n=8)
MEANS: Final[Mapping[str, ClusteredWorld]] = {
    "300 stimuli x 5, fresh blocks of 20": ClusteredWorld(),
    "the same, shared blocks": ClusteredWorld(is_shared=True),
    "strong people (1.0), shared blocks": ClusteredWorld(is_shared=True, people=1.0),
    "nobody and nothing differs": ClusteredWorld(people=0.0, stimuli=0.0),
    "8 people judge all of 150 stimuli": _FEW,
    "5 people judge all of 150 stimuli": replace(_FEW, n_people=5, n=5),
    "rare (4 %), shared blocks": ClusteredWorld(is_shared=True, means=(-2.4,)),
    "rare (4 %), 12 people": replace(_FEW, n_people=12, n=5, means=(-2.4,)),
    "40 unequal people": ClusteredWorld(n_people=40, unequal=1.0),
    "15 unequal people": replace(_FEW, n_people=15, n=5, unequal=0.8),
}

_PAIR: Final = ClusteredWorld(n_stimuli=120, means=(0.5, 0.2), slopes=0.3)
DIFFERENCES: Final[Mapping[str, ClusteredWorld]] = {
    "between people, 120 stimuli x 5, fresh blocks": _PAIR,
    "between people, shared blocks": replace(_PAIR, is_shared=True),
    "within people, shared blocks": replace(_PAIR, is_shared=True, design="within"),
    "within people, other stimuli": replace(_PAIR, design="disjoint stimuli"),
    "between, 8 people each": replace(_PAIR, n_people=8, n=5),
    "within, 6 people": replace(_PAIR, n_people=6, n=6, design="within"),
    "between, rare (4 % and 2 %)": replace(
        _PAIR, means=(-2.4, -2.8), is_shared=True, n_stimuli=300
    ),
    "between, 30 unequal people each": replace(_PAIR, n_people=30, unequal=1.0),
    "within, 20 unequal people": replace(
        _PAIR, n_people=20, unequal=0.8, design="within"
    ),
    "nobody differs in anything": replace(_PAIR, people=0.0, stimuli=0.0, slopes=0.0),
}


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What a run of simulated studies showed; all shares."""

    truth: float
    mean: float
    covered: float
    too_low: float
    width: float


def mean_coverage(world: ClusteredWorld, n_studies: int, *, seed: int) -> Coverage:
    """Coverage of the true share."""
    rng = np.random.default_rng(seed)
    found = [
        clustered_mean(
            responses(world, rng),
            value="right",
            participant="participant",
            stimulus="stimulus",
        )
        for _ in range(n_studies)
    ]
    return _coverage(found, world.shares()[0])


def difference_coverage(
    world: ClusteredWorld, n_studies: int, *, seed: int
) -> Coverage:
    """Coverage of the true difference of shares, a minus b."""
    rng = np.random.default_rng(seed)
    found = [
        clustered_difference(
            responses(world, rng),
            value="right",
            condition="condition",
            a="a",
            b="b",
            participant="participant",
            stimulus="stimulus",
        )
        for _ in range(n_studies)
    ]
    first, second = world.shares()
    return _coverage(found, first - second)


def _coverage(found: list[Estimate], truth: float) -> Coverage:
    low = np.array([each.low for each in found])
    high = np.array([each.high for each in found])
    return Coverage(
        truth=truth,
        mean=float(np.mean([each.value for each in found])),
        covered=float(((low <= truth) & (truth <= high)).mean()),
        too_low=float((high < truth).mean()),
        width=float((high - low).mean()),
    )


@click.command()
@click.option("--studies", default=2000, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
def main(studies: int, seed: int) -> None:
    """Print the coverage tables of means and differences."""
    for worlds, coverage in (
        (MEANS, mean_coverage),
        (DIFFERENCES, difference_coverage),
    ):
        click.echo("\n| world | truth | mean | covered | too low / too high |")
        click.echo("|---|---|---|---|---|")
        for name, world in worlds.items():
            click.echo(_row(name, coverage(world, studies, seed=seed)))


def _row(name: str, found: Coverage) -> str:
    too_high = 1 - found.covered - found.too_low
    return (
        f"| {name} | {100 * found.truth:.2f} % | {100 * found.mean:.2f} % | "
        f"**{100 * found.covered:.1f} %** | {100 * found.too_low:.1f} / "
        f"{100 * too_high:.1f} % |"
    )


if __name__ == "__main__":
    main()
