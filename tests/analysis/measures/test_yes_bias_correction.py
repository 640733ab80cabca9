"""The correction for yes-bias as a measure of a bundle."""

from __future__ import annotations

from math import isnan

import pytest

from analysis.elements.sections import DataTable, Prose
from analysis.measures.rectified_error.numbers import error_results
from analysis.measures.yes_bias.numbers import accepted_by_draw, control_votes
from analysis.measures.yes_bias_correction.numbers import corrected_errors
from analysis.measures.yes_bias_correction.section import YesBiasCorrectionMeasure
from tests.analysis.bundle_maker import Plan


@pytest.fixture(scope="session")
def corrected_bundle(tmp_path_factory):
    import numpy as np

    from analysis.bundles.reading import read_bundle
    from tests.analysis.bundle_maker import write_bundle

    folder = tmp_path_factory.mktemp("corrected") / "bundle"
    plan = Plan(n_images=400, include_correct=0.2, has_images=False)
    return read_bundle(write_bundle(folder, plan, rng=np.random.default_rng(5)))


def test_the_corrected_error_follows_from_its_parts(corrected_bundle):
    bundle = corrected_bundle
    (result,) = error_results(bundle)
    (found,) = corrected_errors(bundle)
    controls = control_votes(bundle)
    foils = controls[controls["control"] == "hard_foil"]
    a0 = accepted_by_draw(foils, k=4, n=5).mean()
    right = bundle.uses.loc[bundle.uses["shows"] == "correct-top1", "trial"]
    n_yes = bundle.votes[bundle.votes["trial"].isin(right)].groupby("trial")["accepts"]
    a1 = (n_yes.sum() >= 4).mean()
    q = result.accepted.value
    share_wrong = result.standard.value
    assert found.uses == "right predictions put up as well"
    assert not found.is_bound
    assert found.correction.unclipped == pytest.approx(
        share_wrong * (1 - (q - a0) / (a1 - a0))
    )
    assert found.correction.corrected.standard_error > result.rectified.standard_error


def test_without_hard_foils_the_report_says_why_nothing_is_corrected(make_bundle):
    bundle = make_bundle(Plan(n_images=60, has_images=False))
    hard = bundle.trials["control"] == "hard_foil"
    trials = bundle.trials.assign(control=bundle.trials["control"].mask(hard, "other"))
    object.__setattr__(bundle, "trials", trials)
    assert all(isnan(c.correction.corrected.value) for c in corrected_errors(bundle))
    (section,) = YesBiasCorrectionMeasure().sections(bundle)
    assert section.is_exploratory
    assert not any(isinstance(block, DataTable) for block in section.blocks)
    warning = section.blocks[-1]
    assert isinstance(warning, Prose)
    assert warning.text.startswith("Not corrected: 0 hard foils have enough votes")


def test_the_table_names_what_each_rate_rests_on(corrected_bundle):
    (section,) = YesBiasCorrectionMeasure().sections(corrected_bundle)
    (table,) = (block for block in section.blocks if isinstance(block, DataTable))
    assert list(table.numbers["n_foils"]) == [12]
    assert "%" in table.shown["corrected"].iloc[0]


def test_where_true_yes_was_not_measured_there_is_a_bound_in_words(make_bundle):
    plan = Plan(n_images=400, include_correct=0.0, has_images=False)
    bundle = make_bundle(plan)
    (found,) = corrected_errors(bundle)
    assert found.is_bound
    assert found.correction.corrected.low == 0
    (section,) = YesBiasCorrectionMeasure().sections(bundle)
    assert not any(isinstance(block, DataTable) for block in section.blocks)
    said = section.blocks[-1]
    assert isinstance(said, Prose)
    high = 100 * found.correction.corrected.high
    assert f"the corrected error is at most {high:.1f} % of all images" in said.text
    assert found.uses in said.text
