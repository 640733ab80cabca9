from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
    deciding = found.swings[found.swings["swing"] != 0]
    assert set(deciding["image"]) == {"a", "c"}


def test_a_share_with_unanimous_raters_is_wilsons():
    # Nobody decides alone among six who agree: raters add nothing.
    votes = _votes({f"i{n}": "yyyyyy" if n < 6 else "nnnnnn" for n in range(10)})
    share = majority_share(
        majority_judgments(votes), pd.Index([f"i{n}" for n in range(10)])
    )
    alone = wilson(6, 10)
    assert share.value == pytest.approx(0.6)
    assert (share.low, share.high) == pytest.approx((alone.low, alone.high))


def test_a_share_of_zero_has_a_bound_that_a_few_disputed_images_widen_a_little():
    plain = {f"i{n}": "nnnnnnn" for n in range(30)}
    disputed = plain | {f"i{n}": "yyynnnn" for n in range(3)}
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
    words = {f"i{n}": "yyyyyy" if n % 5 < 3 else "nnnnnn" for n in range(20)}
    found = majority_judgments(_votes(words))
    first, second = (pd.Index([f"i{n}" for n in r]) for r in (range(10), range(10, 20)))
    apart = majority_difference(found, first, second)
    same = majority_difference(found, first, first)
    assert apart.value == same.value == pytest.approx(0)
    assert same.standard_error == pytest.approx(0)
    # Score bounds are not symmetric, so the interval is narrow but not a point.
    assert same.high - same.low < 0.2 * (apart.high - apart.low)


def test_few_raters_give_a_share_and_a_reason_instead_of_an_interval():
    words = {f"i{n}": "yyyyy" if n < 6 else "nnnny" for n in range(10)}
    found = majority_judgments(_votes(words))
    first, second = pd.Index(["i0", "i1", "i9"]), pd.Index(["i7", "i8"])
    for estimate in (
        majority_share(found, first),
        majority_difference(found, first, second),
    ):
        assert estimate.value == pytest.approx(2 / 3)
        assert np.isnan(estimate.low)
        assert np.isnan(estimate.high)
        assert estimate.method.startswith("5 raters do not show how raters differ")
    more = majority_judgments(
        _votes({image: word + "y" for image, word in words.items()})
    )
    assert majority_share(more, first).method == ""


def test_everybody_who_rated_counts_as_a_rater():
    # Nobody decides alone among seven who agree, and seven there are.
    found = majority_judgments(_votes({"a": "yyyyyyy", "b": "nnnnnnn"}))
    assert majority_share(found, pd.Index(["a", "b"])).n_people == 7
