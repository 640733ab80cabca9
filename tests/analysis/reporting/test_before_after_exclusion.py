"""Before and after exclusion, and what was fixed before."""

from __future__ import annotations

import re
from math import isnan

import pytest

from analysis.elements.sections import Prose
from analysis.measures import MEASURES
from analysis.measures.rectified_error.numbers import error_results
from analysis.measures.rectified_error.section import RectifiedErrorMeasure
from analysis.reporting.before_after_exclusion import (
    before_after_section,
    before_and_after,
)
from analysis.reporting.report import report_sections
from analysis.reporting.report_parts import is_confirmatory, report_parts
from tests.analysis.bundle_maker import Plan, rehash


def test_each_headline_is_computed_before_and_after(small):
    table = before_and_after(small, MEASURES)
    row = table[table["measure"] == "rectified-error"].iloc[0]
    before = error_results(small, small.votes_before_exclusion)[0]
    after = error_results(small)[0]
    assert row["before_value"] == before.rectified.value
    assert row["after_value"] == after.rectified.value
    assert row["after_n"] == len(after.judged.resolved)
    assert before.rectified.value != after.rectified.value


def test_exclusion_that_changes_nothing_says_so(make_bundle):
    plan = Plan(n_images=40, invalid_share=0, has_images=False)
    section = before_after_section(make_bundle(plan), MEASURES)
    assert section is not None
    assert isinstance(section.blocks[-1], Prose)
    assert "changes none of these numbers" in section.blocks[-1].text


def test_nobody_at_all_gives_nan_with_n_zero(make_bundle):
    bundle = make_bundle(Plan(n_images=40, n_dropped=10_000, has_images=False))
    table = before_and_after(bundle, MEASURES)
    row = table[table["measure"] == "rectified-error"].iloc[0]
    assert isnan(row["before_value"])
    assert (row["before_n"], row["after_n"]) == (0, 0)


def found_parts(bundle):
    return {
        part.id: [section.id for section in part.sections]
        for part in report_parts(bundle, report_sections(bundle))
    }


def test_what_was_fixed_stands_apart_from_what_was_not(small):
    found = found_parts(small)
    assert list(found) == ["frozen", "exploratory", "study"]
    assert found["frozen"][0] == "result"
    # Nobody fixed these where the study file names no measure: they describe.
    described = {"by-k", "agreement", "controls", "class-by-class"}
    assert not described & set(found["frozen"])
    assert {"by-k", "agreement", "controls"} <= set(found["exploratory"])
    assert found["study"] == [
        "flow",
        "exclusion",
        "quality",
        "method",
        "limits",
        "amendments",
    ]


def test_a_study_that_was_not_frozen_confirms_nothing(make_bundle):
    bundle = make_bundle(Plan(n_images=40, has_images=False))
    bundle.head["study"]["frozen_at"] = None
    assert list(found_parts(bundle)) == ["exploratory", "study"]
    (first, _) = report_parts(bundle, report_sections(bundle))
    assert "not frozen" in first.note


@pytest.mark.parametrize(
    ("named", "is_fixed"), [("rectified-error", True), ("yes-bias", False)]
)
def test_only_measures_the_study_file_names_are_confirmatory(
    make_bundle, named, is_fixed
):
    bundle = make_bundle(Plan(n_images=40, has_images=False))
    path = bundle.folder / "study.toml"
    path.write_text(f'{path.read_text()}[analysis]\nconfirmatory = ["{named}"]\n')
    rehash(bundle.folder)
    assert is_confirmatory(bundle, RectifiedErrorMeasure()) is is_fixed
    first = found_parts(bundle)["frozen"]
    assert ("result" in first) is is_fixed


def test_hypotheses_stand_above_what_they_are_about(make_bundle):
    bundle = make_bundle(Plan(n_images=40, has_images=False))
    bundle.head["hypotheses"] = ["a is better than b"]
    (first, *_) = report_parts(bundle, report_sections(bundle))
    assert re.search(r"frozen at 2030-01-01 09:00 UTC", first.note)
    assert "(1) a is better than b" in first.note
