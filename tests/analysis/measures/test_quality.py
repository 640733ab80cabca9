"""Quality as a part of the report."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from analysis.elements.sections import DataTable, Prose
from analysis.measures.quality.section import QualityMeasure
from tests.analysis.bundle_maker import Plan


def tables(bundle) -> dict[str, DataTable]:
    (section,) = QualityMeasure().sections(bundle)
    return {b.name: b for b in section.blocks if isinstance(b, DataTable)}


def test_every_participant_is_in_the_numbers_and_the_flagged_come_first(make_bundle):
    bundle = make_bundle(Plan(n_images=300, invalid_share=0.4))
    people = tables(bundle)["quality_participants"]
    stayed = bundle.sessions.query("state != 'withdrawn'")["participant"]
    assert set(people.numbers["participant"]) == set(stayed)
    is_flagged = (people.numbers["flags"] != "").tolist()
    assert is_flagged == sorted(is_flagged, reverse=True)
    assert any(is_flagged)
    assert len(people.shown) == min(12, len(people.numbers))
    said = tables(bundle)["quality_flags"].numbers
    assert len(said) == sum(is_flagged)


def test_disagreement_of_trials_is_that_of_the_votes(make_bundle):
    bundle = make_bundle(Plan(n_images=60, invalid_share=0.0))
    numbers = tables(bundle)["quality_trials"].numbers.set_index("trial")
    n_yes = bundle.votes.groupby("trial")["accepts"].sum()
    # With k of five yes, k (5 - k) of the ten pairs differ.
    expected = n_yes * (5 - n_yes) / 10
    pd.testing.assert_series_equal(
        numbers["disagreement"].sort_index(),
        expected.astype(float),
        check_names=False,
    )


def test_nobody_left_gives_no_section(make_bundle):
    bundle = make_bundle(Plan(n_images=20))
    gone = replace(bundle, sessions=bundle.sessions.assign(state="withdrawn"))
    assert QualityMeasure().sections(gone) == []
    empty = replace(bundle, responses=bundle.responses.iloc[:0])
    assert not QualityMeasure().applies(empty)


def test_one_rater_has_no_agreement_and_no_figure(make_bundle):
    bundle = make_bundle(Plan(n_images=20))
    first = bundle.sessions.query("state == 'completed'")["participant"].iloc[0]
    alone = replace(
        bundle, responses=bundle.responses[bundle.responses["participant"] == first]
    )
    (section,) = QualityMeasure().sections(alone)
    assert [getattr(b, "name", "") for b in section.blocks] == [
        "",  # the summary
        "",  # what a flag means
        "quality_participants",
    ]
    first_block = section.blocks[0]
    assert isinstance(first_block, Prose)
    assert "agreed with others in –" in first_block.text
