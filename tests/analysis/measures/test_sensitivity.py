"""Which votes count, and each person left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.elements.sections import DataTable
from analysis.measures.rectified_error.numbers import error_results
from analysis.measures.sensitivity.numbers import by_rule, leave_one_out, valid_votes
from analysis.measures.sensitivity.section import SensitivityMeasure
from tests.analysis.bundle_maker import Plan


@pytest.fixture
def with_more(make_bundle):
    """A bundle asked for three votes that has five of each trial."""
    bundle = make_bundle(Plan(n_images=80, has_images=False))
    bundle.head["design"] |= {"responses_per_trial": 3, "agreement": 2}
    single = bundle.responses
    counted = single["is_counted"] & (
        single[single["is_counted"]].groupby("trial").cumcount() < 3
    )
    object.__setattr__(bundle, "responses", single.assign(is_counted=counted))
    for name in ("single_responses", "votes"):
        bundle.__dict__.pop(name, None)
    return bundle


def test_the_first_n_are_the_result_of_the_study(with_more):
    table = by_rule(with_more).set_index("rule")
    (result,) = error_results(with_more)
    assert table.loc["first", "rectified"] == pytest.approx(result.rectified.value)
    assert table.loc["first", "n_more"] == len(result.judged.resolved)


def test_random_votes_are_the_mean_of_many_draws(with_more):
    table = by_rule(with_more).set_index("rule")
    votes = valid_votes(with_more)
    (result,) = error_results(with_more)
    votes = votes[votes["trial"].isin(result.judged.resolved["trial"])]
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(400):
        shuffled = votes.iloc[rng.permutation(len(votes))]
        n_yes = shuffled.groupby("trial").head(3).groupby("trial")["accepts"].sum()
        drawn.append((n_yes < 2).mean() * result.standard.value)
    spread = float(table["spread"]["random"])
    assert table.loc["random", "rectified"] == pytest.approx(
        np.mean(drawn), abs=4 * spread / np.sqrt(400)
    )
    assert spread == pytest.approx(np.std(drawn), rel=0.15)


def test_all_votes_ask_for_the_same_share_of_yes(with_more):
    table = by_rule(with_more).set_index("rule")
    votes = valid_votes(with_more)
    (result,) = error_results(with_more)
    votes = votes[votes["trial"].isin(result.judged.resolved["trial"])]
    # 2 of 3 is 3.33 of 5: four yes are needed.
    n_yes = votes.groupby("trial")["accepts"].sum()
    expected = (n_yes < 4).mean() * result.standard.value
    assert table.loc["all", "rectified"] == pytest.approx(expected)


def slowly_without(bundle, person):
    """The rectified error with this person's votes taken out of the tables."""
    votes = valid_votes(bundle)
    votes = votes[votes["participant"] != person]
    votes = votes.groupby("trial").head(bundle.n)
    columns = ["trial", "participant", "accepts"]
    return error_results(bundle, votes[columns])[0].rectified.value


@pytest.mark.parametrize("fixture", ["with_more", "small"])
def test_leaving_out_is_the_same_as_computing_anew(fixture, request):
    bundle = request.getfixturevalue(fixture)
    table = leave_one_out(bundle)
    assert table["participant"].nunique() == bundle.votes["participant"].nunique()
    for row in table.head(6).itertuples():
        expected = slowly_without(bundle, row.participant)
        assert row.rectified_without == pytest.approx(expected), row.participant
    sizes = table["shift"].abs()
    assert sizes.is_monotonic_decreasing
    (result,) = error_results(bundle)
    assert table["shift"].to_numpy() == pytest.approx(
        table["rectified_without"].to_numpy() - result.rectified.value
    )


def test_one_panel_that_judged_everything_leaves_nothing(make_bundle):
    bundle = make_bundle(
        Plan(n_images=20, block=100, invalid_share=0, has_images=False)
    )
    assert leave_one_out(bundle)["rectified_without"].isna().all()
    (section,) = SensitivityMeasure().sections(bundle)
    assert not any(isinstance(block, DataTable) for block in section.blocks)


def test_the_section_shows_the_ten_largest_and_keeps_all(small):
    (section,) = SensitivityMeasure().sections(small)
    (table,) = (block for block in section.blocks if isinstance(block, DataTable))
    assert len(table.shown) == min(10, len(table.numbers))
    assert isinstance(table.numbers, pd.DataFrame)
    assert len(table.numbers) == small.votes["participant"].nunique()
