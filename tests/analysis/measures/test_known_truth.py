"""The published result as a known truth: is it found, and covered as often as said?"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import pytest
from scipy.optimize import brentq

from analysis.bundles.reading import ClassifierCounts
from analysis.measures.rectified_error.numbers import JudgedImages, error_result
from tests.analysis.coverage.crossed_raters import World, simulate, true_rejection
from tests.analysis.coverage.headline import like_these
from tests.analysis.coverage.rows import SEED, Row, outcome

STANDARD: Final = 0.2269
RECTIFIED: Final = 0.0947


@cache
def published_world(n_images: int) -> World:
    """People and images under which 22.69 % fall to 9.47 % at 4 of 5."""
    world = World(n_images=n_images, error=STANDARD)

    def gap(mean: float) -> float:
        found = true_rejection(replace(world, mean=mean))
        return found - RECTIFIED / STANDARD

    return replace(world, mean=float(brentq(gap, -2, 3, xtol=1e-6)))


def test_the_world_is_the_published_one():
    world = published_world(2000)
    assert true_rejection(world) * world.error == pytest.approx(RECTIFIED, abs=1e-5)
    # P(at least 4 of 5 | error) = 1 - 9.47 / 22.69.
    assert 1 - true_rejection(world) == pytest.approx(0.5826, abs=1e-4)


def test_one_study_of_50_000_images_finds_both_numbers():
    world = published_world(50_000)
    study = simulate(world, np.random.default_rng(SEED))
    n_wrong = len(study.wrong)
    n_yes = study.votes.groupby("trial")["accepts"].sum()
    judged = JudgedImages(
        classifier=ClassifierCounts(
            name="resnet101", n_seen=50_000, n_top1_wrong=n_wrong, n_top5_wrong=0
        ),
        shows="top1",
        n_wrong=n_wrong,
        resolved=study.wrong.assign(n_yes=study.wrong["trial"].map(n_yes)),
    )
    found = error_result(judged, study.votes, k=4, n=5)
    # Standard errors: 0.19 and 0.14 points.
    assert found.standard.value == pytest.approx(STANDARD, abs=0.006)
    assert found.rectified.value == pytest.approx(RECTIFIED, abs=0.005)
    assert found.rectified.low <= RECTIFIED <= found.rectified.high


@pytest.mark.parametrize(
    ("n_studies", "n_images"),
    [(40, 1000), pytest.param(1000, 2000, marks=pytest.mark.slow)],
)
def test_the_headline_interval_covers_the_published_truth(n_studies, n_images):
    world, rng = published_world(n_images), np.random.default_rng(SEED)
    row = Row(place="", world="", shows=(), study=lambda rng: like_these(world, rng))
    found = outcome(row, [row.study(rng) for _ in range(n_studies)])
    assert found.truth == pytest.approx(RECTIFIED, abs=1e-5)
    assert found.mean == pytest.approx(RECTIFIED, abs=0.003)
    # Three standard errors of a simulation of so many studies.
    slack = 3 * (0.95 * 0.05 / n_studies) ** 0.5
    assert 0.95 - slack <= found.rate <= min(0.95 + slack, 1.0)
