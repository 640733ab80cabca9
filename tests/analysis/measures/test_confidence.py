"""Confidence of classifiers against acceptance by people."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.elements.sections import DataTable, Drawing, Prose
from analysis.measures.confidence.numbers import ERRORS, RIGHT, confidences
from analysis.measures.confidence.section import ConfidenceMeasure
from tests.analysis.bundle_maker import Plan


def with_confidence(bundle, *, but_not=0):
    """The same bundle, whose stimuli say how sure the classifier was."""
    rng = np.random.default_rng(0)
    uses = bundle.uses.drop_duplicates("trial").set_index("trial")["predicted"]
    slots = bundle.trials.set_index("trial")["slots"].map(json.loads)
    said = {
        slots[trial]["target"]: json.dumps(
            [
                {
                    "classifier": "net-a",
                    "classes": [predicted],
                    "probabilities": [round(float(rng.uniform(0.3, 1)), 3)],
                }
            ]
        )
        for trial, predicted in uses.iloc[but_not:].items()
    }
    known = bundle.stimuli["stimulus"].map(said).fillna("[]")
    return replace(bundle, stimuli=bundle.stimuli.assign(predictions=known))


@pytest.fixture
def both(make_bundle):
    return with_confidence(make_bundle(Plan(include_correct=0.5, has_images=False)))


def blocks(bundle, kind):
    (section,) = ConfidenceMeasure().sections(bundle)
    return [each for each in section.blocks if isinstance(each, kind)]


def test_errors_and_right_predictions_have_a_curve_each(both):
    (found,) = confidences(both)
    assert set(found.curves) == {ERRORS, RIGHT}
    uses = both.uses.drop_duplicates(["trial", "shows"])
    for kind, shows in ((ERRORS, "top1"), (RIGHT, "correct-top1")):
        trials = uses.loc[uses["shows"] == shows, "trial"]
        mine = both.votes[both.votes["trial"].isin(trials)]
        curve = found.curves[kind]
        n_yes = sum(each.accepted.value * each.accepted.n for each in curve)
        assert n_yes == pytest.approx(mine["accepts"].sum())
        assert sum(each.n_images for each in curve) == trials.nunique()


def test_what_is_right_is_weighted_back_to_every_image(both):
    (found,) = confidences(both)
    (classifier,) = both.classifiers
    assert found.by_labels is not None
    assert found.gap is not None
    sure = {
        kind: np.average(
            [each.confidence for each in curve],
            weights=[each.n_images for each in curve],
        )
        for kind, curve in found.curves.items()
    }
    share_wrong = classifier.n_top1_wrong / classifier.n_seen
    mean = share_wrong * sure[ERRORS] + (1 - share_wrong) * sure[RIGHT]
    # By the labels right predictions are right, and errors are not.
    assert found.by_labels.gap == pytest.approx(mean - (1 - share_wrong))
    yes = {
        kind: np.average(
            [each.accepted.value for each in curve],
            weights=[each.accepted.n for each in curve],
        )
        for kind, curve in found.curves.items()
    }
    accepted = share_wrong * yes[ERRORS] + (1 - share_wrong) * yes[RIGHT]
    assert found.gap.value == pytest.approx(mean - accepted, abs=1e-6)
    assert found.gap.low < found.gap.value < found.gap.high


def test_the_report_tells_curve_errors_and_gap(both):
    tables = {each.name: each for each in blocks(both, DataTable)}
    rows = tables["calibration_errors"].shown["right by"].to_list()
    assert rows == ["the labels", "4 of 5 people", "votes of people"]
    assert "nan" not in tables["calibration_errors"].shown.to_string()
    (drawing,) = blocks(both, Drawing)
    assert "net-a, errors: " in drawing.alt
    assert drawing.figure.axes[0].get_xlabel() == "confidence of the classifier"


def test_errors_alone_have_a_curve_and_no_calibration_error(make_bundle):
    bundle = with_confidence(
        make_bundle(Plan(n_images=60, include_correct=0, has_images=False)), but_not=3
    )
    (found,) = confidences(bundle)
    assert set(found.curves) == {ERRORS}
    assert (found.gap, found.by_labels, found.by_people) == (None, None, None)
    assert found.n_unknown == 3
    said = [each.text for each in blocks(bundle, Prose)]
    assert any("no calibration error can be given" in text for text in said)
    assert any("of 3 predictions; they are left out" in text for text in said)


def test_unlabelled_pictures_are_all_there_are(make_bundle):
    bundle = with_confidence(
        make_bundle(Plan(n_images=60, kind="predictions", has_images=False))
    )
    (found,) = confidences(bundle)
    assert found.by_labels is None
    assert found.by_people is not None
    accepted = bundle.votes["accepts"].mean()
    (table,) = (t for t in blocks(bundle, DataTable) if t.name == "confidence")
    assert table.numbers["n_votes"].sum() == len(bundle.votes)
    weighted = table.numbers["accepted"] @ table.numbers["n_votes"]
    assert weighted / len(bundle.votes) == pytest.approx(accepted)


def test_without_confidence_there_is_no_section(small):
    assert not ConfidenceMeasure().applies(small)
    assert confidences(small) == []
    assert isinstance(small.stimuli, pd.DataFrame)
