"""What makes intervals of rejected shares right: left out, they no longer are."""

from __future__ import annotations

import numpy as np

from tests.analysis.coverage.crossed_raters import World
from tests.analysis.coverage.headline import errors_like_these, ignoring_people
from tests.analysis.coverage.headline_worlds import Errors
from tests.analysis.coverage.people import Population
from tests.analysis.coverage.rows import Row, outcome

STRONG = World(bias=1.0, composition="shared")
GROUPS = Errors(people=Population(n_images=300, group=5))


def covered(study, n_studies=150) -> float:
    row = Row(place="without", world="it", shows=(), study=study)
    rng = np.random.default_rng(5)
    return outcome(row, [study(rng) for _ in range(n_studies)]).rate


def test_ignoring_people_covers_too_rarely():
    assert covered(lambda rng: ignoring_people(STRONG, rng)) < 0.91


def test_ignoring_near_copies_covers_too_rarely():
    assert covered(lambda rng: errors_like_these(GROUPS, rng)) < 0.86
