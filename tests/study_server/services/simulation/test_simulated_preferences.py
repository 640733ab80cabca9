"""Simulated people prefer by what each picture is worth; strengths come back."""

from __future__ import annotations

import pytest

from analysis.bundles.reading import read_bundle
from analysis.measures.preferences.numbers import circles, preferred
from analysis.measures.side_bias.numbers import place_shares
from tests.study_server.preference_set import WORTH, write_preference_set
from tests.study_server.services.simulation.test_simulated_paradigms import (
    empty,
    simulated,
)

__all__ = ["empty"]

STUDY = """
[study]
name = "preference"
title = "Which shows it better?"
paradigm = "prefer"
seed = 4
[prefer]
asks = "{asks}"
no_difference = {ties}
[design]
responses_per_trial = {n}
trials_per_block = {per_block}
n_practice = 0
[analysis]
agreement = 1
[quality]
min_catch_accuracy = 0
[recruiter.simulated]
mix = {{careful = 1.0}}
"""


def bundle_of(services, folder, *, n, n_sources, tie=0.0, **more):
    """A study of everything that people do of these pictures."""
    stimuli = write_preference_set(folder / "set", n_sources=n_sources, tie=tie, **more)
    toml = STUDY.format(
        asks=more.get("question", "preferred"),
        ties="true" if tie else "false",
        n=n,
        per_block=n_sources,
    )
    return read_bundle(simulated(services, folder, toml=toml, stimuli=stimuli))


def check_strengths(found):
    """Every difference's interval holds what simulated people went by."""
    names = sorted(WORTH)
    for place, one in enumerate(names):
        for other in names[:place]:
            difference = found.strengths.difference(one, other)
            wanted = WORTH[one] - WORTH[other]
            assert difference.low < wanted < difference.high, (one, other, difference)


def test_strengths_come_back_inside_their_intervals(empty, tmp_path):
    (found,) = preferred(bundle_of(empty, tmp_path, n=3, n_sources=10))
    assert len(found.choices) == 3 * 30
    check_strengths(found)
    # What leads by 1.2 and by .7 log odds is found to.
    assert found.strengths.difference("robust", "plain").low > 0
    assert found.against("robust", "plain").value > 0.6


@pytest.mark.slow
def test_ties_places_and_circles_of_many_people(empty, tmp_path):
    bundle = bundle_of(empty, tmp_path, n=12, n_sources=24, tie=0.6)
    (found,) = preferred(bundle)
    check_strengths(found)
    # Of two that are worth the same 0.6 / 2.6 see no difference, of others fewer.
    assert 0.12 < found.no_difference.value < 0.6 / 2.6
    for each in place_shares(bundle):
        assert each.chosen.low < 0.5 < each.chosen.high
        assert each.n_always == 0
    # By strength circles are rarer than one in four.
    assert circles(found)[1].share < 0.25


@pytest.mark.slow
def test_best_and_worst_give_the_same_strengths(empty, tmp_path):
    (found,) = preferred(
        bundle_of(
            empty, tmp_path, n=20, n_sources=24, question="best-and-worst", n_shown=3
        )
    )
    assert len(found.choices) == 2 * 20 * 24
    check_strengths(found)
