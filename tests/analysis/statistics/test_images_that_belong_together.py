"""What clusters of images make of every variance that is made of images, by hand."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from analysis.statistics.correction import panel_rate
from analysis.statistics.image_clusters import ways_of
from analysis.statistics.majority_shares import majority_judgments, majority_share
from analysis.statistics.modelled_share import modelled_share
from analysis.statistics.parts.alike import alikeness_within
from analysis.statistics.set_accuracy import accuracy_on_sets, sets_difference

FOUR = list("abcd")
PAIRS = pd.DataFrame({"scene": ["s", "s", "t", "t"]}, index=FOUR)


def test_a_rate_of_panels():
    votes = pd.DataFrame(
        {"trial": FOUR, "participant": FOUR, "accepts": [True, True, False, False]}
    )
    # Chances 1 1 0 0, away from their mean by a half each.
    alone = panel_rate(votes, k=1, n=1)
    assert alone.standard_error == pytest.approx(sqrt(4 * 0.25 * 4 / 3) / 4)
    # Totals of the pairs 1 and -1, of two draws.
    told = panel_rate(votes, k=1, n=1, clusters=PAIRS)
    assert told.standard_error == pytest.approx(sqrt(2 * 2) / 4)
    assert (alone.n_draws, told.n_draws) == (4, 2)


def test_a_share_of_a_model():
    wrong = np.array([1.0, 1.0, 0.0, 0.0])
    nobody = np.array([])
    alone = modelled_share(wrong, nobody, n_images=4, n_wrong=4)
    assert alone.standard_error == pytest.approx(sqrt(1 / 16))
    ways = ways_of(FOUR, PAIRS)
    told = modelled_share(wrong, nobody, n_images=4, n_wrong=4, ways=ways)
    assert told.standard_error == pytest.approx(sqrt(2 / 16))


def test_a_share_by_majority():
    # Everybody says the same of an image, so that nobody decides.
    votes = pd.DataFrame(
        [(image, rater, image in "ab") for image in FOUR for rater in range(7)],
        columns=["image", "participant", "says"],
    )
    found = majority_judgments(votes)
    alone, told = (
        majority_share(found, pd.Index(FOUR), clusters=clusters)
        for clusters in (None, PAIRS)
    )
    assert alone.standard_error == pytest.approx(sqrt(4 * 0.25) / 4)
    assert told.standard_error == pytest.approx(sqrt(2) / 4)
    assert told.low < alone.low < alone.high < told.high


def test_accuracy_on_sets():
    said, sets = ["x"] * 4, [["x"], ["x"], ["y"], ["y"]]
    alone, told = (
        accuracy_on_sets(said, sets, clusters=clusters).accuracy
        for clusters in (None, PAIRS)
    )
    assert told.standard_error == pytest.approx(sqrt(2) * alone.standard_error)
    found = sets_difference(["x"] * 4, ["z"] * 4, sets, clusters=PAIRS)
    # Totals 1 and -1 about a mean of a half, and half an image in four cells.
    assert found.estimate == 0.5
    assert found.statistic == pytest.approx(2 / sqrt(2 + 1))
    assert sets_difference(["x"], ["z"], [[]], clusters=PAIRS).n == 0


def test_images_of_one_class_are_no_clusters_of_it():
    outcomes = pd.Series([1.0, 1, 0, 0, 1, 0], index=list("abcdef"))
    group = np.array([0, 0, 0, 0, 1, 1])
    of_class = pd.DataFrame({"class": group}, index=outcomes.index)
    alone = alikeness_within(outcomes, group, 3, of_class)
    assert alone.effects().tolist() == [1, 1, 1]
    scenes = of_class.assign(scene=[0, 0, 1, 1, 2, 3])
    found = alikeness_within(outcomes, group, 3, scenes)
    # One mate each in the first class, none in the second; four of six images in all.
    assert found.mates.tolist() == pytest.approx([1, 0, 4 / 6])
    assert found.correlation == 1
