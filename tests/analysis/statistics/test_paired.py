from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from analysis.errors import AnalysisError
from analysis.statistics.clustered import (
    mcnemar_exact,
    paired_difference,
    paired_permutation,
    permutation_difference,
)

NAMES: dict[str, Any] = {"value": "value", "condition": "shown", "a": "a", "b": "b"}


def pairs(first, second):
    both = [("a", first), ("b", second)]
    return pd.concat(
        pd.DataFrame({"pair": range(len(v)), "shown": name, "value": v})
        for name, v in both
    )


def test_students_sleep_data():
    # Student (1908): 10 patients, two drugs; t = 4.0621, p = .002833,
    # difference 1.58, 95 % interval .70 to 2.46.
    second = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    first = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = paired_difference(pairs(first, second), pair="pair", **NAMES)
    assert found.statistic == pytest.approx(4.0621, abs=5e-5)
    assert found.p_value == pytest.approx(0.002833, abs=5e-7)
    assert found.estimate == pytest.approx(1.58)
    assert found.n == 10
    assert (found.low, found.high) == pytest.approx((0.7001, 2.4599), abs=5e-5)


def test_a_pair_with_one_side_only_is_left_out_and_counted():
    frame = pairs([5.0, 6.0, 8.0], [4.0, 4.0, 5.0]).iloc[:-1]
    found = paired_difference(frame, pair="pair", **NAMES)
    assert (found.n, found.estimate) == (2, 1.5)
    assert found.method.endswith("1 without both conditions left out")


def test_no_spread_or_no_pairs_gives_words_and_no_p_value():
    same = paired_difference(pairs([2.0, 3.0], [1.0, 2.0]), pair="pair", **NAMES)
    assert isnan(same.p_value)
    assert same.method.endswith("no test: all pairs differ by the same")
    none = paired_difference(pairs([], []), pair="pair", **NAMES)
    assert (none.n, isnan(none.estimate)) == (0, True)


def test_sign_flips_of_darwins_maize():
    # Fisher (1935), The Design of Experiments, section 21: Darwin's 15 pairs; 1,726
    # of 2^15 = 32,768 patterns have a total as far from zero as 314: p = .0527.
    differences = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    found = paired_permutation(
        np.array(differences, float),
        rng=np.random.default_rng(0),
        n_permutations=2**15,
    )
    assert sum(differences) == 314
    assert found.p_value == pytest.approx(1726 / 32768)
    assert found.method == "sign-flip test, every sign pattern"
    drawn = paired_permutation(
        np.array(differences, float), rng=np.random.default_rng(0)
    )
    assert drawn.p_value == pytest.approx(1726 / 32768, abs=0.008)
    # The test just fails to refuse zero at 5 %, so the interval just holds it.
    assert -5 < found.low <= 0


def test_the_interval_holds_the_shifts_the_test_does_not_refuse():
    rng = np.random.default_rng(3)
    values = rng.normal(1, 1, 10)
    found = paired_permutation(values, rng=rng, n_permutations=1023)
    for shift, is_refused in (
        (found.low - 0.02, True),
        (found.low + 0.02, False),
        (found.high - 0.02, False),
        (found.high + 0.02, True),
    ):
        again = paired_permutation(values - shift, rng=rng, n_permutations=1023)
        assert (again.p_value <= 0.05) == is_refused


def test_dealing_units_out_anew_agrees_with_counting_every_deal():
    # 3 of 6 units: 20 deals, 2 as extreme as {.9 .8 .7}: p = .1 in the limit.
    frame = pd.DataFrame(
        {
            "person": list("abcdef"),
            "shown": ["a"] * 3 + ["b"] * 3,
            "value": [0.9, 0.8, 0.7, 0.4, 0.3, 0.2],
        }
    )
    found = permutation_difference(
        frame, unit="person", rng=np.random.default_rng(1), **NAMES
    )
    assert found.p_value == pytest.approx(0.1, abs=0.01)
    theirs = stats.permutation_test(
        (frame["value"][:3], frame["value"][3:]), lambda x, y: x.mean() - y.mean()
    )
    assert found.p_value == pytest.approx(theirs.pvalue, abs=0.01)


def test_dealing_recovers_a_known_shift():
    rng = np.random.default_rng(8)
    covered = []
    for _ in range(60):
        frame = pd.DataFrame(
            {
                "person": range(24),
                "shown": ["a"] * 10 + ["b"] * 14,
                "value": np.r_[rng.normal(2, 1, 10), rng.normal(1, 1, 14)],
            }
        )
        found = permutation_difference(
            frame, unit="person", rng=rng, n_permutations=399, **NAMES
        )
        covered.append(found.low <= 1 <= found.high)
    # 60 studies: 95 % less three standard errors (2.8 points).
    assert np.mean(covered) >= 0.86


def test_a_unit_in_both_conditions_is_a_pair():
    frame = pairs([1.0, 2.0], [1.0, 3.0])
    with pytest.raises(AnalysisError, match="pair 0 has rows in both conditions"):
        permutation_difference(
            frame, unit="pair", rng=np.random.default_rng(0), **NAMES
        )


def test_mcnemar_counts_the_pairs_that_changed():
    # 9 changed one way, 2 the other: P(X <= 2 or X >= 9 of 11) =
    # 2 · (1 + 11 + 55) / 2048 = .0654. Difference 7 / 20.
    first = [1] * 9 + [0] * 2 + [1] * 4 + [0] * 5
    second = [0] * 9 + [1] * 2 + [1] * 4 + [0] * 5
    found = mcnemar_exact(pairs(first, second), pair="pair", **NAMES)
    assert (found.statistic, found.n) == (9, 20)
    assert found.p_value == pytest.approx(134 / 2048)
    assert found.estimate == pytest.approx(0.35)
    # Agresti & Min: (9.5 - 2.5) / 22 ± 1.96 · sqrt(12 - 49 / 22) / 22.
    assert found.low == pytest.approx(7 / 22 - 1.959964 * np.sqrt(12 - 49 / 22) / 22)
    theirs = mcnemar([[4, 9], [2, 5]], exact=True)
    assert found.p_value == pytest.approx(theirs.pvalue)


def test_mcnemar_refuses_what_is_not_one_yes_or_no_per_pair():
    twice = pd.concat([pairs([1, 0], [0, 0]), pairs([1], [1])])
    with pytest.raises(AnalysisError, match=r"rows 5, 6 .pair 0, shown a. came before"):
        mcnemar_exact(twice, pair="pair", **NAMES)
    with pytest.raises(AnalysisError, match=r"0 and 1 .* got 2 in row 1"):
        mcnemar_exact(pairs([2, 0], [0, 0]), pair="pair", **NAMES)


@settings(max_examples=30, deadline=None)
@given(
    differences=st.lists(st.integers(-9, 9), min_size=2, max_size=8),
    scale=st.floats(0.01, 100),
)
@example(differences=[3, -7, -9, 6, 7], scale=9.446335577332313)  # they cancel
def test_sign_flips_do_not_depend_on_the_unit_or_on_the_side(differences, scale):
    rng = np.random.default_rng(0)
    values = np.array(differences, float)
    one = paired_permutation(values, rng=rng)
    other = paired_permutation(-scale * values, rng=rng)
    if isnan(one.p_value):
        assert not values.any()
        return
    assert one.p_value == pytest.approx(other.p_value)
    assert 2 / 2 ** len(values) <= one.p_value <= 1
