"""The rectified error corrected for how readily people say yes."""

from __future__ import annotations

from itertools import combinations
from math import comb, isnan

import numpy as np
import pandas as pd
import pytest

from analysis.statistics.correction import (
    MIN_TRIALS,
    corrected_error,
    error_at_most,
    panel_rate,
)
from analysis.statistics.k_of_n import Stratum

N, K = 5, 4


def cast(**by_trial):
    """Votes from strings: a="110" is yes, yes, no of participants p0, p1, p2."""
    rows = [
        (trial, f"p{person}", letter == "1")
        for trial, letters in by_trial.items()
        for person, letter in enumerate(letters)
    ]
    return pd.DataFrame(rows, columns=["trial", "participant", "accepts"])


def certain(n_trials, word):
    letters = {f"{word}{number}": word for number in range(n_trials)}
    return panel_rate(cast(**letters), k=K, n=N)


def test_a_panel_rate_is_the_mean_over_every_panel():
    letters = {"a": "1110010", "b": "111111", "c": "00000"}
    rate = panel_rate(cast(**letters), k=K, n=N)
    # Seven voters with four yes: a panel of five accepts if it holds all four, which
    # 3 of the 21 panels do. Six of six yes: always. Five no: never.
    assert comb(7, 5) == 21
    by_hand = [
        np.mean([sum(map(int, panel)) >= K for panel in combinations(word, N)])
        for word in letters.values()
    ]
    assert by_hand == pytest.approx([3 / 21, 1, 0])
    assert rate.value == pytest.approx(np.mean(by_hand))
    assert rate.n_trials == 3


def test_with_exactly_n_votes_a_swing_is_a_deciding_vote():
    rate = panel_rate(cast(a="11110", b="11100"), k=K, n=N)
    # In a, each yes decides (the others have three yes) and the no does not (four).
    # In b, each no decides (three others say yes). Mean of deciding votes: 4 / 6.
    swings = rate.deciding.swings.set_index(["image", "participant"])["swing"]
    assert swings["a"].to_list() == pytest.approx([(1 - 4 / 6) / 2] * 4)
    assert swings["b"].to_list() == pytest.approx([-4 / 6 / 2] * 2)


def test_trials_with_too_few_votes_are_left_out():
    assert panel_rate(cast(a="1111"), k=K, n=N).n_trials == 0
    assert isnan(panel_rate(cast(a="1111"), k=K, n=N).value)


def test_the_correction_by_hand():
    # 100 images, 40 wrong, 16 of them accepted: q = .4. Of 20 foils 4 are accepted:
    # a0 = .2. Nothing but yes to what is right: a1 = 1. tau = (.4 - .2) / .8 = .25,
    # corrected = .4 * .75 = .30; uncorrected .4 * .6 = .24.
    letters = {f"y{i}": "11111" for i in range(16)} | {
        f"n{i}": "00000" for i in range(24)
    }
    foils = {f"f{i}": "11111" for i in range(4)} | {f"g{i}": "00000" for i in range(16)}
    judged = pd.DataFrame({"image": list(letters), "trial": list(letters)})
    false_yes = panel_rate(cast(**foils), k=K, n=N)
    found = corrected_error(
        Stratum(n_images=40, judged=judged),
        cast(**letters),
        n_images=100,
        k=K,
        false_yes=false_yes,
        true_yes=certain(20, "11111"),
    )
    assert found.right == pytest.approx(0.25)
    assert found.corrected.value == pytest.approx(0.30)
    # Nobody decides anything, so images and foils alone are uncertain. Per image:
    # wrong ones .75 - .30, right ones .30, and 1/.8 of each error's deviation
    # (16 * .6^2 + 24 * .4^2 = 9.6); foils: 40 * .75/.8 * .4 * sqrt(1 / 19).
    images = 40 * 0.45**2 + 60 * 0.30**2 + 9.6 / 0.8**2
    foil_part = (40 * 0.75 / 0.8) ** 2 * 0.16 / 19
    expected = np.sqrt(images + foil_part) / 100
    assert found.corrected.standard_error == pytest.approx(expected)
    without = np.sqrt(images) / 100
    assert found.corrected.standard_error > without
    bound = error_at_most(
        Stratum(n_images=40, judged=judged),
        cast(**letters),
        n_images=100,
        k=K,
        false_yes=false_yes,
    )
    assert bound.corrected.value == pytest.approx(0.30)
    assert bound.corrected.low == 0
    # One tail: less far up than the end of a two-sided interval.
    assert 0.30 < bound.corrected.high < found.corrected.high
    assert bound.corrected.method == "an upper bound"


def test_the_rarer_what_is_right_is_accepted_the_fewer_errors_are_left():
    letters = {f"y{i}": "11111" for i in range(16)} | {
        f"n{i}": "00000" for i in range(24)
    }
    judged = pd.DataFrame({"image": list(letters), "trial": list(letters)})
    known = {f"r{i}": "11111" for i in range(16)} | {f"s{i}": "00000" for i in range(4)}
    stratum = Stratum(n_images=40, judged=judged)
    never = certain(20, "00000")
    bound = error_at_most(stratum, cast(**letters), n_images=100, k=K, false_yes=never)
    found = corrected_error(
        stratum,
        cast(**letters),
        n_images=100,
        k=K,
        false_yes=never,
        true_yes=panel_rate(cast(**known), k=K, n=N),
    )
    # tau is .4 where true yes is 1, .4 / .8 = .5 where it is .8.
    assert bound.corrected.value == pytest.approx(0.24)
    assert found.corrected.value == pytest.approx(0.20)


@pytest.mark.parametrize(
    ("false_yes", "true_yes", "reason"),
    [
        (certain(MIN_TRIALS - 1, "00000"), certain(20, "11111"), "9 hard foils"),
        (
            certain(MIN_TRIALS, "00000"),
            certain(3, "11111"),
            "3 predictions known to be right",
        ),
        (certain(20, "11111"), certain(20, "11111"), "do not tell them apart"),
    ],
    ids=["foils", "right", "alike"],
)
def test_too_little_to_correct_with_is_refused_in_words(false_yes, true_yes, reason):
    letters = {"a": "11111", "b": "00000"}
    found = corrected_error(
        Stratum(n_images=2, judged=pd.DataFrame({"image": ["a"], "trial": ["a"]})),
        cast(**letters),
        n_images=10,
        k=K,
        false_yes=false_yes,
        true_yes=true_yes,
    )
    assert reason in found.refused
    assert isnan(found.corrected.value)
    assert found.corrected.n == 0
