"""What is computed of a bundle once, and never taken for another bundle's."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from analysis.bundles.example import example_bundle
from analysis.bundles.kept import kept
from analysis.measures.rectified_error.numbers import error_results


def test_another_bundle_keeps_nothing_of_the_first():
    asked = []

    @kept
    def n_votes(bundle, scale=1):
        asked.append(scale)
        return scale * len(bundle.votes)

    bundle = example_bundle()
    assert [n_votes(bundle), n_votes(bundle), n_votes(bundle, scale=2)] == [12, 12, 24]
    assert asked == [1, 2]
    other = replace(bundle, responses=bundle.responses.iloc[:6])
    assert n_votes(other) < 12
    assert asked == [1, 2, 1]


def test_lists_of_kept_results_are_the_callers_own():
    bundle = example_bundle()
    error_results(bundle).clear()
    assert len(error_results(bundle)) == 1


def test_a_study_that_left_nobody_out_is_the_same_before_exclusion():
    bundle = example_bundle()
    assert bundle.before_exclusion is not bundle  # Dan was left out
    people = bundle.sessions["participant"] != "dan"
    rows = bundle.responses["participant"] != "dan"
    without = replace(
        bundle, sessions=bundle.sessions[people], responses=bundle.responses[rows]
    )
    assert without.before_exclusion is without
    is_valid = pd.Series([pd.NA, True, True, True], dtype="boolean")
    pending = without.sessions.assign(is_valid=is_valid.array)
    undecided = replace(without, sessions=pending)
    assert undecided.before_exclusion is not undecided
