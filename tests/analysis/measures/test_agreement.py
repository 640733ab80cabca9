from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.bundles.clusters import clustered_by
from analysis.elements.sections import DataTable, Prose
from analysis.measures import MEASURES
from analysis.measures.agreement.numbers import (
    field_agreements,
    rated,
)
from analysis.measures.agreement.section import AgreementMeasure
from analysis.statistics.agreement import fleiss_kappa, krippendorff_alpha


def test_the_table_says_what_the_functions_say(small):
    (found,) = field_agreements(small)
    votes = small.votes
    alpha = krippendorff_alpha(votes, unit="trial", value="accepts")
    assert (found.question, found.field) == ("relevant", "relevant")
    assert found.alpha.value == pytest.approx(alpha)
    assert found.alpha.low < alpha < found.alpha.high
    n_votes = votes.groupby("trial")["accepts"].transform("size")
    whole = votes[n_votes == small.n]
    assert found.fleiss.value == pytest.approx(
        fleiss_kappa(whole, unit="trial", value="accepts")
    )
    # Few trials in common per pair: the pooled kappa is near alpha all the same.
    assert found.cohen.value == pytest.approx(alpha, abs=0.1)
    assert found.n_participants == votes["participant"].nunique()


def test_only_counted_responses_are_in_it(small):
    rows = rated(small)
    counted = small.responses[small.responses["is_counted"]]
    assert len(rows) == len(counted) == len(small.votes)
    assert set(rows["trial"]) <= set(small.trials.query("role == 'main'")["trial"])


def test_conditions_get_rows_of_their_own(small):
    half = small.trials.index % 2 == 0
    trials = small.trials.assign(condition=np.where(half, "whole", "part"))
    found = field_agreements(replace(small, trials=trials))
    assert [each.condition for each in found] == ["", "part", "whole"]
    assert found[0].alpha.n == found[1].alpha.n + found[2].alpha.n


def test_reliability_is_that_of_as_many_responses_as_a_trial_asks_for(small):
    (found,) = field_agreements(small)
    alpha, n = found.alpha, small.n
    assert n == 5
    for name in ("value", "low", "high"):
        each = getattr(alpha, name)
        stepped = n * each / (1 + (n - 1) * each)
        assert getattr(found.reliability, name) == pytest.approx(stepped)
        assert getattr(found.ceiling, name) == pytest.approx(stepped**0.5)
    (section,) = AgreementMeasure().sections(small)
    tables = [block for block in section.blocks if isinstance(block, DataTable)]
    assert [table.name for table in tables] == [
        "agreement_of_people",
        "reliability_of_people",
    ]
    assert "mean of 5 responses" in tables[1].caption


def test_few_people_are_said_to_stand_for_themselves(small):
    people = sorted(small.votes["participant"].unique())[:12]
    kept = small.responses["participant"].isin(people)
    few = replace(small, responses=small.responses[kept])
    (section,) = AgreementMeasure().sections(few)
    notes = [
        block.text
        for block in section.blocks
        if isinstance(block, Prose) and block.kind == "note"
    ]
    assert any("these people and other units (12 people" in note for note in notes)


def test_clusters_of_images_are_respected(small):
    (whole,) = field_agreements(small)
    (clustered,) = field_agreements(clustered_by(small, ["class"]))
    assert clustered.alpha.value == whole.alpha.value
    assert clustered.alpha.standard_error != whole.alpha.standard_error


def test_numbers_of_an_imported_study_are_taken_on_every_scale(small):
    rng = np.random.default_rng(0)
    responses = small.responses.assign(
        value=rng.integers(1, 8, len(small.responses)).astype(str)
    )
    head = {**small.head, "study": {**small.head["study"], "paradigm": "elsewhere"}}
    found = field_agreements(replace(small, responses=responses, head=head))
    assert [each.scale for each in found] == ["nominal", "ordinal", "interval"]
    ours = field_agreements(replace(small, responses=responses))
    assert [each.scale for each in ours] == ["nominal"]


def test_nothing_counted_is_no_section(small):
    empty = replace(small, responses=small.responses.iloc[:0])
    assert not AgreementMeasure().applies(empty)
    assert any(isinstance(measure, AgreementMeasure) for measure in MEASURES)
