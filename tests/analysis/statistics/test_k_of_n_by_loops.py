"""k of n says what loops over people and images say, of small random studies."""

from __future__ import annotations

from math import inf, isfinite, sqrt

import pandas as pd
import pytest
from scipy import stats

from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import (
    Stratum,
    difference_apart,
    difference_on_same_images,
    rejected_share,
)
from tests.analysis.statistics.k_of_n_loops import (
    K,
    Kind,
    alone,
    by_three,
    clusters_of,
    dof_of,
    draw,
    effect_of,
    ends_of,
    everybody,
    joined,
    of_images,
    of_people,
    quantile,
    scaled,
    strata_of,
    votes_of,
)


def same(found: Estimate, **expected: float) -> None:
    assert {name: getattr(found, name) for name in expected} == pytest.approx(
        expected, rel=1e-9
    )


# In the last, clusters make more of the variance, and votes tell only a part of it.
SEEDS = (*range(4), 13)


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_interval_for_images_like_these(seed, is_grouped):
    kinds, groups = draw(seed), by_three if is_grouped else None
    images = of_images(kinds, groups)
    swings = [swing for kind in kinds for swing in kind.swings()]
    added, dof = of_people(swings, everybody(*kinds), groups or alone)
    variance = images.census + added
    whole = joined((images.census, images.dof), (added, dof))
    low, high = ends_of(
        kinds,
        variance,
        dof=whole,
        n_equal=64 / images.effect,
        effect=images.effect,
        level=0.9,
    )
    share = sum(kind.n_images * kind.share for kind in kinds) / 64
    total = variance + images.sampling
    found = rejected_share(
        strata_of(kinds),
        votes_of(*kinds),
        k=K,
        level=0.9,
        clusters=clusters_of(*kinds) if is_grouped else None,
    )
    same(
        found,
        value=share,
        low=low,
        high=high,
        standard_error=sqrt(total) / 64,
        design_effect=total / (64 * share * (1 - share)),
        dof=whole,
        n=64,
        n_people=len(everybody(*kinds)),
        level=0.9,
    )
    assert found.target == "images like these"


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_interval_for_these_images(seed, place):
    kinds = draw(seed)[place : place + 1]
    like = rejected_share(strata_of(kinds), votes_of(*kinds), k=K, level=0.9)
    added, dof = of_people(kinds[0].swings(), everybody(*kinds), alone)
    n_images = kinds[0].n_images
    chance = n_images * kinds[0].by_chance
    whole = joined((added, dof), (chance, inf))
    low, high = ends_of(
        kinds, chance + added, dof=whole, n_equal=n_images, effect=1.0, level=0.9
    )
    found = rejected_share(
        strata_of(kinds), votes_of(*kinds), k=K, level=0.9, target="these images"
    )
    if high - low > like.high - like.low:
        low, high, whole = like.low, like.high, like.dof
    same(
        found,
        value=kinds[0].share,
        low=low,
        high=high,
        dof=whole,
        n_people=len(everybody(*kinds)),
        level=0.9,
    )
    assert found.target == "these images"


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_difference_on_the_same_images(seed, is_grouped):
    first = draw(seed)[0]
    # The second classifier shares some of the errors, with the same judgments, and of
    # its others only a part was judged.
    shared = dict(list(first.judged.items())[4:])
    second = Kind(n_images=20, judged=shared | draw(seed + 9)[1].judged)
    groups, n = by_three if is_grouped else None, 80
    group = groups or alone
    influence: dict[str, float] = {}
    for sign, kind in ((1, first), (-1, second)):
        for image in kind.judged:
            own = (kind.rejects(image) - kind.share) * kind.scale + kind.share
            influence[image] = influence.get(image, 0.0) + sign * own
    away = (first.share * first.n_images - second.share * second.n_images) / n
    squares = sum((each - away) ** 2 for each in influence.values())
    squares += (n - len(influence)) * away**2
    mean = sum(influence.values()) / len(influence)
    squares *= effect_of({i: each - mean for i, each in influence.items()}, group)
    swings = first.swings() + scaled(second, -1.0)
    added, dof = of_people(swings, everybody(first, second), group)
    whole = joined((squares, dof_of(list(influence), groups)), (added, dof), (1.0, inf))
    error, centre = sqrt(squares + 1 + added) / (n + 2), away * n / (n + 2)
    half = quantile(0.9, whole) * error
    one, two = strata_of([first, second])
    test = difference_on_same_images(
        one,
        two,
        votes_of(first, second),
        n_images=n,
        k=K,
        level=0.9,
        clusters=clusters_of(first, second) if is_grouped else None,
    )
    same(
        test.estimate,
        value=away,
        low=centre - half,
        high=centre + half,
        standard_error=error,
        design_effect=(squares + 1 + added) / (squares + 1),
        dof=whole,
        n=n,
        n_people=len(everybody(first, second)),
        level=0.9,
    )
    p_value = 2 * (stats.t(whole) if isfinite(whole) else stats.norm).sf(
        abs(centre) / error
    )
    assert test.p_value == pytest.approx(p_value)
    assert (test.is_paired, test.estimate.target) == (True, "images like these")


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_difference_on_other_images(seed, is_grouped):
    sides = [draw(seed, prefix="a"), draw(seed + 20, prefix="b")[:2]]
    groups = (lambda image: (image[0], by_three(image))) if is_grouped else None
    group = groups or alone
    swings, parts, shares = [], [], []
    for sign, side in zip((1, -1), sides, strict=True):
        size = sum(kind.n_images for kind in side)
        images = of_images(side, groups)
        squares = images.census + images.sampling + 1
        parts.append((squares / (size + 2) ** 2, images.dof))
        shares.append(sum(kind.n_images * kind.share for kind in side) / size)
        swings += [each for kind in side for each in scaled(kind, sign / size)]
    every = [kind for side in sides for kind in side]
    added, dof = of_people(swings, everybody(*every), group)
    among = sum(part for part, _ in parts)
    whole = joined(*parts, (added, dof))
    error, away = sqrt(among + added), shares[0] - shares[1]
    half = quantile(0.9, whole) * error
    table = pd.concat([clusters_of(*side) for side in sides])
    table["scene"] = [str(group(image)) for image in table.index]
    one, two = map(strata_of, sides)
    test = difference_apart(
        one,
        two,
        votes_of(*every),
        k=K,
        level=0.9,
        clusters=table if is_grouped else None,
    )
    same(
        test.estimate,
        value=away,
        low=max(-1.0, away - half),
        high=min(1.0, away + half),
        standard_error=error,
        design_effect=(among + added) / among,
        dof=whole,
        n=42,
        n_people=len(everybody(*every)),
    )
    assert (test.is_paired, test.estimate.target) == (False, "images like these")


def test_one_trial_can_stand_for_two_images():
    # Both images show the same bytes, so one panel of three judged both: rejected.
    votes = pd.DataFrame(
        [("t", "p", True), ("t", "q", False), ("t", "r", False), ("u", "p", True)],
        columns=["trial", "participant", "accepts"],
    )
    judged = pd.DataFrame({"image": ["a", "b"], "trial": ["t", "t"]})
    found = rejected_share([Stratum(n_images=2, judged=judged)], votes, k=2)
    assert (found.value, found.n_people) == (1.0, 3)
