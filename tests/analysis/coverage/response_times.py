"""Rows for response times: people, images and conditions slow people by factors."""

from __future__ import annotations

from functools import partial
from math import exp
from typing import Final

import numpy as np

from analysis.statistics.experiments.response_times import (
    geometric_mean,
    ratio_of_means,
)
from tests.analysis.coverage.rows import Drawn, Row
from tests.analysis.coverage.timed_people import Times, draw


def _mean(world: Times, rng: np.random.Generator) -> Drawn:
    frame = draw(world, rng)
    first = frame[frame["condition"] == "a"]
    found = geometric_mean(first, value="rt_ms", stimulus="image")
    return Drawn.of(found, truth=900.0)


def _ratio(world: Times, rng: np.random.Generator) -> Drawn:
    found = ratio_of_means(
        draw(world, rng),
        value="rt_ms",
        condition="condition",
        a="b",
        b="a",
        stimulus="image",
    )
    drawn = Drawn.of(found.estimate, truth=exp(np.log(world.factor)))
    return Drawn(
        truth=drawn.truth,
        value=drawn.value,
        low=drawn.low,
        high=drawn.high,
        p_value=found.p_value,
        refusal=drawn.refusal,
    )


_FEW: Final = (
    "of few people a variance of effects below zero is cut at zero, which takes it for too "
    "large on average"
)
_ROOM: Final = "analysis.statistics.experiments.response_times"
_WORLDS: Final[dict[str, Times]] = {
    "30 people, 60 images, 5 responses each": Times(),
    "10 people judge all of 40 images": Times(n_people=10, n_images=40),
    "20 people, some dominate": Times(n_people=20, eager=1.0),
}
ROWS: Final = [
    *(
        Row(
            place="Response times: geometric mean, ms",
            world=name,
            shows=(f"{_ROOM}.geometric_mean",),
            study=partial(_mean, world),
            scale=1,
            n_quick=60 if world.n_people == 10 else 0,
        )
        for name, world in _WORLDS.items()
    ),
    *(
        Row(
            place="Response times: ratio of two conditions",
            world=name,
            shows=(f"{_ROOM}.ratio_of_means",),
            study=partial(_ratio, world),
            scale=1,
            wider_because=_FEW if world.n_people == 10 else "",
        )
        for name, world in _WORLDS.items()
    ),
    Row(
        place="Response times: two conditions alike",
        world="30 people, 60 images, 5 responses each",
        shows=(f"{_ROOM}.ratio_of_means",),
        study=partial(_ratio, Times(factor=1.0)),
        kind="test",
    ),
]
