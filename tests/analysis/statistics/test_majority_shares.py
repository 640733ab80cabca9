from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from analysis.statistics.intervals import wilson
from analysis.statistics.majority_shares import (
    majority_difference,
    majority_judgments,
    majority_share,
)


def _votes(rows: dict[str, str]) -> pd.DataFrame:
    """Image to a word of y and n, one letter per rater (the same raters)."""
    return pd.DataFrame(
        [
            {"image": image, "participant": f"p{place}", "says": letter == "y"}
            for image, word in rows.items()
            for place, letter in enumerate(word)
        ]
    )


def test_majorities_by_hand():
    found = majority_judgments(_votes({"a": "yyn", "b": "nnn", "c": "yn", "d": "yyy"}))
    assert found.outcomes.to_dict() == {"a": 1.0, "b": 0.0, "c": 0.5, "d": 1.0}
    # Only a (the two yes: without one of them it is split) and c decide anything.
    assert set(found.swings["image"]) == {"a", "c"}


def test_a_share_with_unanimous_raters_is_wilsons():
    # Nobody decides alone among three who agree: raters add nothing.
    votes = _votes({f"i{n}": "yyy" if n < 6 else "nnn" for n in range(10)})
    share = majority_share(
        majority_judgments(votes), pd.Index([f"i{n}" for n in range(10)])
    )
    alone = wilson(6, 10)
    assert share.value == pytest.approx(0.6)
    assert (share.low, share.high) == pytest.approx((alone.low, alone.high))


def test_a_share_of_zero_has_a_bound_that_a_few_disputed_images_widen_a_little():
    plain = {f"i{n}": "nnnnn" for n in range(30)}
    disputed = plain | {f"i{n}": "yynnn" for n in range(3)}
    images = pd.Index(list(plain))
    sure, less = (
        majority_share(majority_judgments(_votes(w)), images) for w in (plain, disputed)
    )
    assert sure.value == less.value == 0
    assert sure.high == pytest.approx(wilson(0, 30).high, rel=0.01)
    assert sure.high <= less.high < 2 * sure.high


def test_images_that_nobody_could_judge_are_left_out():
    found = majority_judgments(_votes({"a": "yyy"}))
    assert majority_share(found, pd.Index(["a", "b"])).n == 1
    nothing = majority_share(found, pd.Index(["b"]))
    assert nothing.n == 0
    assert np.isnan(nothing.value)


def test_images_in_both_sets_cancel():
    words = {f"i{n}": "yyy" if n % 5 < 3 else "nnn" for n in range(20)}
    found = majority_judgments(_votes(words))
    first, second = (pd.Index([f"i{n}" for n in r]) for r in (range(10), range(10, 20)))
    apart = majority_difference(found, first, second)
    same = majority_difference(found, first, first)
    assert apart.value == same.value == pytest.approx(0)
    assert same.standard_error == pytest.approx(0)
    # Score bounds are not symmetric, so the interval is narrow but not a point.
    assert same.high - same.low < 0.2 * (apart.high - apart.low)


def _simulated(
    rng: np.random.Generator, *, shares: tuple[float, float], n: int, shared: int
) -> tuple[pd.DataFrame, pd.Index, pd.Index]:
    """Two sets of images, `shared` in both, judged by 5 of 20 raters who differ."""
    n_images = 2 * n - shared
    first, second = pd.Index(range(n)), pd.Index(range(n - shared, n_images))
    share = np.where(np.arange(n_images) < n, shares[0], shares[1])
    there = rng.random(n_images) < share
    bias = rng.normal(0, 0.4, 20)
    rows = []
    for image in range(n_images):
        for rater in rng.choice(20, 5, replace=False):
            latent = (1.4 if there[image] else -1.4) + bias[rater]
            rows.append((image, rater, rng.random() < ndtr(latent)))
    votes = pd.DataFrame(rows, columns=["image", "participant", "says"])
    return votes, first, second


def _truth(share: float) -> float:
    """P(at least 3 of 5 fresh raters say yes); their biases average out."""
    from scipy.stats import binom

    yes, no = (ndtr(x / np.sqrt(1 + 0.4**2)) for x in (1.4, -1.4))
    return float(share * binom.sf(2, 5, yes) + (1 - share) * binom.sf(2, 5, no))


@pytest.mark.parametrize(
    ("n", "shares", "shared"),
    [(18, (0.8, 0.5), 0), (36, (0.4, 0.1), 0), (30, (0.5, 0.5), 15)],
)
@pytest.mark.parametrize("n_studies", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_intervals_cover_images_like_these_and_other_raters(
    n, shares, shared, n_studies
):
    rng = np.random.default_rng(4)
    n_share = n_difference = 0
    truth = [_truth(share) for share in shares]
    for _ in range(n_studies):
        votes, first, second = _simulated(rng, shares=shares, n=n, shared=shared)
        found = majority_judgments(votes)
        one = majority_share(found, first)
        gap = majority_difference(found, first, second)
        n_share += one.low <= truth[0] <= one.high
        n_difference += gap.low <= truth[0] - truth[1] <= gap.high
    least = 0.95 - 3 * (0.95 * 0.05 / n_studies) ** 0.5 - 0.005
    assert n_share / n_studies >= least
    assert n_difference / n_studies >= least
