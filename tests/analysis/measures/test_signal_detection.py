"""d′ of people wherever trials have a key."""

from __future__ import annotations

import json
from math import isnan, sqrt

import numpy as np
import pytest
from scipy.stats import norm

from analysis.bundles.example import example_bundle
from analysis.elements.sections import DataTable, Prose
from analysis.measures import measures_of
from analysis.measures.signal_detection import SignalDetectionMeasure
from analysis.measures.signal_detection.numbers import detection_results
from hit_templates.questions import asking
from tests.analysis.frames_maker import put_together
from tests.analysis.measures.test_any_question import PAIR

CONTROLS = {"known_yes": True, "hard_foil": False, "random_foil": False}


def _controls(n_each, *, n_people=8):
    """A study of controls: hard foils tempt, random ones hardly do."""
    rng = np.random.default_rng(6)
    chance = {"known_yes": 0.85, "hard_foil": 0.4, "random_foil": 0.15}
    asked = {"question": "relevance", "classes": "1", "condition": ""}
    trials = [
        {**asked, "trial": f"{kind}{i}", "role": "control", "control": kind}
        for kind in CONTROLS
        for i in range(n_each)
    ]
    responses = [
        {
            "trial": trial["trial"],
            "participant": f"p{person}",
            "accepts": bool(rng.random() < chance[trial["control"]]),
        }
        for person in range(n_people)
        for trial in trials
    ]
    return put_together(trials=trials, uses=[], responses=responses)


def _sides():
    """Eight people, thirty trials of two sides; all take the left too often."""
    rng = np.random.default_rng(3)
    asked = {"question": PAIR.name, "classes": "", "condition": ""}
    trials = [
        {
            **asked,
            "trial": f"t{i}",
            "key": json.dumps({"side": ("left", "right")[i % 2]}),
        }
        for i in range(30)
    ]
    responses = []
    for person in range(8):
        for i in range(30):
            left = rng.normal(0.9 * sqrt(2) / 2 * (1 if i % 2 == 0 else -1)) > -0.4
            responses.append(
                {
                    "response": f"{person}-{i}",
                    "trial": f"t{i}",
                    "participant": f"p{person}",
                    "is_right": bool(left) == (i % 2 == 0),
                    "field": "side",
                    "value": "left" if left else "right",
                }
            )
    declared = {n: json.loads(json.dumps(q.as_json())) for n, q in asking(PAIR).items()}
    head = {
        "study": {"name": "sides", "title": "Sides", "paradigm": "not installed here"},
        "questions": declared,
    }
    return put_together(
        trials=trials, uses=[], responses=responses, n=100, k=1, head=head
    )


def test_controls_are_told_apart_by_kind_of_noise():
    found = {each.part: each.found for each in detection_results(_controls(20))}
    whole, hard, far = found.values()
    assert next(iter(found)) == "all"
    assert hard.d_prime.value < whole.d_prime.value < far.d_prime.value
    for each in (whole, hard):
        assert each.d_prime.low < each.d_prime.value < each.d_prime.high
        assert each.d_prime.n_people == 8
    people = hard.people
    assert (people["n_signal"] == 20).all()
    by_hand = norm.ppf((people["hits"] + 0.5) / 21) - norm.ppf(
        (people["false_alarms"] + 0.5) / 21
    )
    assert hard.d_prime.value == pytest.approx(by_hand.mean())


def test_two_sides_have_their_own_formula_and_a_side_preferred():
    bundle = _sides()
    assert "signal-detection" in [each.name for each in measures_of(bundle)]
    (found,) = detection_results(bundle)
    assert found.task == "two alternatives"
    people = found.found.people
    z = norm.ppf((people[["hits", "false_alarms"]].to_numpy() + 0.5) / 16)
    expected = ((z[:, 0] - z[:, 1]) / sqrt(2)).mean()
    assert found.found.d_prime.value == pytest.approx(expected)
    # Below zero: people are ready to say left.
    assert found.found.criterion.value < 0


def test_the_section_says_numbers_or_why_there_are_none():
    (section,) = SignalDetectionMeasure().sections(_controls(20))
    (table,) = [block for block in section.blocks if isinstance(block, DataTable)]
    assert list(table.shown["people"]) == ["8", "8", "8"]
    assert table.numbers["d_prime_low"].notna().any()
    (few,) = SignalDetectionMeasure().sections(example_bundle())
    words = next(block.text for block in few.blocks if isinstance(block, Prose))
    assert "0 people with 5 trials of either kind" in words
    (table,) = [block for block in few.blocks if isinstance(block, DataTable)]
    assert "nan" not in " ".join(table.shown.astype(str).to_numpy().ravel())


def test_without_both_kinds_of_trials_there_is_no_section():
    bundle = _controls(6)
    only = bundle.trials[bundle.trials["control"] == "known_yes"]
    rows = bundle.responses[bundle.responses["trial"].isin(only["trial"])]
    kept = type(bundle)(**{**vars(bundle), "trials": only, "responses": rows})
    assert not SignalDetectionMeasure().applies(kept)


def test_people_with_few_trials_are_left_out():
    (whole, *_) = detection_results(_controls(4))
    assert isnan(whole.found.d_prime.low)
    assert whole.found.n_left_out == 8
