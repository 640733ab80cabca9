from __future__ import annotations

import re
from math import isnan

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.errors import AnalysisError
from analysis.statistics.experiments.psychometric import (
    METHOD,
    OF_ONE,
    psychometric_curve,
)
from tests.analysis.coverage.psychometric import LevelWorld, draw


def study(share, *, levels=(1, 2, 4, 8, 16), n_people=12, n_images=40, seed=0):
    """Everybody meets every image at one level; right as often as `share` says."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(n_people), n_images)
    image = np.tile(np.arange(n_images), n_people)
    level = np.array(levels, dtype=float)[(person + image) % len(levels)]
    return pd.DataFrame(
        {
            "participant": person,
            "image": image,
            "level": level,
            "right": rng.random(len(level)) < share(level),
        }
    )


def rising(level, *, guess=0.25, lapse=0.02, at=4.0, slope=2.5):
    return guess + (1 - guess - lapse) * expit(slope * np.log(level / at))


def jumping():
    """Exactly a quarter is right up to level 2, all from level 4 on."""
    frame = study(rising)
    nth = frame.groupby("level").cumcount()
    return frame.assign(right=(frame["level"] > 3) | (nth % 4 == 0))


def curve(frame, **given):
    options = {"guess": 0.25, "stimulus": "image", **given}
    return psychometric_curve(frame, level="level", right="right", **options)


def test_a_known_curve_comes_back():
    frame = study(rising, n_people=60, n_images=100)
    found = curve(frame)
    assert found.threshold.low < 4.0 < found.threshold.high
    assert found.threshold.value == pytest.approx(4.0, rel=0.06)
    # 2.5 log odds per factor e are 2.5 ln 10 per tenfold.
    assert found.slope == pytest.approx(2.5 * np.log(10), rel=0.15)
    assert found.lapse == pytest.approx(0.02, abs=0.02)
    assert found.threshold.method == METHOD
    assert found.share_at([found.threshold.value])[0] == pytest.approx(
        0.25 + (0.75 - found.lapse) / 2
    )


def test_shares_that_fall_have_a_slope_below_zero():
    frame = study(
        lambda level: 0.5 + 0.5 * expit(8 * (0.3 - level)),
        levels=(0.0, 0.15, 0.3, 0.45, 0.6),
        n_people=40,
    )
    found = curve(frame, guess=0.5, scale="linear")
    assert found.slope < 0
    assert found.threshold.low < 0.3 < found.threshold.high
    assert found.share_at([0.0])[0] > found.share_at([0.6])[0]


def test_levels_in_another_unit_give_the_threshold_in_that_unit():
    frame = study(rising)
    one = curve(frame).threshold
    other = curve(frame.assign(level=frame["level"] * 100)).threshold
    assert other.value == pytest.approx(100 * one.value, rel=1e-4)
    assert other.low == pytest.approx(100 * one.low, rel=1e-3)


def test_people_who_differ_widen_the_interval():
    rng = np.random.default_rng(1)
    frame = study(rising, n_people=20)
    lean = rng.normal(0, 1.0, 20)[frame["participant"]]
    share = rising(frame["level"].to_numpy(), at=4.0 * np.exp(lean))
    frame = frame.assign(right=rng.random(len(frame)) < share)
    clustered = curve(frame).threshold
    # The same responses, as if each came from another person.
    alone = curve(frame.assign(participant=range(len(frame)))).threshold
    assert clustered.standard_error > 1.5 * alone.standard_error


def test_one_observer_is_of_no_people():
    frame = study(rising, n_people=5, n_images=60)
    found = curve(frame, participant=None).threshold
    assert (found.n_people, found.method) == (0, OF_ONE)
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (study(rising, n_people=7), "7 people say too little about others, 8"),
        (study(rising, n_images=19), "19 stimuli or clusters are too few"),
        (study(rising, levels=(1, 16)), "2 levels show no curve, 3 are needed"),
        (study(lambda level: level > 0), "all responses are right"),
        (study(lambda level: 0 * level + 0.6), "hardly change|halfway lies beyond"),
        (study(lambda level: rising(level, at=60.0)), "halfway lies beyond the levels"),
        (jumping(), "jump between 2 and 4"),
        (study(lambda level: rising(level, slope=9.0)), "jump between 2 and 8"),
    ],
)
def test_why_there_is_no_interval(frame, why):
    found = curve(frame).threshold
    assert isnan(found.low)
    assert isnan(found.high)
    assert re.search(why, found.method), found.method


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"level": 0.0}, "must lie above 0"),
        ({"right": 2}, "0 and 1"),
        ({"image": None}, "column image is empty"),
    ],
)
def test_bad_columns_are_named(change, why):
    with pytest.raises(AnalysisError, match=why):
        curve(study(rising).assign(**change))


def test_a_guess_must_be_a_share():
    with pytest.raises(AnalysisError, match="guess"):
        curve(study(rising), guess=1.0)


def test_no_rows_give_no_curve():
    found = curve(study(rising).iloc[:0])
    assert found.threshold.n == 0
    assert isnan(found.threshold.value)
    assert not found.is_fitted


def test_a_likelihood_of_several_hills_has_its_ends_or_says_why_not():
    # Looking for an end, the fit changed hills at one and the same place.
    world = LevelWorld(
        n_people=8, n_each=30, slope=20.0, middle=-0.58, people=0.05, images=0.05
    )
    found = curve(draw(world, np.random.default_rng(110))).threshold
    assert found.low < found.value < found.high or "no interval" in found.method
