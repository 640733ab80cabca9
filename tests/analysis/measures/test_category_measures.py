"""Categories chosen by people and observers: right, by level, confused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.bundles.clusters import clustered_by
from analysis.elements.sections import DataTable, Drawing
from analysis.errors import AnalysisError
from analysis.measures import measures_of
from analysis.measures.agreement.numbers import rated
from analysis.measures.category_accuracy.numbers import (
    ALL,
    PEOPLE,
    accuracies,
    category_choices,
)
from analysis.measures.category_accuracy.section import CategoryAccuracyMeasure
from analysis.measures.category_confusions.numbers import (
    NO_RESPONSE,
    answer_entropies,
    confused_pairs,
    confusion_counts,
)
from analysis.measures.category_confusions.section import CategoryConfusionsMeasure
from analysis.measures.error_consistency.numbers import consistencies
from analysis.measures.psychometric_curves.numbers import level_curves, levels_of
from analysis.measures.psychometric_curves.section import PsychometricCurvesMeasure
from analysis.measures.responses.response_times import response_times
from analysis.measures.responses.section import ResponsesMeasure
from tests.analysis.measures.category_world import category_bundle, observed


@pytest.fixture(scope="module")
def study():
    return category_bundle(thresholds={"net-a": 0.4, "net-b": 0.15})


@pytest.fixture(scope="module")
def choices(study):
    (found,) = category_choices(study)
    return found


def of(found, decider, condition=ALL):
    (each,) = [e for e in found if (e.decider, e.condition) == (decider, condition)]
    return each


def test_people_and_observers_stand_side_by_side_from_low_to_high(choices):
    found = accuracies(choices)
    assert [e.condition for e in found[:4]] == [ALL, "c005", "c030", "c100"]
    assert list(dict.fromkeys(e.decider for e in found)) == [PEOPLE, "net-a", "net-b"]
    # Of 576 responses of people those that are their trial's key; net-a met 144 trials.
    rows = choices.of(PEOPLE)
    people = of(found, PEOPLE)
    assert people.right.value == pytest.approx((rows["value"] == rows["key"]).mean())
    assert (people.right.n, people.right.n_people, people.chance) == (576, 12, 0.25)
    assert of(found, "net-a").right.n == 144
    assert of(found, "net-a").right.n_people == 0


def test_no_response_is_wrong_and_its_share_is_told(choices):
    people = of(accuracies(choices), PEOPLE)
    late = choices.of(PEOPLE)["value"] == "none"
    assert people.unanswered == pytest.approx(late.mean())
    assert 0 < people.unanswered < 0.1
    assert not choices.of(PEOPLE).loc[late, "is_right"].any()
    assert choices.choices == ("bear", "cat", "dog", "truck")


def test_no_response_in_time_has_no_time_and_agrees_with_nobody(study, choices):
    late = (choices.of(PEOPLE)["value"] == "none").sum()
    assert len(response_times(study).rows) == 576 - late
    assert "none" not in set(rated(study)["value"])
    assert len(rated(study)) == 576 - late


def test_a_refusal_of_an_observer_is_wrong(study):
    rows = [("net", "0-c100", "bear"), ("net", "1-c100", ""), ("net", "2-c100", "cat")]
    (found,) = category_choices(replace(study, observations=observed(rows)))
    each = of(accuracies(found), "net", "c100")
    assert (each.right.value, each.unanswered) == (pytest.approx(1 / 3),) * 2


def test_thresholds_known_come_back_inside_their_intervals(study):
    people, *observers = level_curves(study)
    assert people.curve.threshold.low < 0.2 < people.curve.threshold.high
    for each, known in zip(observers, (0.4, 0.15), strict=True):
        assert each.curve.threshold.low < known < each.curve.threshold.high
    assert list(people.shares) == [0.05, 0.3, 1.0]


def test_a_study_without_levels_has_no_curve(study):
    head = {key: value for key, value in study.head.items() if key != "levels"}
    assert not PsychometricCurvesMeasure().applies(replace(study, head=head))


@pytest.mark.parametrize(
    "levels",
    [
        {"name": "x", "scale": "cubic", "of": {"c100": 1}},
        {"name": "x", "scale": "log", "of": {"c100": "one"}},
        {"name": "x", "scale": "log"},
    ],
)
def test_levels_that_cannot_be_are_refused_in_words(study, levels):
    with pytest.raises(AnalysisError, match=r"levels in bundle\.json"):
        levels_of(replace(study, head={**study.head, "levels": levels}))


def test_confusions_count_every_response_once(choices):
    counts = confusion_counts(choices, PEOPLE)
    assert list(counts.columns) == ["bear", "cat", "dog", "truck", NO_RESPONSE]
    assert counts.to_numpy().sum() == 576
    rows = choices.of(PEOPLE)
    is_one = (rows["key"] == "cat") & (rows["value"] == "dog")
    assert counts.loc["cat", "dog"] == is_one.sum()
    pairs = confused_pairs(counts)
    assert [p.share for p in pairs] == sorted((p.share for p in pairs), reverse=True)
    assert sum(p.n for p in pairs) + np.trace(counts.to_numpy()) == 576


def test_entropy_falls_where_people_agree(choices):
    found = answer_entropies(choices)
    per_image = [of(found, PEOPLE, c).per_image for c in ("c005", "c030", "c100")]
    assert per_image == sorted(per_image, reverse=True)
    assert of(found, PEOPLE).greatest == 2.0
    assert np.isnan(of(found, "net-a").per_image)


def test_an_observer_that_always_says_the_same_has_no_entropy(study):
    trials = [name for name in study.trials["trial"] if name.endswith("c100")]
    same = observed([("net", trial, "cat") for trial in trials])
    (found,) = category_choices(replace(study, observations=same))
    each = of(answer_entropies(found), "net", "c100")
    assert (each.of_all, each.of_right) == (0.0, 2.0)


def test_observers_stand_in_error_consistency_by_condition_too(study):
    found = consistencies(study)
    named = [each.between for each in found if not each.condition]
    assert named == [
        "people with each other",
        "people with net-a",
        "people with net-b",
        "net-a with net-b",
    ]
    by_condition = {e.condition for e in found if e.between == "net-a with net-b"}
    assert {"", "c005", "c030"} <= by_condition


def test_an_observer_with_the_very_errors_of_another_has_a_kappa_of_one(study):
    rows = study.observations
    twin = rows[rows["observer"] == "net-a"].assign(observer="twin")
    both = study.observations[study.observations["observer"] == "net-a"]
    found = consistencies(replace(study, observations=pd.concat([both, twin])))
    kappas = [e.kappa.value for e in found if e.kind == "classifiers"]
    assert len(kappas) == 4
    assert kappas == pytest.approx([1.0] * 4)


def test_categories_are_told_once_and_folded_elsewhere(study):
    names = [each.name for each in measures_of(study)]
    assert {"category-accuracy", "psychometric-curves", "category-confusions"} <= {
        *names
    }
    (fill,) = [m for m in measures_of(study) if isinstance(m, ResponsesMeasure)]
    sections = fill.sections(study)
    assert [each.is_folded for each in sections] == [True, True]
    assert fill.headline(study) == []


def test_their_parts_of_the_report(study):
    (right,) = CategoryAccuracyMeasure().sections(study)
    (table,) = [block for block in right.blocks if isinstance(block, DataTable)]
    assert list(table.shown["who"].unique()) == [
        "people",
        "observer net-a",
        "observer net-b",
    ]
    (curves,) = PsychometricCurvesMeasure().sections(study)
    assert curves.title == "Right responses by contrast"
    (confused,) = CategoryConfusionsMeasure().sections(study)
    assert confused.is_folded
    drawn = [block for block in confused.blocks if isinstance(block, Drawing)]
    assert len(drawn) == 3
    assert drawn[1].alt.startswith("Confusions of observer net-a")
    assert any(
        "People are right" in each
        for each in CategoryAccuracyMeasure().sentences(study)
    )


def test_without_observers_or_without_people_it_still_reports(study):
    alone = replace(study, observations=study.observations.iloc[:0])
    assert [e.decider for e in level_curves(alone)] == [PEOPLE]
    nobody = replace(
        study,
        responses=study.responses.iloc[:0],
        sessions=study.sessions.iloc[:0],
    )
    assert [e.decider for e in level_curves(nobody)] == ["net-a", "net-b"]
    for measure in measures_of(nobody):
        measure.sections(nobody)


def test_clusters_reach_people_and_observers(study):
    sources = [f"i{image}" for image in range(48)]
    columns = study.image_columns.iloc[:0]
    rows = pd.DataFrame(
        {
            "source_sha256": sources,
            "column": "scene",
            "value": [f"s{image // 6}" for image in range(48)],
        }
    )
    bundle = clustered_by(
        replace(study, image_columns=pd.concat([columns, rows])), ["scene"]
    )
    (found,) = category_choices(bundle)
    each = of(accuracies(found), "net-a", "c030")
    assert each.right.method.startswith("no interval: 8 stimuli or clusters")
    curves = level_curves(bundle)
    assert "too few" in curves[0].curve.threshold.method


def test_a_key_of_another_field_is_no_category(study):
    trials = study.trials.assign(key=json.dumps({"other": "x"}))
    assert category_choices(replace(study, trials=trials)) == []


def test_an_observer_called_people_is_no_person():
    study = category_bundle(thresholds={"people": 0.4}, n_images=24)
    (found,) = category_choices(study)
    assert found.observers == ("people (an observer)",)
    # 12 people met 24 images once each, the observer met each at 3 contrasts.
    people, observer = (of(accuracies(found), each) for each in found.deciders)
    assert (people.right.n, people.right.n_people) == (12 * 24, 12)
    assert (observer.right.n, observer.right.n_people) == (24 * 3, 0)


def test_a_category_that_is_never_right_can_be_guessed_all_the_same(study):
    # The study file lists none: people choose from the trial's four classes.
    questions = json.loads(json.dumps(dict(study.head["questions"])))
    for asked in questions["category"]["fields"]:
        asked.update(choices=["none"], takes_classes=True)
    trials = study.trials[~study.trials["key"].str.contains("dog|truck")]
    head = {**study.head, "questions": questions}
    (found,) = category_choices(replace(study, head=head, trials=trials))
    assert set(found.rows["key"]) == {"bear", "cat"}
    assert (found.choices, found.guess) == (("bear", "cat", "dog", "truck"), 0.25)
