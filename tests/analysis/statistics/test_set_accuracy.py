"""Accuracy against sets of accepted labels, by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.intervals import wilson
from analysis.statistics.set_accuracy import (
    accuracy_on_sets,
    sampled_accuracy,
    sets_difference,
    sets_from_votes,
)

SETS = [{"cat", "rug"}, {"dog"}, set(), {"fox"}, {"cat"}]


def test_images_without_a_set_are_left_out_and_counted():
    found = accuracy_on_sets(["rug", "cat", "cat", "fox", "cat"], SETS)
    assert repr(found.accuracy) == repr(wilson(3, 4))
    assert (found.n_images, found.n_empty) == (4, 1)
    nothing = accuracy_on_sets(["cat"], [[]])
    assert nothing.accuracy.n == 0
    assert isnan(nothing.accuracy.value)


def test_two_classifiers_are_compared_on_images_with_a_set():
    # First right on images 1, 2 and 5, second on 1 and 4: two against one discordant.
    first = ["cat", "dog", "cat", "cat", "cat"]
    second = ["rug", "cat", "dog", "fox", "dog"]
    found = sets_difference(first, second, SETS)
    assert found.estimate == pytest.approx(3 / 4 - 2 / 4)
    assert found.n == 4
    assert found.p_value == 1.0


def test_strata_drawn_at_their_own_rate_are_weighted_back():
    # 40 errors of which 10 are right, all put up; 20 of 60 right ones, 18 right.
    hits, drawn, sizes = (np.array(x, float) for x in ([10, 18], [40, 20], [40, 60]))
    found = sampled_accuracy(hits, drawn, sizes=sizes)
    value = 0.4 * 0.25 + 0.6 * 0.9
    inside = 0.4**2 * 0.25 * 0.75 / 40 + 0.6**2 * 0.9 * 0.1 / 20
    between = (0.4 * (0.25 - value) ** 2 + 0.6 * (0.9 - value) ** 2) / 100
    assert found.value == pytest.approx(value)
    assert found.standard_error == pytest.approx(np.sqrt(inside + between))
    # Put up whole, it is the binomial variance of all images.
    whole = sampled_accuracy(
        np.array([10.0, 54.0]), np.array([40.0, 60.0]), sizes=np.array([40.0, 60.0])
    )
    assert whole.standard_error == pytest.approx(np.sqrt(0.64 * 0.36 / 100))
    nobody = sampled_accuracy(np.zeros(2), np.array([4.0, 0.0]), sizes=np.ones(2))
    assert nobody.n == 0


def test_sets_are_made_of_votes():
    votes = pd.DataFrame(
        [
            (image, each, f"p{person}", person < n_yes)
            for image, each, n, n_yes in (
                ("i", "cat", 3, 3),
                ("i", "dog", 3, 2),
                ("i", "fox", 3, 1),
                ("j", "cat", 3, 0),
                ("j", "dog", 2, 2),
            )
            for person in range(n)
        ],
        columns=["image", "class", "participant", "accepts"],
    )
    found = sets_from_votes(votes, k=2, n=3)
    assert found.sets == {"i": {"cat", "dog"}, "j": frozenset()}
    assert found.n_unresolved == 1
    with pytest.raises(AnalysisError, match=r"k lies between 1 and n = 3, got k = 4"):
        sets_from_votes(votes, k=4, n=3)
    with pytest.raises(
        AnalysisError, match="image i, class cat has 3 votes; at most 2"
    ):
        sets_from_votes(votes, k=1, n=2)
    with pytest.raises(
        AnalysisError, match="somebody voted twice on an image and clas"
    ):
        sets_from_votes(pd.concat([votes, votes[:1]]), k=1, n=4)


def test_as_many_sets_as_predictions_are_asked_for():
    with pytest.raises(AnalysisError, match="got 1 predictions and 5 sets"):
        accuracy_on_sets(["cat"], SETS)
