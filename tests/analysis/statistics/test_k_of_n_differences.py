"""Differences of rejected shares, on the same images and on others."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.statistics.k_of_n import (
    Stratum,
    difference_apart,
    difference_on_same_images,
)
from tests.analysis.coverage.crossed_raters import World, simulate, simulate_pair

WORLD = World(n_images=300, error=0.4)


def two_sides(rng, second=WORLD):
    """Two studies of other images and other people, ready to be compared."""
    sides = [simulate(world, rng) for world in (WORLD, second)]
    votes, strata = [], []
    for name, side in zip("ab", sides, strict=True):
        votes.append(
            side.votes.assign(
                trial=name + side.votes["trial"],
                participant=name + side.votes["participant"].astype(str),
            )
        )
        wrong = (name + side.wrong).assign(image=name + side.wrong["image"])
        right = side.world.n_images - len(wrong)
        strata.append(
            [
                Stratum(n_images=len(wrong), judged=wrong),
                Stratum(n_images=right, judged=None),
            ]
        )
    return strata, pd.concat(votes, ignore_index=True)


def test_a_side_against_itself_differs_by_nothing():
    study = simulate(WORLD, np.random.default_rng(1))
    side = study.strata()[0]
    found = difference_on_same_images(side, side, study.votes, n_images=300, k=4)
    assert found.estimate.value == 0
    assert found.p_value == 1.0
    assert found.estimate.low == -found.estimate.high


def test_another_k_on_one_side_is_the_difference_of_both_errors():
    study = simulate(WORLD, np.random.default_rng(1))
    side = study.strata()[0]
    n_yes = study.votes.groupby("trial")["accepts"].sum()
    found = difference_on_same_images(
        side, side, study.votes, n_images=300, k=4, second_k=3
    )
    # k = 4 rejects those with fewer than 4 yes, k = 3 those with fewer than 3.
    assert found.estimate.value == pytest.approx((n_yes == 3).sum() / 300)


def test_the_p_value_and_the_interval_say_the_same():
    rng = np.random.default_rng(7)
    verdicts = set()
    for _ in range(12):
        pair = simulate_pair(WORLD, 0.30, rng=rng)
        found = difference_on_same_images(
            Stratum(n_images=len(pair.first), judged=pair.first),
            Stratum(n_images=len(pair.second), judged=pair.second),
            pair.votes,
            n_images=300,
            k=4,
        )
        leaves_out_zero = found.estimate.low > 0 or found.estimate.high < 0
        assert (found.p_value < 0.05) == leaves_out_zero
        verdicts.add(leaves_out_zero)
    assert verdicts == {True, False}


def test_on_other_images_the_sides_turn():
    (one, two), votes = two_sides(np.random.default_rng(3))
    found = difference_apart(one, two, votes, k=4).estimate
    turned = difference_apart(two, one, votes, k=4).estimate
    assert (found.value, found.low) == pytest.approx((-turned.value, -turned.high))
    assert found.standard_error == pytest.approx(turned.standard_error)


def test_a_large_difference_on_other_images_is_found_and_none_is_not():
    rng = np.random.default_rng(4)
    strict = World(n_images=300, error=0.4, mean=-1.5)
    same = []
    for _ in range(40):
        (one, two), votes = two_sides(rng)
        same.append(difference_apart(one, two, votes, k=4).p_value)
    (one, two), votes = two_sides(rng, second=strict)
    assert difference_apart(one, two, votes, k=4).p_value < 0.001
    # 40 tests at 5 % reject 2; more than 7 has a chance of 1 in 1,000.
    assert sum(p < 0.05 for p in same) <= 7
    # And p values of no difference are spread out, not piled up at 1.
    assert min(same) < 0.3


def test_where_nobody_judged_there_is_no_difference():
    nobody = Stratum(n_images=5, judged=pd.DataFrame({"image": [], "trial": []}))
    votes = pd.DataFrame({"trial": [], "participant": [], "accepts": []})
    found = difference_apart([nobody], [nobody], votes, k=4)
    assert isnan(found.p_value)
    assert found.estimate.n == 0
