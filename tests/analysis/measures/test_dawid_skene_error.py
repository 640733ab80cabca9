"""The rectified error by Dawid and Skene's model."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.elements.sections import DataTable, Prose
from analysis.measures.dawid_skene_error.numbers import modelled_errors
from analysis.measures.dawid_skene_error.section import DawidSkeneErrorMeasure
from analysis.statistics.modelled_share import fit_in_groups, modelled_share
from tests.analysis.bundle_maker import Plan


def simulated(rng, *, n_images=500, n_people=40, per_person=25):
    """Errors a third of which are right, people with rates of their own."""
    n_wrong = int(rng.binomial(n_images, 0.4))
    is_right = rng.random(n_wrong) < 1 / 3
    true_yes, false_yes = rng.beta(18, 2, n_people), rng.beta(2, 8, n_people)
    rows = []
    for person in range(n_people):
        for trial in rng.choice(n_wrong, per_person, replace=False):
            rate = (true_yes if is_right[trial] else false_yes)[person]
            rows.append((f"t{trial}", person, bool(rng.random() < rate)))
        for foil in range(4):
            rows.append((f"no{foil}", person, bool(rng.random() < false_yes[person])))
    votes = pd.DataFrame(rows, columns=["task", "worker", "label"])
    known = pd.Series(False, index=[f"no{foil}" for foil in range(4)])
    trials = pd.Series([f"t{trial}" for trial in range(n_wrong)])
    return votes, known, trials


def estimate(rng):
    votes, known, trials = simulated(rng)
    fits = fit_in_groups(votes, known, [trials], n_groups=20)
    wrong = trials.map(fits.fit.posteriors[False]).dropna()
    return modelled_share(
        wrong.to_numpy(), fits.left_out[:, 0], n_images=500, n_wrong=len(trials)
    )


def coverage(n_studies):
    rng = np.random.default_rng(20180911)
    found = [estimate(rng) for _ in range(n_studies)]
    truth = 0.4 * 2 / 3
    mean = float(np.mean([each.value for each in found]))
    return mean - truth, float(np.mean([e.low <= truth <= e.high for e in found]))


def test_the_model_recovers_the_share_that_is_wrong_indeed():
    away, covered = coverage(5)
    # One study has a standard error of about 2 points, five of 0.9.
    assert abs(away) < 0.03
    assert covered >= 3 / 5


@pytest.mark.slow
def test_the_intervals_of_the_model_cover():
    # Imagined votes and few votes per person take about a point off.
    away, covered = coverage(200)
    assert abs(away) < 0.015
    assert 0.92 <= covered <= 0.99


def test_without_groups_that_differ_images_alone_are_uncertain():
    wrong = np.array([1.0] * 3 + [0.0] * 5)
    found = modelled_share(wrong, np.full(4, 3 / 8), n_images=20, n_wrong=8)
    # Three of twenty: p (1 - p) / 20 with p = .15.
    assert found.value == pytest.approx(0.15)
    assert found.standard_error == pytest.approx(np.sqrt(0.15 * 0.85 / 20))


def test_groups_that_differ_widen_the_interval_by_the_jackknife():
    wrong = np.array([1.0] * 3 + [0.0] * 5)
    left_out = np.array([0.3, 0.4, 0.5])
    found = modelled_share(wrong, left_out, n_images=20, n_wrong=8)
    # 2/3 of the squared deviations (.1^2 + 0 + .1^2), times (8/20)^2.
    people = 2 / 3 * 0.02 * 0.4**2
    assert found.standard_error**2 == pytest.approx(0.15 * 0.85 / 20 + people)


def test_nobody_gives_nan_with_n_zero():
    found = modelled_share(np.zeros(0), np.zeros(0), n_images=20, n_wrong=8)
    assert isnan(found.value)
    assert found.n == 0


def test_it_stands_beside_k_of_n(small):
    found = modelled_errors(small)
    assert found is not None
    (error,) = found.errors
    assert error.rectified.low < error.rectified.value < error.rectified.high
    assert error.rectified.value <= error.at_k.standard.value
    assert found.true_yes > found.false_yes
    assert 0.5 < error.agreement <= 1
    (section,) = DawidSkeneErrorMeasure().sections(small)
    assert section.is_exploratory
    (table,) = (block for block in section.blocks if isinstance(block, DataTable))
    assert table.shown["4 of 5"].iloc[0].startswith("22.4 %")


def test_one_person_is_not_enough(make_bundle):
    several = make_bundle(Plan(n_images=40, has_images=False))
    first = several.votes["participant"].iloc[0]
    only = several.responses["participant"] == first
    bundle = replace(several, responses=several.responses[only])
    assert modelled_errors(bundle) is None
    (section,) = DawidSkeneErrorMeasure().sections(bundle)
    assert isinstance(section.blocks[-1], Prose)
    assert section.blocks[-1].kind == "warning"
