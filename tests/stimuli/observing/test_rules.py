from __future__ import annotations

import re

import numpy as np
import pytest

from stimuli.manifest import Trial
from stimuli.observing.declared import observed_trials, usual_rule
from stimuli.observing.rules import (
    ObservingError,
    decide,
    decide_nearest,
    decide_odd,
    read_rule,
)


def rule(name: str, **choices: list[int]):
    return read_rule({"rule": name, "field": "category", "choices": choices})


def test_sixteen_ways_of_a_hundred_outputs_worked_by_hand():
    # Category k has the outputs 3k, 3k + 1, 3k + 2; output 50 is in none. All outputs
    # have .002 but: 50 has .6, of no category; 0 has .09, so a has
    # (.09 + .002 + .002) / 3 = .0313333; 6, 7, 8 have .04 each, so c has .04.
    names = "abcdefghijklmnop"
    choices = {n: [3 * k, 3 * k + 1, 3 * k + 2] for k, n in enumerate(names)}
    outputs = np.full(100, 0.002)
    outputs[50], outputs[0], outputs[[6, 7, 8]] = 0.6, 0.09, 0.04
    decided = decide(rule("mean", **choices), outputs)
    assert decided.response == {"category": "c"}
    # Shares: means sum to .0313333 + .04 + 14 * .002 = .0993333.
    assert decided.shares["category"]["c"] == pytest.approx(0.04 / 0.0993333, abs=1e-6)
    assert decided.shares["category"]["a"] == pytest.approx(0.315436, abs=1e-6)
    assert sum(decided.shares["category"].values()) == pytest.approx(1, abs=1e-4)
    # The largest single output of any category is a's.
    assert decide(rule("max", **choices), outputs).response == {"category": "a"}


def test_mean_and_sum_differ_where_categories_are_of_unequal_size():
    outputs = np.array([0.3, 0.2, 0.2, 0.2, 0.1])
    sizes = {"many": [1, 2, 3], "one": [0]}
    # means .2 and .3, sums .6 and .3.
    assert decide(rule("mean", **sizes), outputs).response == {"category": "one"}
    assert decide(rule("sum", **sizes), outputs).response == {"category": "many"}
    # Of these alone: .6 / .9 and .3 / .9.
    present = decide(rule("present", **sizes), outputs)
    assert present.shares["category"] == {"many": 0.666667, "one": 0.333333}


@pytest.mark.parametrize("name", ["mean", "sum", "max", "present"])
def test_of_equals_the_first_wins(name):
    outputs = np.array([0.25, 0.25, 0.25, 0.25])
    decided = decide(rule(name, b=[0, 1], a=[2, 3]), outputs)
    assert decided.response == {"category": "a"}


def test_outputs_far_from_everything_asked_still_give_a_response():
    outputs = np.array([1.0, 0.0, 0.0])
    decided = decide(rule("present", a=[1], b=[2]), outputs)
    assert decided.response == {"category": "a"}
    assert decided.shares["category"] == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("name", "outputs", "said"),
    [
        ("top1", [0.4, 0.6, 0, 0, 0, 0, 0], "no"),
        ("top5", [0.1, 0.3, 0.2, 0.2, 0.2, 0, 0], "yes"),
        # Sixth of seven.
        ("top5", [0.05, 0.2, 0.2, 0.2, 0.2, 0.15, 0], "no"),
        # Of equals the lower number is the first.
        ("top1", [0.5, 0.5, 0, 0, 0, 0, 0], "yes"),
    ],
)
def test_a_class_is_relevant_if_it_is_among_the_classifiers_own(name, outputs, said):
    trial = Trial(
        id="t", slots={}, question="relevant", classes=("0",), role="main", sources=()
    )
    (observed,) = observed_trials([trial], wanted=name)
    decided = decide(observed.rule, np.array(outputs))
    assert decided.response == {"relevant": said}
    assert decided.shares["relevant"]["yes"] == outputs[0]


def test_five_classes_are_judged_each_by_itself():
    trial = Trial(
        id="t", slots={}, question="each", classes=("2", "4"), role="main", sources=()
    )
    (observed,) = observed_trials([trial])
    decided = decide(observed.rule, np.array([0.1, 0.1, 0.2, 0.1, 0.5]))
    assert decided.response == {"relevant_0": "no", "relevant_1": "yes"}


def test_the_nearer_group_mean_wins_worked_by_hand():
    trial = Trial(
        id="t",
        slots={"group_1_1": "a", "group_1_2": "b", "group_2_1": "c", "target": "d"},
        question="assignment",
        classes=("2", "4"),
        role="main",
        sources=(),
    )
    (observed,) = observed_trials([trial])
    groups = {
        # Mean (2, 0), at distance sqrt(1 + 1); its nearest picture is farther.
        "1": np.array([[0, 0], [4, 0]], dtype=np.float32),
        # At distance 2.
        "2": np.array([[1, 3]], dtype=np.float32),
    }
    target = np.array([1, 1], dtype=np.float32)
    assert decide_nearest(observed.rule, target, groups).response == {"group": "1"}


@pytest.mark.parametrize(
    ("features", "odd"),
    [
        # Cosines: first and second 0, first and third 1/sqrt(2), the others 1/sqrt(2):
        # of equals the pair that leaves the first.
        (([1, 0], [0, 1], [1, 1]), "1"),
        # First and third lie in one direction, however long the third is.
        (([1, 0], [1, 1], [9, 0]), "2"),
        (([0, 2], [1, 3], [5, 0]), "3"),
        # Nothing is like what has no features.
        (([0, 0], [1, 0], [1, 1]), "1"),
    ],
)
def test_the_most_alike_pair_leaves_the_odd_one_worked_by_hand(features, odd):
    trial = Trial(
        id="t",
        slots={"option1": "a", "option2": "b", "option3": "c"},
        question="odd-one-out",
        classes=("x", "y", "z"),
        role="main",
        sources=(),
    )
    (observed,) = observed_trials([trial])
    rows = {
        str(place): np.array(each, dtype=np.float32)
        for place, each in enumerate(features, start=1)
    }
    assert decide_odd(observed.rule, rows).response == {"odd": odd}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"rule": "median"}, "rule is one of mean, sum, max, present, top1, top5"),
        (
            {"rule": "mean", "field": "f", "choices": {"a": [0], "b": []}},
            "f: 'b' has no outputs",
        ),
        (
            {"rule": "mean", "field": "f", "choices": {"a": [0, 1], "b": [1]}},
            "f: output 1 is in 'a' and 'b'",
        ),
        ({"rule": "mean", "field": "f", "choices": {"a": [0]}}, "two or more values"),
        (
            {"rule": "mean", "field": "f", "choices": {"a": [0], "b": [-1]}},
            "lists outputs by number, got -1",
        ),
        ({"rule": "mean", "choices": {"a": [0], "b": [1]}}, "field is the name"),
        (
            {"rule": "top1", "field": "f", "choices": {"a": [0], "b": [1]}},
            "top1 says yes or no, got a, b",
        ),
    ],
)
def test_rules_that_make_no_sense_are_refused_in_words(raw, words):
    with pytest.raises(ObservingError, match=re.escape(words)):
        read_rule(raw)


def test_a_question_in_words_has_no_rule():
    trial = Trial(
        id="t", slots={}, question="attributes", classes=(), role="main", sources=()
    )
    assert usual_rule(trial) is None
    with pytest.raises(ObservingError, match="they ask: attributes"):
        observed_trials([trial])
