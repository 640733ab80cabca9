"""Confidence against what is right, by hand and against the definition."""

from __future__ import annotations

from itertools import pairwise
from math import isnan, pi, sqrt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.calibration import (
    calibration_error,
    confidence_gap,
    reliability_curve,
)


def votes(n_images=60, n_people=12, *, seed=0):
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.3, 1, n_images)
    rows = [
        (f"i{image}", f"p{person}", sure[image], int(rng.random() < sure[image]))
        for image in range(n_images)
        for person in rng.choice(n_people, 5, replace=False)
    ]
    return pd.DataFrame(rows, columns=["image", "participant", "confidence", "accepts"])


def test_bins_hold_as_many_images_and_every_vote():
    frame = votes()
    found = reliability_curve(frame)
    assert [each.n_images for each in found] == [20, 20, 20]
    assert sum(each.accepted.n for each in found) == len(frame)
    assert all(one.high < two.low for one, two in pairwise(found))
    first = frame[frame["confidence"] <= found[0].high]
    assert found[0].accepted.value == pytest.approx(first["accepts"].mean())
    of_images = first.drop_duplicates("image")["confidence"]
    assert found[0].confidence == pytest.approx(of_images.mean())
    assert found[0].accepted.low < found[0].accepted.value < found[0].accepted.high


def test_one_person_has_a_curve_without_an_interval():
    frame = votes().drop_duplicates("image").assign(participant="ann")
    found = reliability_curve(frame, n_bins=1)
    assert isnan(found[0].accepted.low)
    assert "participant" in found[0].accepted.method
    assert reliability_curve(frame.iloc[:0]) == []


def test_the_calibration_error_of_two_bins_by_hand():
    # 20 images at .9 of which 16 are right, 20 at .6 of which 14 are: .1 and -.1.
    sure = [0.9] * 20 + [0.6] * 20
    right = [1] * 16 + [0] * 4 + [1] * 14 + [0] * 6
    found = calibration_error(sure, right)
    assert found.n_bins == 2
    assert found.error == pytest.approx(0.1)
    assert found.gap == pytest.approx(0)
    # Variances .8 · .2 / 19 and .7 · .3 / 19 of the shares right.
    variances = np.array([0.16, 0.21]) / 19
    assert found.debiased == pytest.approx(sqrt(0.01 - variances.mean()))
    chance = np.sqrt(variances).mean() * sqrt(2 / pi)
    assert found.by_chance == pytest.approx(chance)
    # Every image of the first bin standing for three: 3/4 of .1 less 1/4 of .1.
    heavy = calibration_error(sure, right, weights=[3] * 20 + [1] * 20)
    assert heavy.gap == pytest.approx(0.05)
    assert heavy.error == pytest.approx(0.1)


def test_chance_alone_makes_the_error_positive_and_is_told():
    rng = np.random.default_rng(0)
    errors, chances, squares = [], [], []
    for _ in range(300):
        sure = rng.uniform(0.5, 1, 400)
        found = calibration_error(sure, rng.random(400) < sure)
        errors.append(found.error)
        chances.append(found.by_chance)
        squares.append(found.debiased)
    assert np.mean(errors) > 0.03
    assert np.mean(chances) == pytest.approx(np.mean(errors), rel=0.1)
    # Half of the squares are below zero and count as none.
    assert np.median(squares) < 0.01


def test_a_known_error_comes_back_without_the_part_of_chance():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        sure = rng.uniform(0.6, 1, 300)
        found.append(calibration_error(sure, rng.random(300) < sure - 0.1))
    # Too sure by .1 everywhere: the root mean square is .1, the plain error is more.
    assert np.mean([e.debiased for e in found]) == pytest.approx(0.1, abs=0.01)
    assert np.mean([e.gap for e in found]) == pytest.approx(0.1, abs=0.01)
    assert np.mean([e.error for e in found]) > 0.1


def test_strata_are_weighted_back():
    frame = votes(40)
    frame["stratum"] = np.where(frame["image"].str.len() > 2, "right", "error")
    means = (frame["confidence"] - frame["accepts"]).groupby(frame["stratum"]).mean()
    found = confidence_gap(frame, {"error": 10, "right": 90})
    assert found.value == pytest.approx(0.1 * means["error"] + 0.9 * means["right"])
    # Of ten images rather than a thousand, their share of errors is uncertain too.
    many = confidence_gap(frame, {"error": 10_000, "right": 90_000})
    away = means["error"] - means["right"]
    more = found.standard_error**2 - many.standard_error**2
    assert more == pytest.approx(0.1 * 0.9 * away**2 * (1 / 100 - 1 / 100_000))
    nothing = confidence_gap(frame, {"error": 10, "other": 90})
    assert nothing.n == 0
    assert isnan(nothing.value)


def test_bad_input_is_refused_in_words():
    frame = votes(10)
    with pytest.raises(AnalysisError, match=r"between 0 and 1, got 90 .50 such values"):
        reliability_curve(frame.assign(confidence=90))
    with pytest.raises(
        AnalysisError, match="image i0 has 5 values in column confidenc"
    ):
        reliability_curve(frame.assign(confidence=np.linspace(0, 1, len(frame))))
    with pytest.raises(
        AnalysisError, match="at least one bin is needed, got n_bins = 0"
    ):
        reliability_curve(frame, n_bins=0)
    with pytest.raises(
        AnalysisError, match="got 2 confidences, 1 of what is right and"
    ):
        calibration_error([0.1, 0.2], [1])
    with pytest.raises(AnalysisError, match="weights must be above zero"):
        calibration_error([0.1], [1], weights=[0])
    with pytest.raises(AnalysisError, match="got nan"):
        calibration_error([float("nan")], [1])
    with pytest.raises(AnalysisError, match="no stratum has images"):
        confidence_gap(frame.assign(stratum="a"), {"a": 0})
    empty = calibration_error([], [])
    assert empty.n_images == 0
    assert isnan(empty.error)
