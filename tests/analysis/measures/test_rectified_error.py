from __future__ import annotations

from math import isnan

import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.measures.accepted_predictions.numbers import accepted_shares
from analysis.measures.rectified_error.numbers import (
    comparisons,
    error_results,
    measured_shows,
    other_sides,
)
from analysis.reporting.report import report_sections
from tests.analysis.bundle_maker import Plan


def yes_votes(bundle):
    return bundle.votes.groupby("trial")["accepts"].agg(["sum", "size"])


def test_the_error_counts_wrong_images_with_too_few_yes_over_all_images(small):
    result = error_results(small)[0]
    uses = small.uses[small.uses["shows"] == "top1"]
    votes = yes_votes(small).reindex(uses["trial"])
    done = votes[votes["size"] == 5]
    n_wrong = small.classifiers[0].n_top1_wrong
    rejected = int((done["sum"] < 4).sum())
    assert len(uses) == n_wrong
    assert len(done) < n_wrong  # three trials were put to nobody
    assert result.rectified.value == pytest.approx(n_wrong / 120 * rejected / len(done))
    assert result.standard.value == n_wrong / 120


def test_bounds_hold_every_way_the_unresolved_could_go(small):
    result = error_results(small)[0]
    assert result.n_unresolved == 3
    assert result.high - result.low == pytest.approx(3 / 120)
    assert result.low < result.rectified.value < result.high


def test_the_histogram_adds_up_and_gives_the_error(small):
    result = error_results(small)[0]
    assert list(result.histogram.index) == [0, 1, 2, 3, 4, 5]
    assert result.histogram.sum() == len(result.judged.resolved)
    accepted = result.histogram[[4, 5]].sum() / result.histogram.sum()
    assert result.accepted.value == pytest.approx(accepted)
    assert result.rectified.value == pytest.approx(
        result.standard.value * (1 - accepted)
    )


def test_the_error_never_falls_when_more_yes_are_asked_for(small):
    values = [each.value for each in error_results(small)[0].by_k.values()]
    assert values == sorted(values)
    assert values[-1] <= error_results(small)[0].standard.value


@pytest.mark.parametrize("ask", ["any", "each"])
def test_one_collection_gives_both_top_5_numbers(make_bundle, ask):
    bundle = make_bundle(Plan(n_images=200, shows="top5-of-top1-errors", ask=ask))
    of_top1, of_top5 = error_results(bundle)
    counts = bundle.classifiers[0]
    assert (of_top1.shows, of_top5.shows) == measured_shows(bundle)
    assert of_top1.judged.n_wrong == counts.n_top1_wrong
    assert of_top5.judged.n_wrong == counts.n_top5_wrong
    # Beside both stands the top-5 error.
    assert of_top1.standard.value == of_top5.standard.value == counts.n_top5_wrong / 200
    inside = set(of_top5.judged.resolved["trial"])
    assert inside < set(of_top1.judged.resolved["trial"])
    assert of_top5.rectified.value <= of_top1.rectified.value


def test_a_grouped_set_without_top_5_errors_is_reported(make_bundle):
    # With classes in groups a label outside the five may still be right: the set
    # then marks no top-5 error, whatever the labels alone would say.
    plan = Plan(
        n_images=60,
        shows="top5-of-top1-errors",
        ask="any",
        classifiers=("a", "b"),
        has_images=False,
    )
    bundle = make_bundle(plan)
    kept = bundle.uses["shows"] != "top5-of-top5-errors"
    object.__setattr__(bundle, "uses", bundle.uses[kept].reset_index(drop=True))
    for entry in bundle.head["stimuli"]["classifiers"]:
        entry |= {"n_top5_wrong": 0, "n_top5_right": 60}
    of_top5 = error_results(bundle)[2]
    assert of_top5.shows == "top5-of-top5-errors"
    assert of_top5.rectified.value == of_top5.standard.value == 0
    assert (of_top5.rectified.low, of_top5.n_unresolved) == (0, 0)
    assert isnan(of_top5.accepted.value)
    assert [pair.rectified.value for pair in comparisons(bundle)][1] == 0
    assert report_sections(bundle)


def test_top_5_errors_only(make_bundle):
    bundle = make_bundle(Plan(n_images=150, shows="top5-of-top5-errors", ask="any"))
    (result,) = error_results(bundle)
    assert result.judged.n_wrong == bundle.classifiers[0].n_top5_wrong
    assert result.n_unresolved == 0


def test_two_classifiers_share_judgments_and_are_paired(make_bundle):
    bundle = make_bundle(Plan(n_images=200, classifiers=("a", "b")))
    by_name = {result.classifier: result for result in error_results(bundle)}
    (pair,) = comparisons(bundle)
    assert pair.rectified.value == pytest.approx(
        by_name["a"].rectified.value - by_name["b"].rectified.value
    )
    assert pair.standard == pytest.approx(
        by_name["a"].standard.value - by_name["b"].standard.value
    )
    shared = bundle.uses.groupby("trial")["classifier"].nunique()
    assert (shared == 2).sum() > 10


@pytest.mark.parametrize("shows", ["top1", "top5-of-top5-errors"])
def test_the_other_side_weighs_included_images_back(make_bundle, shows):
    plan = Plan(n_images=300, shows=shows, include_correct=0.4, has_images=False)
    bundle = make_bundle(plan)
    (side,) = other_sides(bundle)
    (result,) = error_results(bundle)
    counts = bundle.classifiers[0]
    n_right = 300 - (counts.n_top1_wrong if shows == "top1" else counts.n_top5_wrong)
    assert 0 < side.n_judged < n_right == side.n_right
    assert side.two_sided.value == pytest.approx(
        result.rectified.value + side.rejected.value * n_right / 300
    )


def test_a_set_of_top_1_errors_has_one_other_side(make_bundle):
    plan = Plan(
        n_images=60,
        shows="top5-of-top1-errors",
        ask="any",
        include_correct=0.3,
        has_images=False,
    )
    bundle = make_bundle(plan)
    (side,) = other_sides(bundle)
    assert side.n_right == 60 - bundle.classifiers[0].n_top1_wrong


def test_without_included_images_there_is_no_other_side(make_bundle):
    assert other_sides(make_bundle(Plan(n_images=40, include_correct=0))) == []


def test_nobody_yet_gives_no_number(make_bundle):
    bundle = make_bundle(Plan(n_images=40, n_dropped=10_000))
    (result,) = error_results(bundle)
    assert isnan(result.rectified.value)
    assert result.rectified.n == 0
    assert result.standard.n == 40
    assert result.low == 0
    assert result.high == result.standard.value


def test_more_errors_than_the_summary_counts_are_refused(make_bundle):
    bundle = make_bundle(Plan(n_images=40))
    twice = pd.concat([bundle.uses, bundle.uses], ignore_index=True)
    object.__setattr__(bundle, "uses", twice)
    with pytest.raises(AnalysisError, match="errors to judge"):
        error_results(bundle)


def test_unlabelled_pictures_give_a_share_and_no_error(make_bundle):
    bundle = make_bundle(Plan(n_images=60, kind="predictions"))
    assert error_results(bundle) == []
    (share,) = accepted_shares(bundle)
    votes = yes_votes(bundle)
    assert share.accepted.value == pytest.approx((votes["sum"] >= 4).mean())
    assert share.n_put_up == 60
