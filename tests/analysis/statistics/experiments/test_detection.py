from __future__ import annotations

from math import isnan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.errors import AnalysisError
from analysis.statistics.experiments.detection import detection
from tests.analysis.coverage.observers import Observers, draw, truth

NAMES: dict[str, Any] = {"says": "says", "signal": "signal"}


def person(name, *, hits, false_alarms, n=10):
    says = [1] * hits + [0] * (n - hits) + [1] * false_alarms + [0] * (n - false_alarms)
    return pd.DataFrame(
        {"participant": name, "signal": [1] * n + [0] * n, "says": says}
    )


def five(pairs):
    return pd.concat(
        person(f"p{place}", hits=h, false_alarms=f)
        for place, (h, f) in enumerate(pairs)
    )


def test_a_person_by_hand():
    found = detection(person("p", hits=8, false_alarms=3), **NAMES)
    row = found.people.loc["p"]
    z_hit, z_false = norm.ppf([8.5 / 11, 3.5 / 11])
    assert row["d_prime"] == pytest.approx(z_hit - z_false)
    assert row["criterion"] == pytest.approx(-(z_hit + z_false) / 2)


def test_the_mean_is_over_people_with_students_t():
    found = detection(five([(9, 2), (8, 3), (7, 1), (9, 4), (6, 2)]), **NAMES)
    values = found.people["d_prime"].to_numpy()
    half = 2.7764 * values.std(ddof=1) / sqrt(5)  # t of 4 degrees of freedom
    assert found.d_prime.value == pytest.approx(values.mean())
    assert found.d_prime.low == pytest.approx(values.mean() - half, abs=1e-4)
    # The correction takes a little off: the upper end lies further out by that.
    assert 0 < found.d_prime.high - values.mean() - half < 0.2
    assert (found.d_prime.n_people, found.d_prime.n) == (5, 100)
    assert found.d_prime.target == "these images"


def test_putting_people_together_makes_it_too_small():
    # Criteria spread by .7: pooled, 1.5 / sqrt(1 + .7²) = 1.23.
    world = Observers(n_people=400, n_trials=200, apart=0.0, bars=0.7, bar=0.0)
    frame, _ = draw(world, np.random.default_rng(5))
    yes = frame.groupby("signal")["says"].mean()
    pooled = norm.ppf(yes[True]) - norm.ppf(yes[False])
    assert pooled == pytest.approx(1.23, abs=0.03)
    assert detection(frame, **NAMES).d_prime.value == pytest.approx(1.5, abs=0.04)


def test_two_alternatives_have_their_own_formula():
    frame = person("p", hits=16, false_alarms=4, n=20)  # right in .8, no side preferred
    row = detection(frame, task="two alternatives", **NAMES).people.loc["p"]
    assert row["d_prime"] == pytest.approx(sqrt(2) * norm.ppf(16.5 / 21))
    assert row["criterion"] == pytest.approx(0)
    world = Observers(n_people=300, n_trials=100, alternatives=2, d_prime=1.0, bar=0.4)
    frame, strength = draw(world, np.random.default_rng(2))
    found = detection(frame, task="two alternatives", **NAMES)
    assert truth(world, strength) == pytest.approx((1.0, 0.4), abs=0.01)
    assert found.d_prime.value == pytest.approx(1.0, abs=0.07)
    assert found.criterion.value == pytest.approx(0.4, abs=0.07)


def test_few_people_and_few_trials_are_refused_in_words():
    frame = five([(9, 2), (8, 3), (7, 1), (9, 4)])
    found = detection(
        pd.concat([frame, person("q", hits=3, false_alarms=1, n=4)]), **NAMES
    )
    assert found.n_left_out == 1
    assert isnan(found.d_prime.low)
    assert found.d_prime.method == (
        "no interval: 4 people with 5 trials of either kind, at least 5 are needed"
    )
    nobody = detection(frame.iloc[:0], **NAMES)
    assert (nobody.d_prime.n, isnan(nobody.d_prime.value)) == (0, True)


def test_where_the_correction_decides_there_is_no_interval():
    found = detection(five([(10, 2), (10, 3), (7, 1), (9, 4), (6, 2)]), **NAMES)
    assert found.criterion.method == (
        "no interval: 2 of 5 people said the same to all signals or to all noise; more "
        "or harder trials a person are needed"
    )
    same = detection(five([(8, 2)] * 5), **NAMES)
    assert same.d_prime.method == "no interval: all people are alike"


def test_bad_responses_are_refused():
    frame = person("p", hits=8, false_alarms=3)
    with pytest.raises(AnalysisError, match="says must hold 0 and 1"):
        detection(frame.assign(says=2), **NAMES)
    with pytest.raises(AnalysisError, match="signal is empty"):
        detection(frame.assign(signal=None), **NAMES)
    with pytest.raises(AnalysisError, match="participant missing"):
        detection(frame.drop(columns="participant"), **NAMES)
