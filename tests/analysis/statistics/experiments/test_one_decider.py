from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.statistics.experiments.one_decider import share_of_one
from analysis.statistics.intervals import wilson


def decisions(n_images=50, n_repeats=1, seed=0):
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(n_images), n_repeats)
    hard = rng.random(n_images)[image]
    return pd.DataFrame(
        {"image": image, "scene": image // 5, "right": rng.random(len(image)) < hard}
    )


def test_images_met_once_have_wilsons_interval():
    frame = decisions()
    found = share_of_one(frame, value="right", stimulus="image")
    known = wilson(float(frame["right"].sum()), 50)
    assert (found.low, found.high) == (known.low, known.high)
    assert (found.target, found.n_people) == ("images like these", 0)


def test_decisions_that_repeat_themselves_count_once():
    once = decisions(n_images=200)
    often = pd.concat([once] * 5)
    found = share_of_one(often, value="right", stimulus="image")
    alone = share_of_one(once, value="right", stimulus="image")
    assert found.n == 1000
    assert found.high - found.low == pytest.approx(alone.high - alone.low, rel=0.05)


def test_near_copies_widen_it():
    frame = decisions(n_images=200)
    alike = frame.assign(right=frame.groupby("scene")["right"].transform("first"))
    wide = share_of_one(alike, value="right", stimulus="image", clusters=["scene"])
    narrow = share_of_one(alike, value="right", stimulus="image")
    assert wide.high - wide.low > 1.7 * (narrow.high - narrow.low)


def test_too_few_of_what_comes_back_give_no_interval():
    frame = decisions(n_images=9, n_repeats=4)
    found = share_of_one(frame, value="right", stimulus="image")
    assert isnan(found.low)
    assert found.method == "no interval: 9 stimuli or clusters are too few"


def test_nothing_is_not_zero():
    found = share_of_one(decisions().iloc[:0], value="right", stimulus="image")
    assert isnan(found.value)
    assert found.n == 0
