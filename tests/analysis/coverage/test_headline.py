"""Intervals cover the truth: quickly in `make test`, with 2,000 studies when slow."""

from __future__ import annotations

import pytest

from tests.analysis.coverage.crossed_raters import World
from tests.analysis.coverage.headline import (
    SEED,
    WORLDS,
    control_coverage,
    difference_coverage,
    headline_coverage,
    ignoring_people,
    these_images_coverage,
)

FRESH = World()
STRONG = World(bias=1.0, composition="shared")


def test_the_headline_interval_covers_in_a_quick_run():
    # 200 studies: the standard error of a coverage of 95 % is 1.5 points.
    found = headline_coverage(STRONG, 200, seed=SEED)
    assert 0.91 <= found.covered <= 0.99
    assert found.mean == pytest.approx(found.truth, abs=0.005)


def test_ignoring_people_covers_too_rarely():
    found = headline_coverage(STRONG, 200, seed=SEED, interval=ignoring_people)
    assert found.covered < 0.90


def test_differences_cover_in_a_quick_run():
    found = difference_coverage(FRESH, 0.33, n_studies=150, seed=SEED)
    assert 0.90 <= found.covered <= 0.995
    assert found.mean == pytest.approx(found.truth, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_the_headline_interval_covers_in_two_thousand_studies(name):
    found = headline_coverage(WORLDS[name], 2000, seed=SEED)
    assert 0.93 <= found.covered <= 0.97, found
    assert found.mean == pytest.approx(found.truth, abs=0.003)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(WORLDS)[:4])
def test_the_interval_for_these_images_is_conservative(name):
    assert these_images_coverage(WORLDS[name], 2000, seed=SEED).covered >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("name", list(WORLDS)[:4])
def test_differences_cover_in_two_thousand_studies(name):
    world = WORLDS[name]
    found = difference_coverage(
        world, round(world.error * 0.85, 3), n_studies=2000, seed=SEED
    )
    assert 0.93 <= found.covered <= 0.97, found


@pytest.mark.slow
def test_the_yes_bias_interval_covers_in_two_thousand_studies():
    world = World(n_images=60, mean=-1.0, spread=0.6, n=15, block=6)
    assert 0.93 <= control_coverage(world, 2000, seed=SEED).covered <= 0.97
