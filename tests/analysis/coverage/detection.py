"""Rows for d′ and criterion: people differ in both, and trials may be unequal."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from analysis.statistics.experiments.detection import Task, detection
from tests.analysis.coverage.observers import Observers, draw, truth
from tests.analysis.coverage.rows import Drawn, Row


def _study(world: Observers, what: str, rng: np.random.Generator) -> Drawn:
    frame, strength = draw(world, rng)
    task: Task = "two alternatives" if world.alternatives == 2 else "yes-no"
    found = detection(frame, says="says", signal="signal", task=task)
    d_prime, criterion = truth(world, strength)
    if what == "d′":
        return Drawn.of(found.d_prime, truth=d_prime)
    return Drawn.of(found.criterion, truth=criterion)


_OFF: Final = (
    "the log-linear correction takes a little off, so the far end is moved out by what "
    "it is expected to take"
)
_D_PRIME: Final[dict[str, tuple[Observers, str]]] = {
    "40 people, 20 trials of either kind": (Observers(), ""),
    "12 people, 20 trials": (Observers(n_people=12), ""),
    "5 people, 40 trials": (Observers(n_people=5, n_trials=40), ""),
    "40 people, 10 trials, d′ 1": (
        Observers(n_trials=10, d_prime=1.0, bars=0.3),
        "",
    ),
    "100 people, 20 trials": (Observers(n_people=100), ""),
    "40 people, trials of unequal strength": (Observers(images=0.8), ""),
}
_TWO: Final[dict[str, tuple[Observers, str]]] = {
    "40 people, 20 trials a side": (
        Observers(alternatives=2, d_prime=1.0),
        _OFF,
    ),
}
_SHOWS: Final = ("analysis.statistics.experiments.detection.detection",)


def _rows(
    place: str, worlds: dict[str, tuple[Observers, str]], *, what: str
) -> list[Row]:
    return [
        Row(
            place=place,
            world=name,
            shows=_SHOWS,
            study=partial(_study, world, what),
            scale=1,
            n_quick=100 if name.startswith("12 people") else 0,
            wider_because=why,
        )
        for name, (world, why) in worlds.items()
    ]


ROWS: Final = [
    *_rows("d′, yes or no", _D_PRIME, what="d′"),
    *_rows(
        "Criterion, yes or no",
        {name: _D_PRIME[name] for name in list(_D_PRIME)[:1]},
        what="criterion",
    ),
    *_rows("d′, two alternatives", _TWO, what="d′"),
]
