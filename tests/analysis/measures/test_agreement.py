from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.elements.sections import DataTable
from analysis.measures import MEASURES
from analysis.measures.agreement.numbers import (
    PEOPLE,
    consistencies,
    decisions_of_classifiers,
    field_agreements,
    rated,
)
from analysis.measures.agreement.section import AgreementMeasure
from analysis.statistics.agreement import fleiss_kappa, krippendorff_alpha
from tests.analysis.bundle_maker import Plan


def graded(bundle, *, shared=0.6, seed=0):
    """The bundle with labels of correct uses, and keys that people and net share."""
    rng = np.random.default_rng(seed)
    responses = bundle.responses.copy()
    trials = sorted(set(bundle.uses["trial"]))
    net = dict(zip(trials, rng.random(len(trials)) < 0.7, strict=True))
    is_shared = dict(zip(trials, rng.random(len(trials)) < shared, strict=True))
    own = rng.random(len(responses)) < 0.7
    right = [
        (net[trial] if is_shared[trial] else mine) if trial in net else None
        for trial, mine in zip(responses["trial"], own, strict=True)
    ]
    responses["is_right"] = pd.array(right, dtype="boolean")
    uses = bundle.uses.assign(label="1", shows="prediction")
    uses["predicted"] = np.where(uses["trial"].map(net), "1", "2")
    return replace(bundle, responses=responses, uses=uses)


def test_the_table_says_what_the_functions_say(small):
    (found,) = field_agreements(small)
    votes = small.votes
    alpha = krippendorff_alpha(votes, unit="trial", value="accepts")
    assert (found.question, found.field) == ("relevant", "relevant")
    assert found.alpha.value == pytest.approx(alpha)
    assert found.alpha.low < alpha < found.alpha.high
    n_votes = votes.groupby("trial")["accepts"].transform("size")
    whole = votes[n_votes == small.n]
    assert found.fleiss == pytest.approx(
        fleiss_kappa(whole, unit="trial", value="accepts")
    )
    # Few trials in common per pair: the pooled kappa is near alpha all the same.
    assert found.cohen == pytest.approx(alpha, abs=0.1)
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


def test_without_a_key_there_is_no_consistency(small):
    assert consistencies(small) == []
    blocks = AgreementMeasure().sections(small)[0].blocks
    tables = [block.name for block in blocks if isinstance(block, DataTable)]
    assert tables == ["agreement_of_people"]


def test_shared_errors_come_back_between_people_and_with_the_classifier(make_bundle):
    # Where the fate is shared (60 % of trials) all agree, else by chance: kappa .6.
    bundle = graded(make_bundle(Plan(n_images=500, include_correct=1.0)))
    people, machine = consistencies(bundle)
    assert (people.between, machine.between) == (PEOPLE, "people with net-a")
    for each in (people, machine):
        assert each.kappa.value == pytest.approx(0.6, abs=0.09)
        assert each.kappa.low < each.kappa.value < each.kappa.high
        assert each.people_right == pytest.approx(0.7, abs=0.06)
    assert machine.classifier_right == pytest.approx(0.7, abs=0.06)
    (section,) = AgreementMeasure().sections(bundle)
    tables = [block for block in section.blocks if isinstance(block, DataTable)]
    assert [table.name for table in tables] == [
        "agreement_of_people",
        "error_consistency",
    ]
    assert list(tables[1].shown["who"]) == [PEOPLE, "people with net-a"]


def test_a_classifier_that_always_errs_is_left_out(small):
    bundle = graded(small)
    bundle = replace(bundle, uses=bundle.uses.assign(predicted="2"))
    assert [each.between for each in consistencies(bundle)] == [PEOPLE]


def test_several_classes_or_no_label_are_no_decision(small):
    uses = small.uses.head(3).assign(
        predicted=["1", "1|2", "1"], label=["1", "1", ""], trial=["a", "b", "c"]
    )
    found = decisions_of_classifiers(replace(small, uses=uses))
    assert found.to_dict("records") == [
        {"decider": "net-a", "trial": "a", "right": True}
    ]


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
