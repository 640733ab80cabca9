"""The relevance question: numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hit_templates.base import Competence
from hit_templates.examples import load_examples
from hit_templates.relevance.paradigm import paradigm
from stimuli.manifest import Trial

EXAMPLES = load_examples(paradigm)


def an_example(question: str, role: str) -> Trial:
    return next(
        example.trial
        for example in EXAMPLES
        if (example.trial.question, example.trial.role) == (question, role)
    )


def share_right(trial: Trial, competence: Competence, *, n: int = 4000) -> float:
    rng = np.random.default_rng(11)
    right = [
        True
        is paradigm.grade(
            trial, paradigm.simulate(trial, competence=competence, rng=rng)
        )
        for _ in range(n)
    ]
    return float(np.mean(right))


@pytest.mark.parametrize(
    ("competence", "expected"),
    # Standard error of a share of 4,000 is at most 0.8 points; three of them fit.
    [
        ("careful", 0.95),
        ("hasty", 0.80),
        ("yes-sayer", 0.10),
        ("random", 0.5),
        ("robot", 0),
    ],
)
def test_simulated_people_are_as_competent_as_stated(competence, expected):
    trial = an_example("relevant", "practice")  # key "no"
    assert share_right(trial, competence) == pytest.approx(expected, abs=0.025)


def test_a_yes_sayer_is_right_where_yes_is_right():
    trial = an_example("relevant", "catch")  # key "yes"
    assert share_right(trial, "yes-sayer") == pytest.approx(0.90, abs=0.02)
    assert share_right(trial, "robot") == 1.0


def test_five_fields_are_all_right_in_95_percent_to_the_fifth():
    trial = an_example("each", "practice")
    assert share_right(trial, "careful") == pytest.approx(0.95**5, abs=0.02)


def test_without_truth_simulated_people_go_by_the_key():
    trial = replace(an_example("relevant", "catch"), truth=None)
    assert share_right(trial, "careful") == pytest.approx(0.95, abs=0.02)


def test_guess_rates():
    known_yes = an_example("relevant", "catch")
    known_no = an_example("relevant", "practice")
    each = an_example("each", "practice")  # one yes, four no
    assert paradigm.guess_rate(known_yes, "random") == 0.5
    assert paradigm.guess_rate(known_yes, "yes-saying") == 1.0
    assert paradigm.guess_rate(known_no, "yes-saying") == 0.0
    assert paradigm.guess_rate(each, "random") == 1 / 32
    assert paradigm.guess_rate(each, "careful") == pytest.approx(0.7737809375)


def test_a_field_that_is_neither_yes_nor_no_is_named():
    trial = an_example("each", "main")
    raw = {f"relevant_{index}": "yes" for index in range(5)} | {"relevant_3": "maybe"}
    with pytest.raises(Exception, match="relevant_3 is yes or no, got 'maybe'"):
        paradigm.read_response(trial, raw)


def test_any_yes_accepts_the_prediction_asked_about():
    trial = an_example("each", "main")
    no = {f"relevant_{index}": "no" for index in range(5)}
    assert paradigm.accepts(trial, no) is False
    assert paradigm.accepts(trial, no | {"relevant_4": "yes"}) is True
