from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.agreement import alpha_interval
from analysis.statistics.reliability import (
    agreement_with_others,
    noise_ceiling,
    split_half_reliability,
)


def ratings(rng, *, n_units, n, spread):
    """Values 0 to 10 around the unit's own, independent between people."""
    own = rng.normal(5, 1, n_units)[:, None]
    said = np.clip(np.round(own + rng.normal(0, spread, (n_units, n))), 0, 10)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n),
            "who": np.tile(np.arange(n), n_units),
            "value": said.ravel(),
        }
    )


def test_it_is_the_correlation_of_halves_stepped_up():
    # The mean over 200 random halves, each stepped up by 2 r / (1 + r).
    rng = np.random.default_rng(1)
    frame = ratings(rng, n_units=400, n=8, spread=1.5)
    table = frame["value"].to_numpy().reshape(-1, 8)
    covered, spread = [], []
    for _ in range(200):
        order = rng.permutation(8)
        halves = table[:, order[:4]].mean(1), table[:, order[4:]].mean(1)
        covered.append(np.cov(*halves)[0, 1])
        spread.append((halves[0].var(ddof=1) + halves[1].var(ddof=1)) / 2)
    half = np.mean(covered) / np.mean(spread)
    found = split_half_reliability(frame, unit="unit", value="value", n=8)
    assert found.value == pytest.approx(2 * half / (1 + half), abs=0.004)


def test_the_ceiling_is_what_a_perfect_prediction_reaches():
    rng = np.random.default_rng(2)
    frame = ratings(rng, n_units=3000, n=16, spread=2.0)
    table = frame["value"].to_numpy().reshape(-1, 16)
    # What each unit really is: the first that the generator draws.
    perfect = np.random.default_rng(2).normal(5, 1, 3000)
    reached = np.corrcoef(table.mean(1), perfect)[0, 1]
    found = noise_ceiling(
        split_half_reliability(frame, unit="unit", value="value", rater="who", n=16)
    )
    assert found.value == pytest.approx(reached, abs=0.02)
    assert found.low < found.value < found.high


def test_ends_are_those_of_alpha_stepped_up():
    frame = ratings(np.random.default_rng(3), n_units=60, n=5, spread=1.5)
    alpha = alpha_interval(frame, unit="unit", value="value", scale="interval")
    found = split_half_reliability(frame, unit="unit", value="value", n=5)
    for end in ("value", "low", "high"):
        each = getattr(alpha, end)
        assert getattr(found, end) == pytest.approx(5 * each / (1 + 4 * each))
    assert "reliability of the mean of 5, from Krippendorff's alpha" in found.method


def test_what_has_no_reliability_is_not_a_number():
    # Opposite answers on every unit: alpha is far below zero, and so is no reliability.
    frame = pd.DataFrame({"unit": np.repeat(range(20), 2), "value": [0, 1] * 20})
    found = split_half_reliability(frame, unit="unit", value="value", n=9)
    assert np.isnan([found.value, found.low, found.high]).all()
    with pytest.raises(AnalysisError, match="1 response or more, got n = 0"):
        split_half_reliability(frame, unit="unit", value="value", n=0)


def said(*trials):
    """Trials as the letters that person 0, 1, 2, … chose; "-" for none."""
    rows = [
        {"trial": trial, "who": f"p{person}", "odd": letter}
        for trial, letters in enumerate(trials)
        for person, letter in enumerate(letters)
        if letter != "-"
    ]
    return pd.DataFrame(rows)


def agreeing(frame, **more):
    return agreement_with_others(frame, unit="trial", value="odd", rater="who", **more)


def test_agreement_with_the_most_of_the_others_by_hand():
    # aaab: each a meets two of three others, the b nobody. aabb: an a meets two b first.
    # abc: of the others one each, and none is one's own. a: nobody to agree with.
    found = agreeing(said("aaab", "aabb", "abc", "a"))
    assert found.value == pytest.approx((3 / 4 + 0 + 0) / 3)
    assert (found.n, found.n_stimuli, found.n_people) == (11, 3, 4)
    # One of two equally frequent: an a of aabb- beside one more a.
    assert agreeing(said("aab")).value == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)


def test_agreement_does_not_hang_on_names_or_order():
    frame = said("aaabbb-", "-abcabc", "bbbbbab")
    renamed = frame.assign(odd=frame["odd"].map({"a": "z", "b": "y", "c": "x"}))
    mixed = renamed.sample(frac=1.0, random_state=4)
    first, second = agreeing(frame), agreeing(mixed)
    assert (second.value, second.low, second.high) == pytest.approx(
        (first.value, first.low, first.high)
    )


def test_somebody_who_never_agrees_widens_the_interval():
    rng = np.random.default_rng(6)
    words = ["".join(rng.choice(list("abc"), 12, p=[0.7, 0.2, 0.1])) for _ in range(60)]
    # The same number of c on every trial: by one and the same person, or by all in turn.
    one = ["c" + word for word in words]
    turn = [word[: i % 13] + "c" + word[i % 13 :] for i, word in enumerate(words)]
    odd, even = agreeing(said(*one)), agreeing(said(*turn))
    assert odd.value == pytest.approx(even.value)
    assert odd.high - odd.low > 1.1 * (even.high - even.low)


def test_near_copies_widen_the_interval():
    rng = np.random.default_rng(1)
    words = ["aaaaaaaa", "aaaabbbb", "abcabcab", "aaaaaabb", "aaaaaaac", "abbbbccc"]
    # Whoever it is that says it: five copies of each scene, twice over.
    frame = said(
        *["".join(rng.permutation(list(w))) for w in words * 2 for _ in range(5)]
    )
    frame = frame.assign(scene=frame["trial"] // 5)
    alone, together = agreeing(frame), agreeing(frame, clusters=["scene"])
    assert together.value == alone.value
    assert together.high - together.low > 1.8 * (alone.high - alone.low)


def test_few_people_and_no_pairs_get_no_interval():
    found = agreeing(said("aab", "abb", "aaa"))
    assert np.isnan(found.low)
    assert "3 people do not show how people differ, at least 6 do" in found.method
    assert "one unit" in agreeing(said("aaaabb")).method
    assert (agreeing(said("a", "-b")).n, agreeing(said("a")).n) == (0, 0)


def test_unanimous_people_get_an_interval_below_one():
    found = agreeing(said(*["aaaaaaa"] * 30))
    assert found.value == 1
    assert 0.8 < found.low < 1


def test_nobody_responds_to_a_unit_twice():
    frame = said("ab")
    with pytest.raises(AnalysisError, match="somebody responded twice"):
        agreeing(pd.concat([frame, frame]))
