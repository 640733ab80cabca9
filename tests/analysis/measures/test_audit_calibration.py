"""The researcher's audit as a yardstick for k."""

from __future__ import annotations

from math import isnan

import pandas as pd
import pytest

from analysis.measures.audit.numbers import audited_levels, resolved_errors
from analysis.measures.audit.section import AuditMeasure
from analysis.measures.audit_calibration.numbers import calibration
from analysis.measures.audit_calibration.section import AuditCalibrationMeasure
from tests.analysis.bundle_maker import Plan


def audited(bundle, verdicts):
    """The bundle with an audit: for each number of yes votes, yes and no judgments."""
    resolved = resolved_errors(bundle)
    rows = []
    for n_yes, (n_accepted, n_rejected) in verdicts.items():
        trials = resolved.index[resolved["n_yes"] == n_yes]
        said = [True] * n_accepted + [False] * n_rejected
        rows += list(zip(trials, said, strict=False))
    frame = pd.DataFrame(rows, columns=["trial", "accepts"])
    at = pd.Timestamp("2030-01-02", tz="UTC")
    object.__setattr__(bundle, "audit", frame.assign(at=at))
    return bundle


VERDICTS = {0: (0, 2), 1: (0, 2), 2: (1, 3), 3: (3, 1), 4: (4, 0), 5: (3, 0)}


@pytest.fixture
def judged(make_bundle):
    return audited(make_bundle(Plan(n_images=200, has_images=False)), VERDICTS)


def test_every_share_by_hand(judged):
    sizes = resolved_errors(judged)["n_yes"].value_counts()
    total = sizes.sum()
    rate = {j: yes / (yes + no) for j, (yes, no) in VERDICTS.items()}
    found = calibration(judged)
    assert found.n_audited == 19
    assert found.accepted.value == pytest.approx(
        sum(sizes[j] * rate[j] for j in sizes.index) / total
    )
    for level in found.levels:
        lenient = sum(sizes[j] * (1 - rate[j]) for j in sizes.index if j >= level.k)
        strict = sum(sizes[j] * rate[j] for j in sizes.index if j < level.k)
        assert level.too_lenient.value == pytest.approx(lenient / total)
        assert level.too_strict.value == pytest.approx(strict / total)
        assert level.agreement.value == pytest.approx(1 - (lenient + strict) / total)
        assert level.accepted == pytest.approx(
            sizes[sizes.index >= level.k].sum() / total
        )


def test_the_best_k_is_where_the_researcher_turns(judged):
    # Three yes votes are right in 3 of 4, two in 1 of 4: the bar belongs at three.
    found = calibration(judged)
    assert found.best == (3,)
    share_of_three = (resolved_errors(judged)["n_yes"] == 3).mean()
    gain = found.levels[2].gain
    # Lowering the bar from four to three gains 3/4 and loses 1/4 of them.
    assert gain.value == pytest.approx(share_of_three * (3 / 4 - 1 / 4))
    assert gain.value == pytest.approx(
        found.levels[2].agreement.value - found.levels[3].agreement.value
    )
    assert gain.low < 0 < gain.high  # four judgments are few
    (section,) = AuditCalibrationMeasure().sections(judged)
    said = getattr(section.blocks[1], "text", "")
    assert "k\u00a0=\u00a03 agrees with that most often" in said
    assert "within noise" in said


def test_every_gain_is_the_difference_of_both_agreements(judged):
    found = calibration(judged)
    own = found.levels[judged.k - 1].agreement.value
    for level in found.levels:
        assert level.gain.value == pytest.approx(level.agreement.value - own)
        assert level.gain.low <= level.gain.value <= level.gain.high


def test_numbers_of_votes_that_nobody_audited_are_named(make_bundle):
    bundle = make_bundle(Plan(n_images=200, has_images=False))
    bundle = audited(bundle, {4: (2, 0), 5: (2, 0)})
    found = calibration(bundle)
    assert found.best == ()
    assert found.missing == (0, 1, 2, 3)
    assert all(isnan(level.agreement.value) for level in found.levels)
    assert all(level.agreement.n == level.gain.n == 0 for level in found.levels)
    (section,) = AuditCalibrationMeasure().sections(bundle)
    assert "no trial with 0, 1, 2, 3 yes votes" in getattr(
        section.blocks[1], "text", ""
    )


def test_the_audit_says_which_numbers_of_votes_it_lacks(judged):
    partly = audited(judged, {n: said for n, said in VERDICTS.items() if n > 1})
    levels = audited_levels(partly)
    assert isnan(levels[0].false_positive.value)
    assert levels[0].false_positive.method == "no trial with 1 yes votes was audited"
    assert levels[1].false_positive.method == ""
    (section,) = AuditMeasure().sections(partly)
    said = [getattr(block, "text", "") for block in section.blocks]
    assert any(text.startswith("No number for at least 1 yes votes") for text in said)
