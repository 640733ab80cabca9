from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.bundles.clusters import clustered_by
from analysis.bundles.frames import table_of
from analysis.elements.sections import DataTable, Drawing, Prose
from analysis.measures.error_consistency.numbers import (
    PEOPLE,
    consistencies,
    decisions_of_classifiers,
    decisions_on_images,
)
from analysis.measures.error_consistency.section import ErrorConsistencyMeasure
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


def second_classifier(bundle, *, shared, seed=1):
    """The bundle with net-b, which has net-a's fate on a share of images."""
    rng = np.random.default_rng(seed)
    own = np.where(rng.random(len(bundle.uses)) < 0.7, "1", "2")
    copies = rng.random(len(bundle.uses)) < shared
    predicted = np.where(copies, bundle.uses["predicted"], own)
    # Where it says another class, its trial is another.
    is_same = predicted == bundle.uses["predicted"].to_numpy()
    other = bundle.uses.assign(
        classifier="net-b",
        predicted=predicted,
        trial=np.where(is_same, bundle.uses["trial"], "b:" + bundle.uses["trial"]),
    )
    both = pd.concat([bundle.uses, other], ignore_index=True)
    return replace(bundle, uses=both)


def test_without_a_key_there_is_no_consistency(small):
    assert consistencies(small) == []
    assert not ErrorConsistencyMeasure().applies(small)


def test_shared_errors_come_back_between_people_and_with_the_classifier(make_bundle):
    # Where the fate is shared (60 % of trials) all agree, else by chance: kappa .6.
    bundle = graded(make_bundle(Plan(n_images=500, include_correct=1.0)))
    people, machine = consistencies(bundle)
    assert (people.between, machine.between) == (PEOPLE, "people with net-a")
    for each in (people, machine):
        assert each.kappa.value == pytest.approx(0.6, abs=0.09)
        assert each.kappa.low < each.kappa.value < each.kappa.high
        assert each.right == pytest.approx(0.7, abs=0.06)
        # By chance .58; all alike on 60 %.
        assert each.observed == pytest.approx(0.6 + 0.4 * 0.58, abs=0.04)
        assert each.lowest < 0 < each.kappa.value < each.highest <= 1
    assert machine.other_right == pytest.approx(0.7, abs=0.06)
    (section,) = ErrorConsistencyMeasure().sections(bundle)
    (table,) = [block for block in section.blocks if isinstance(block, DataTable)]
    assert list(table.shown["who"]) == [PEOPLE, "people with net-a"]
    (drawing,) = [block for block in section.blocks if isinstance(block, Drawing)]
    assert drawing.alt.startswith("people with each other: 0.")


def test_classifiers_meet_on_images(make_bundle):
    bundle = second_classifier(graded(make_bundle(Plan(n_images=600))), shared=0.5)
    of_two = consistencies(bundle)[-1]
    assert (of_two.kind, of_two.between) == ("classifiers", "net-a with net-b")
    assert of_two.kappa.value == pytest.approx(0.5, abs=0.15)
    assert of_two.kappa.n == of_two.kappa.n_stimuli
    assert "other units like these" in of_two.kappa.method


def test_errors_alone_say_nothing_of_two_classifiers(small):
    assert decisions_on_images(small).empty


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
        {"decider": "c:net-a", "trial": "a", "right": True}
    ]


def test_conditions_get_rows_of_their_own(make_bundle):
    bundle = graded(make_bundle(Plan(n_images=300)))
    half = bundle.trials.index % 2 == 0
    trials = bundle.trials.assign(condition=np.where(half, "whole", "part"))
    found = consistencies(replace(bundle, trials=trials))
    people = [each for each in found if each.kind == "people"]
    assert [each.condition for each in people] == ["", "part", "whole"]
    # Pairs with one trial in common in a condition are in neither row.
    in_parts = people[1].kappa.n + people[2].kappa.n
    assert 0.6 * people[0].kappa.n < in_parts <= people[0].kappa.n


def test_few_people_and_few_errors_are_said_in_words(make_bundle):
    bundle = graded(make_bundle(Plan(n_images=60)))
    (section,) = ErrorConsistencyMeasure().sections(bundle)
    text = " ".join(each.text for each in section.blocks if isinstance(each, Prose))
    people = bundle.votes["participant"].nunique()
    assert people < 15
    assert f"these people and other units ({people} people count as" in text


def test_clusters_of_images_are_respected(make_bundle):
    bundle = graded(make_bundle(Plan(n_images=300)))
    whole = consistencies(bundle)[0].kappa
    clustered = consistencies(clustered_by(bundle, ["class"]))[0].kappa
    assert clustered.value == whole.value
    assert clustered.dof < whole.dof or np.isnan(clustered.dof)


def test_nobody_known_is_nobody_compared(make_bundle):
    bundle = graded(make_bundle(Plan(n_images=60)))
    head = {**bundle.head, "imported": {"has_raters": False}}
    assert consistencies(replace(bundle, head=head)) == []


def test_a_classifier_and_an_observer_of_one_name_are_told_apart(make_bundle):
    bundle = graded(make_bundle(Plan(n_images=80, include_correct=1.0)))
    trials = bundle.trials.assign(key='{"relevant": "yes"}')
    rng = np.random.default_rng(4)
    rows = [
        {
            "observer": "net-a",
            "trial": trial,
            "repeat": "0",
            "field": "relevant",
            "value": "yes" if rng.random() < 0.7 else "no",
        }
        for trial in trials["trial"]
    ]
    both = replace(bundle, trials=trials, observations=table_of("observations", rows))
    between = [each.between for each in consistencies(both)]
    assert between == [
        PEOPLE,
        "people with net-a (its prediction)",
        "people with net-a (as an observer)",
    ]
